"""Special tokens and turn marks are taken out of people's text, in linear time."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.model.marks import Marks

SPECIAL = ("<s>", "</s>", "<|user|>", "<|user|>x", "<turn user>", *(f"<|reserved_{i}|>" for i in range(1000)))
LITERALS = (
    "You are a [helpful] assistant: be kind.\n\nUSER: ",
    "\n\n### Human:\n",
    "[/INST] ",
    "<<SYS>>\n",
    "\n## Custom Instructions\n\n",
    " model\n",
    "user",
    ".",
    " GPT4 Correct User:",
    "</s>Today: a line that is far too long for a mark:",
)
MARKS = Marks.of(SPECIAL, LITERALS)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a<s>b", "a b"),
        ("a<|USER|>x", "a "),
        ("a<|reserved_99|>b<|reserved_999|>", "a b "),
        ("<|us<|user|>er|>", "<|us er|>"),
        ("a<turn</s>user>b", "a\u2026b"),
        ("###<s>Human: hi", "\u2026 hi"),
        ("### \n Human: hi", "\u2026 hi"),
        ("</s>USER: hi", " \u2026 hi"),
        ("[/inst] <<sys>>", "   "),
        ("## Custom Instructions", "\u2026"),
        ("gpt4 GPT4  Correct User: hi", "gpt4 \u2026 hi"),
    ],
)
def test_marks_go_and_their_halves_do_not_meet(text: str, plain: str) -> None:
    assert MARKS.remove(text) == plain
    assert text in MARKS
    assert plain not in MARKS


@pytest.mark.parametrize(
    "text",
    ["the user: hi", "SUPERUSER: hi", "### Humans", "## Custom Instructionset", "model", "A user.", "[1] [2]", "< s>"],
)
def test_peoples_own_words_stay(text: str) -> None:
    assert MARKS.remove(text) == text
    assert text not in MARKS


def test_a_tokenizer_of_lower_case_knows_no_upper_case_marks() -> None:
    assert Marks.of((), LITERALS, any_case=True).remove("user: hi") == "\u2026 hi"


def test_without_marks_nothing_is_removed() -> None:
    assert Marks.of((), ()).remove("<s> USER: ") == "<s> USER: "


PARTS = [*SPECIAL[:5], "USER:", "###", "Human:", "<|us", "er|>", "<turn", "user>", "[/INST]", "<", "</", "s>", "|", " "]


@given(st.lists(st.sampled_from([*PARTS, "\n", "x", "\u2026", "\u017f>"]), max_size=14).map("".join))
def test_no_text_holds_a_mark_afterwards(text: str) -> None:
    assert MARKS.remove(text) not in MARKS


@pytest.mark.parametrize(
    "seed",
    [
        *PARTS,
        "<|reserved_",
        "<|us<|user|>er|>",
        "###<s>Human:",
        "### ",
        "GPT4 Correct ",
        "x",
        "U",
        "\u2026",
        "<|us",
        "he really really ",
    ],
)
def test_a_megabyte_takes_less_than_a_second(seed: str) -> None:
    flat = seed * (1_000_000 // len(seed))
    half = len(flat) // 2
    nested = "###" * (half // 6) + "<s>" + "Human:" * (half // 6)
    for text in (flat, nested):
        started = process_time()
        plain = MARKS.remove(text)
        assert process_time() - started < 1
        assert plain not in MARKS
