"""Tables of what people wrote, and of what describes them."""

from penchant.message import Message
from penchant.shards.layouts import recognise
from penchant.shards.layouts.base import Choice, Described, Nothing, Sample, Wrote


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


def test_an_author_names_the_person_of_a_comment_and_deleted_ones_say_nothing(statements) -> None:
    name, found = statements(
        {"author-id": 4, "comment-body": "More trams.", "agrees": 5},
        {"author-id": 5, "comment-body": "[removed]", "agrees": 0},
    )
    assert name == "comments"
    assert found == [Wrote("More trams."), Nothing("the text or its author was deleted")]


def test_remarks_of_people_who_judge_answers_are_no_evidence_about_them(statements) -> None:
    judged = {"worker_id": "w", "Input.source": "Tea?", "Input.answer_a": "Yes.", "Input.answer_b": "No."}
    row = {**judged, "Description": "Pick one", "comment": "b is curt", "Answer.better": "answer_a"}
    assert statements(row) == ("battles", [Choice((Message("user", "Tea?"),), "Yes.", "No.")])
    question = {"prompt": "Tea?", "metadata": {"text": "a page", "user_id": "u"}}
    assert recognise(Sample.of([question]), {}) is None
    task = {"WorkerId": "w", "HITId": "1", "AssignmentId": "2", "Description": "Read a text", "Answer.comment": "fine"}
    assert recognise(Sample.of([task]), {}) is None
