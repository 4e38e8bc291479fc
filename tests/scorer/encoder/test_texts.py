import numpy as np
import pytest

from penchant import Comment, Comparison, Demographics, Persona, Rating, Record, Statement
from penchant.encoder.fake import FakeEncoder
from penchant.scorer.encoder.texts import Contexts, Items, PersonaTexts, Texts, sentences, texts_of

EVERYTHING = Persona(
    (
        Comment("a post", "a comment"),
        Comment("", "another comment"),
        Comparison("q", "liked one", "disliked one"),
        Rating("q", "thumb up", liked=True),
        Rating("q", "thumb down", liked=False),
        Demographics("I am old. I knit!"),
        Statement("Keep it short."),
    )
)


def table(*texts: str) -> Texts:
    return Texts.of(texts, FakeEncoder(8))


def test_every_kind_of_evidence_has_its_part() -> None:
    texts = PersonaTexts.of(EVERYTHING)
    assert texts.liked == ["liked one", "thumb up"]
    assert texts.disliked == ["disliked one", "thumb down"]
    assert texts.comments == ["a comment", "another comment"]
    assert texts.posts == ["a post"]
    assert texts.descriptions == ["I am old.", "I knit!", "Keep it short."]


def test_the_prompts_of_choices_and_descriptions_are_no_answers() -> None:
    answers = set(PersonaTexts.of(EVERYTHING).answers())
    assert answers == {"liked one", "disliked one", "thumb up", "thumb down", "a comment", "another comment"}


def test_sentences_end_at_a_mark_followed_by_space() -> None:
    assert sentences(" One. Two?  Three 3.5 ") == ["One.", "Two?", "Three 3.5"]
    assert sentences("no mark") == ["no mark"]


def test_a_text_stands_at_one_place_whatever_the_order() -> None:
    one, other = table("b", "a", "b", "c"), table("c", "b", "a")
    assert one.ids == other.ids == {"a": 0, "b": 1, "c": 2}
    np.testing.assert_array_equal(one.final, other.final)
    assert one.find(["c", "c"]).tolist() == [2, 2]


def test_means_and_maxima_are_over_a_rows_own_items_and_nought_without_any() -> None:
    texts = table("a", "b", "c")
    items = Items.of([["a", "b"], [], ["c"], []], texts)
    values = np.array([[1.0, -5.0], [3.0, -7.0], [-2.0, -9.0]])
    np.testing.assert_array_equal(items.mean(values[items.ids]), [[2, -6], [0, 0], [-2, -9], [0, 0]])
    np.testing.assert_array_equal(items.max(values[items.ids]), [[3, -5], [0, 0], [-2, -9], [0, 0]])
    assert items.owners().tolist() == [0, 0, 2]


def test_rows_without_any_items_at_all_are_nought() -> None:
    items = Items.of([[], []], table("a"))
    np.testing.assert_array_equal(items.mean(np.zeros((0, 3))), np.zeros((2, 3)))
    np.testing.assert_array_equal(items.max(np.zeros(0)), np.zeros(2))


def test_the_table_of_some_records_has_all_that_their_contexts_need() -> None:
    record = Record("r", None, "q", "yes", "no", EVERYTHING)
    texts = Texts.of(texts_of([record], [record.persona]), FakeEncoder(8))
    contexts = Contexts.of([record.task], [record.persona], texts)
    assert contexts.prompt.tolist() == [texts.ids["q"]]
    assert contexts.descriptions.counts.tolist() == [3]
    assert set(texts.ids) == {"q", "yes", "no", *PersonaTexts.of(EVERYTHING).texts()}


def test_prompts_and_personas_of_different_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        Contexts.of(["q", "q"], [EVERYTHING], Texts.of([*PersonaTexts.of(EVERYTHING).texts(), "q"], FakeEncoder(8)))
