"""The questions as commands see them."""

import subprocess
import sys

import pytest

from penchant.eval.questions import QUESTIONS
from penchant.eval.questions.base import MISSING

HEAVY = ("torch", "transformers", "openai", "matplotlib", "pyarrow", "sklearn", "trl", "pydantic_settings")


def test_every_question_has_its_name_and_asks_one_sentence() -> None:
    for name, question in QUESTIONS.items():
        assert question.name == name
        assert question.asks.endswith("?")
        assert question.asks.count("?") == 1
        assert set(question.needs) | set(question.takes) <= set(MISSING)
        assert not set(question.needs) & set(question.takes)


@pytest.mark.parametrize("package", HEAVY)
def test_listing_the_questions_loads_nothing_heavy(package: str) -> None:
    code = f"import sys, penchant.eval.questions; sys.exit({package!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
