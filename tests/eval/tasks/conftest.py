"""Rows made by hand in the published layouts, and files of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penchant import PreferenceSpace
from penchant.space import load_space

PAIR = "Pair-wise Comparative Feedback"


@pytest.fixture(scope="session")
def opened90() -> PreferenceSpace:
    return load_space("alignx90+demographics")


@pytest.fixture(scope="session")
def published_row() -> Callable[..., dict[str, Any]]:
    """A benchmark row as AlignX publishes it: no directions, but a profile."""

    def row(number: int, **changes: object) -> dict[str, Any]:
        shown = [{"prompt": f"asked before {i}", "chosen": f"short {i}", "rejected": f"long {i}"} for i in range(4)]
        content = {
            "prompt": f"prompt {number}",
            "chosen": "a short answer",
            "rejected": "an answer of more words",
            "profile": "Young, Concise communication style",
            PAIR: shown,
        }
        return {**content, **changes}

    return row


@pytest.fixture
def as_list(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows as one JSON list, the published way."""

    def write(name: str, *rows: object) -> Path:
        path = tmp_path / name
        path.write_text(json.dumps(rows), encoding="utf-8")
        return path

    return write


@pytest.fixture
def as_lines(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows as JSON lines."""

    def write(name: str, *rows: object) -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return write
