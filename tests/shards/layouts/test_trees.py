"""Open Assistant: trees in one row, or messages that name their parents."""

from penchant.message import Message
from penchant.shards.layouts.base import Choice, Nothing

TEA = Message("user", "Tea?")


def message(name: str, parent: str | None, role: str, text: str, rank: int | None) -> dict[str, object]:
    return {
        "message_id": name,
        "parent_id": parent,
        "message_tree_id": "t",
        "user_id": "an author",
        "role": role,
        "text": text,
        "rank": rank,
    }


ROWS = [
    message("a", None, "prompter", "Tea?", None),
    message("b", "a", "assistant", "No.", 1),
    message("c", "a", "assistant", "Yes.", 0),
    message("d", "c", "prompter", "Green?", None),
    message("e", "d", "assistant", "Sure.", 0),
    message("f", "d", "assistant", "Never.", 1),
]


def test_replies_are_ranked_after_the_turns_before_them(statements) -> None:
    name, found = statements(*ROWS)
    later = (TEA, Message("assistant", "Yes."), Message("user", "Green?"))
    assert name == "oasst messages"
    assert found == [Choice((TEA,), "Yes.", "No."), Choice(later, "Sure.", "Never.")]


def test_the_rows_of_a_tree_may_stand_in_any_order(statements) -> None:
    assert statements(*reversed(ROWS))[1][0] == Choice((TEA,), "Yes.", "No.")


def test_a_tree_without_ranks_says_nothing(statements) -> None:
    plain = [{**row, "rank": None} for row in ROWS[1:3]]
    assert [type(one) for one in statements({**ROWS[0], "rank": 0.0}, *plain)[1]] == [Nothing]
