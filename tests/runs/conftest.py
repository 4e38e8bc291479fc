"""A reporter that keeps notes, and a folder with an annotator that was fitted on the small forum."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from penchant.reporter import Advance


class Notes:
    """A `Reporter` that keeps its notes and the labels and totals of its bars."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.bars: list[tuple[str, int]] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    @contextmanager
    def bar(self, total: int, label: str, *, later: bool = False) -> Iterator[Advance]:
        self.bars.append((label, total))
        yield lambda _steps: None


@pytest.fixture
def reporter() -> Notes:
    return Notes()


@pytest.fixture(scope="session")
def annotator_folder(small_forum: Path, small_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from penchant.runs.fit import fit_annotator

    folder = tmp_path_factory.mktemp("annotator") / "a"
    fit_annotator(data=small_forum / "train", out=folder, encoder=str(small_base), steps=300)
    return folder
