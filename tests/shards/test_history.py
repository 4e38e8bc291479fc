import pytest

from penchant import PreferenceSpace
from penchant.errors import DataError
from penchant.persona import Comment, Comparison, Demographics
from penchant.shards.history import HistoryKeys, history

KEYS = HistoryKeys("wrote", "chose", "is")


def no_direction(item: object) -> None:
    return None


def test_comments_come_first_then_comparisons_then_the_description(tiny: PreferenceSpace) -> None:
    neutral = tiny.direction()
    content = {
        "is": "a cook",
        "chose": [{"prompt": "p", "chosen": "y", "rejected": "n"}],
        "wrote": [{"prompt": "a", "comment": "b"}, {"prompt": None, "comment": "c"}],
    }
    persona, lost = history(content, KEYS, lambda _: neutral)
    assert persona.evidence == (
        Comment("a", "b", neutral),
        Comment("", "c", neutral),
        Comparison("p", "y", "n", neutral),
        Demographics("a cook"),
    )
    assert lost == ()


@pytest.mark.parametrize("content", [{}, {"wrote": None, "chose": None, "is": None}, {"wrote": [], "is": ""}])
def test_nothing_known_is_an_empty_persona_and_no_loss(content: dict[str, object]) -> None:
    persona, lost = history(content, KEYS, no_direction)
    assert (len(persona), lost) == (0, ())


def test_items_that_say_nothing_are_left_out_with_a_reason_each() -> None:
    content = {
        "wrote": [{"prompt": "a", "comment": " "}, {"prompt": "a", "comment": "b"}],
        "chose": [{"prompt": "p", "chosen": "y"}],
        "is": " ",
    }
    persona, lost = history(content, KEYS, no_direction)
    assert persona.evidence == (Comment("a", "b"),)
    assert lost == ("comment: comment is empty", "comparison: rejected is missing", "demographics: is is empty")


@pytest.mark.parametrize("content", [{"wrote": "x"}, {"chose": [3]}])
def test_a_history_of_the_wrong_type_is_an_error(content: dict[str, object]) -> None:
    with pytest.raises(DataError, match="it must be"):
        history(content, KEYS, no_direction)


@pytest.mark.parametrize("content", [{"is": ["a"]}, {"wrote": [{"comment": 3}]}])
def test_an_item_that_is_no_text_is_left_out(content: dict[str, object]) -> None:
    persona, lost = history(content, KEYS, no_direction)
    assert persona.evidence == ()
    assert len(lost) == 1
    assert "it must be text" in lost[0]
