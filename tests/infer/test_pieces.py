import time

import pytest

from penchant.infer.pieces import MAX_CLAUSES, Parts, parts, pieces
from penchant.persona import Comment, Comparison, Demographics, Rating, Statement


def test_a_text_falls_into_its_clauses() -> None:
    assert pieces("For me it is quiet evenings and no airports.") == ("For me it is quiet evenings", "no airports.")
    assert pieces("Short, plain; kind or not!  Always.") == ("Short", "plain;", "kind", "not!", "Always.")
    assert pieces("sandy brand orchids") == ("sandy brand orchids",)
    assert pieces("") == pieces(" \n ") == ()


def test_a_very_long_text_is_read_at_even_distances() -> None:
    clauses = pieces(" ".join(f"Sentence {i}." for i in range(100_000)))
    assert len(clauses) == MAX_CLAUSES
    numbers = [int(text.split()[1][:-1]) for text in clauses]
    assert numbers == sorted(numbers)
    assert (numbers[0], numbers[-1]) == (0, 98_437)


def test_a_clause_without_an_end_is_cut_into_parts() -> None:
    clauses = pieces("word " * 150)
    assert [len(text.split()) for text in clauses] == [60, 60, 30]


def test_each_kind_of_evidence_has_its_sides() -> None:
    assert parts(Comment("Tea, or coffee?", "Tea and cake")) == (
        ("Tea", "or coffee?"),
        ("Tea", "cake"),
        (),
        ("Tea and cake", "Tea and cake"),
        (False, False),
    )
    assert parts(Comparison("p", "a", "b")) == (("p",), ("a",), ("b",), (), ())
    assert parts(Rating("p", "a", liked=True)) == (("p",), ("a",), (), (), ())
    assert parts(Rating("p", "a", liked=False)) == (("p",), (), ("a",), (), ())
    assert parts(Demographics("x, y")) == ((), ("x", "y"), (), (), ())
    assert parts(Statement("x, y")) == ((), ("x", "y"), (), ("x, y", "x, y"), (False, False))


def test_clauses_of_a_sentence_that_is_taken_back_or_doubted_are_marked_and_can_be_left_out() -> None:
    split = parts(Comment("p", "I love tea. I might like cake, but who knows. We used to sing"))
    assert split.own == ("I love tea.", "I might like cake", "but who knows.", "We used to sing")
    assert split.hedged == (False, True, True, True)
    plain = split.plain()
    assert (plain.task, plain.own, plain.hedged) == (("p",), ("I love tea.",), (False,))
    assert len(plain.passages) == 1
    certain = parts(Comment("p", "I love tea"))
    assert certain.plain() is certain


def test_answers_of_others_are_read_with_their_quotes() -> None:
    assert parts(Comparison("p", '"to be or not to be is the question"', "b")).own != ()


def test_descriptions_by_others_and_answers_of_others_are_read_whole() -> None:
    assert parts(Demographics("She says she loves jazz")).own == ("She says she loves jazz",)
    assert parts(Comparison("p", "He loves jazz", "b")).own == ("He loves jazz",)


@pytest.mark.parametrize(
    "text",
    [
        "word ",
        "x",
        "a, b ",
        '"a ',
        "<|",
        '"\n',
        "“",
        "> ",
        "The A ",
        "ignore ",
        "a" + 999 * " ",
        "a \n \n",
        "my my ",
        "On a\n",
        "Anna and ",
        "not ",
    ],
)
def test_a_megabyte_is_read_in_bounded_time(text: str) -> None:
    started = time.perf_counter()
    parts(Comment("", text * (1_000_000 // len(text))))
    assert time.perf_counter() - started < 30  # a few seconds on an idle core; a quadratic pattern takes hours


def test_by_sentence_no_sentence_is_split_and_a_prompt_stands_before_each_answer() -> None:
    text = "Oh great, another meeting. I left, and nobody saw."
    assert parts(Comment("", text), by_sentence=True).own == ("Oh great, another meeting.", "I left, and nobody saw.")
    assert len(parts(Comment("", text)).own) > 2
    text = "Dogs? I would rather keep away. Oh, cool! I like cats. And birds?"
    assert parts(Comment("", text), by_sentence=True).own == (
        "Dogs? I would rather keep away.",
        "Oh, cool!",
        "I like cats.",
        "And birds?",
    )
    pair = parts(Comparison("Tea?", "Yes, please. Now.", "No."), by_sentence=True)
    assert pair == Parts((), ("Tea? Yes, please. Now.",), ("Tea? No.",))
    disliked = parts(Rating("Tea?", "No.", liked=False), by_sentence=True)
    assert (disliked.own, disliked.against) == ((), ("Tea? No.",))
    long = " ".join(["word"] * 150)
    assert [len(clause.split()) for clause in parts(Comment("", long), by_sentence=True).own] == [60, 60, 30]
