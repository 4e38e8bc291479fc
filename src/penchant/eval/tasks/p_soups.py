"""P-Soups as AlignX publishes it: two answers of opposite style; the persona is four choices of one style.

Rows come from every .json file in the folder: informativeness (concise_detail), style (friendly_unfriendly) and
expertise (student_phd). A few prompts are repeated often, so intervals are over prompts. The meta keeps the sentence
from which a row's persona was made. Source: AlignX, arXiv:2503.15463; Personalized Soups, arXiv:2310.11564.
"""

from __future__ import annotations

from pathlib import Path

from penchant.eval.tasks.base import Built, Task, published_files, read_published
from penchant.space import PreferenceSpace


def load(path: Path, space: PreferenceSpace, _seed: int) -> Built:
    """The records of every .json file of a folder, or of one file; the seed is not used.

    Raises:
        DataError: there is no file, a file has another layout, or there is no usable row.
    """
    names = sorted(file.name for file in path.glob("*.json")) or TASK.published
    return read_published(TASK, path, published_files(path, names), space)


TASK = Task(
    name="p_soups",
    what="Two answers of opposite informativeness, style or expertise, with four choices of one pole as persona.",
    source="JinaLeejnl/AlignX, benchmark/P-Soups; arXiv:2503.15463, after arXiv:2310.11564",
    licence="none stated; pass nothing on",
    metric="alignment accuracy, the mean of the three files (one attribute per file), intervals over prompts",
    personas="pair",
    published=("concise_detail.json", "friendly_unfriendly.json", "student_phd.json"),
    simulated=True,
    load=load,
)
