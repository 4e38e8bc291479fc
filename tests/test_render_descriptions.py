"""How a description of a person reads in the prompt."""

import pytest

from penchant import Demographics
from penchant.render import _line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a patient reader", "They are a patient reader"),
        ("nurse, night shifts", "They are nurse, night shifts"),
        ("I work nights.", 'About them: "I work nights."'),
        ("Ann is a nurse", 'About them: "Ann is a nurse"'),
        ("She likes tea", 'About them: "She likes tea"'),
    ],
)
def test_a_description_that_is_a_sentence_is_quoted(text: str, line: str) -> None:
    assert _line(Demographics(text)) == line
