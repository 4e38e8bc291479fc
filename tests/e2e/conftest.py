"""The measures of answers, from benchmarks/speech.py."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).parents[2] / "benchmarks" / "speech.py"


@pytest.fixture(scope="session")
def speech() -> ModuleType:
    spec = importlib.util.spec_from_file_location("speech", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
