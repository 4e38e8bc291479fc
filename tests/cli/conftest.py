"""An annotator that `penchant fit annotator` fitted on the small forum."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def annotator(
    penchant: Callable[..., Any], small_forum: Path, small_base: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("annotator") / "a"
    where = ("--data", small_forum / "train", "--encoder", small_base, "--out", folder)
    ran = penchant("fit", "annotator", *where, "--steps", 300)
    assert ran.code == 0, ran.err
    return folder
