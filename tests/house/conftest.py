"""The tree that the house rules are held against."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def sources(root: Path) -> dict[str, str]:
    """Path under src/penchant -> source text."""
    src = root / "src" / "penchant"
    return {path.relative_to(src).as_posix(): path.read_text(encoding="utf-8") for path in sorted(src.rglob("*.py"))}
