"""Tables of what people wrote, and of what describes them."""

from penchant.shards.layouts.base import Described, Nothing, Wrote


def test_comments_keep_what_they_answer(statements) -> None:
    assert statements({"user": "u", "title": "Tea?", "comment": "Yes."}) == ("comments", [Wrote("Yes.", "Tea?")])
    assert statements({"author_id": 1, "user_id": "u", "text": "Yes."}) == ("comments", [Wrote("Yes.", "")])


def test_descriptions_of_people(statements) -> None:
    name, found = statements(
        {"user_id": "u", "self_description": "A nurse.", "system_string": "Be brief."},
        {"user_id": "v", "self_description": "", "system_string": None},
    )
    assert name == "profiles"
    assert found == [Described("A nurse."), Described("Be brief."), Nothing("nothing describes the person")]
