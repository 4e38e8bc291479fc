"""AlignX_test: the same pairs four times, each time with a different kind of evidence.

Rows come from Reddit_UGC.json (comments), Reddit_PAIR.json (choices), Reddit_DEMO.json (a description) and
Reddit_arbitrary.json (any kind). The input is one of these files, or a folder; all of these files in the folder are
read. A language model wrote the personas. Source: AlignX, arXiv:2503.15463, table 3.
"""

from __future__ import annotations

from pathlib import Path

from penchant.eval.tasks.base import Built, Task, published_files, read_published
from penchant.space import PreferenceSpace


def load(path: Path, space: PreferenceSpace, _seed: int) -> Built:
    """The records of the published files; the seed is not used.

    Raises:
        DataError: there is none of the files, a file has another layout, or there is no usable row.
    """
    return read_published(TASK, path, published_files(path, TASK.published), space)


TASK = Task(
    name="alignx_test",
    what="Pairs of replies under Reddit posts, with comments, choices, a description or a mixture of them as persona.",
    source="JinaLeejnl/AlignX-test on the Hugging Face Hub; arXiv:2503.15463",
    licence="none stated in the AlignX repositories; read the dataset's card, pass nothing on",
    metric="alignment accuracy per kind of persona (one attribute per file), intervals over prompts",
    personas="all",
    published=("Reddit_UGC.json", "Reddit_PAIR.json", "Reddit_DEMO.json", "Reddit_arbitrary.json"),
    simulated=True,
    load=load,
)
