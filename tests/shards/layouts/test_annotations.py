"""What votes state: orders, sides, scores of several answers, a rating of one."""

import pytest

from penchant.shards.layouts.annotations import Vote, single, task_of
from penchant.shards.layouts.base import Choice, Nothing, Sample, Verdict
from penchant.shards.layouts.verdicts import NO_VERDICT, TIE

TWO = {"prompt": "Tea?", "answer1": "Yes.", "answer2": "No."}
ONE = {"prompt": "Tea?", "response": "Yes."}


def stated(texts: dict[str, object], *votes: Vote) -> list[object]:
    task = task_of(Sample.of([texts]), votes)
    return [] if task is None else list(task.statements(texts, votes))


@pytest.mark.parametrize(
    "value",
    [
        "answer2",
        {"selected": "right"},
        ["answer2", "answer1"],
        [{"value": "answer1", "rank": 2}, {"value": "answer2", "rank": 1}],
        {"value": ["answer1", "answer2"], "rank": [2, 1]},
        {"ranker": {"best": ["answer2", "answer1"]}},
    ],
)
def test_every_form_of_a_verdict_names_the_better_answer(value: object) -> None:
    (choice,) = stated(TWO, Vote("u", value, "q"))
    assert isinstance(choice, Choice)
    assert (choice.user, choice.chosen, choice.rejected) == ("u", "No.", "Yes.")


def test_scores_of_both_answers_are_compared_for_each_person() -> None:
    votes = [Vote(u, v, q) for u, q, v in (("a", "r1", 4), ("a", "r2", 3), ("b", "r1", 1), ("b", "r2", 1))]
    first, second = stated(TWO, *votes)
    assert (first.user, first.chosen) == ("a", "Yes.")
    assert second == TIE


def test_a_rating_of_one_answer_is_a_thumb_and_three_stars_are_none() -> None:
    votes = [Vote(f"u{stars}", {"rating": stars}, "stars") for stars in (5, 3, 1)]
    up, neither, down = stated(ONE, *votes)
    assert isinstance(up, Verdict)
    assert (up.user, up.liked, down.liked) == ("u5", True, False)
    assert isinstance(neither, Nothing)


def test_a_remark_beside_a_verdict_is_no_vote_and_a_task_of_remarks_has_none() -> None:
    (choice,) = stated(TWO, Vote("u", "answer1", "q"), Vote("u", "well written", "remark"))
    assert choice.chosen == "Yes."
    assert task_of(Sample.of([TWO]), [Vote("u", "well written", "remark")]) is None


def test_an_unreadable_verdict_among_others_is_counted() -> None:
    assert stated(TWO, Vote("u", "answer1", "q"), Vote("v", "purple", "q"))[1] == NO_VERDICT


def test_a_list_of_answers_is_ordered_by_their_ids() -> None:
    texts = {"prompt": "Tea?", "items": [{"id": "a", "body": "Yes."}, {"id": "b", "body": "No."}]}
    (choice,) = stated(texts, Vote("u", {"ranker": {"rank": ["b", "a"]}}, "q"))
    assert choice.chosen == "No."


def test_the_only_other_text_is_the_prompt() -> None:
    assert (
        stated({"text": "Tea?", "text1": "Yes.", "text2": "No."}, Vote("u", "left", "q"))[0].prompt[0].content == "Tea?"
    )


def test_wrappings_are_taken_off() -> None:
    assert single([{"choices": ["A"]}]) == "A"
    assert single({"other": 1}) is None
