"""The questions as commands see them."""

import subprocess
import sys

from penchant.eval.questions import QUESTIONS
from penchant.eval.questions.base import MISSING

HEAVY = ("torch", "transformers", "openai", "matplotlib", "pyarrow", "sklearn", "trl")


def test_every_question_has_its_name_and_asks_one_sentence() -> None:
    for name, question in QUESTIONS.items():
        assert question.name == name
        assert question.asks.endswith("?")
        assert question.asks.count("?") == 1
        assert set(question.needs) | set(question.takes) <= set(MISSING)
        assert not set(question.needs) & set(question.takes)


def test_listing_the_questions_loads_nothing_heavy() -> None:
    code = f"import sys, penchant.eval.questions; print([name for name in {HEAVY} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
