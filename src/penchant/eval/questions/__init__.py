"""The questions of evaluation, one per file: its inputs, its measurement, its text and its section of the page."""

from penchant.eval.questions.accuracy import ACCURACY
from penchant.eval.questions.base import Question
from penchant.eval.questions.beliefs import BELIEFS
from penchant.eval.questions.bias import BIAS
from penchant.eval.questions.control import CONTROL
from penchant.eval.questions.cost import COST
from penchant.eval.questions.judge import JUDGE
from penchant.eval.questions.limited import LIMITED
from penchant.eval.questions.novel import NOVEL

QUESTIONS: dict[str, Question] = {
    "accuracy": ACCURACY,
    "limited": LIMITED,
    "control": CONTROL,
    "bias": BIAS,
    "cost": COST,
    "novel": NOVEL,
    "judge": JUDGE,
    "beliefs": BELIEFS,
}
"""Every question by the name of its command."""

__all__ = ["QUESTIONS", "Question"]
