from datetime import UTC, datetime

import pytest

from penchant.build.pairs import Reply, mirrored, pairs_of
from penchant.build.post import Post
from penchant.build.recipe import PairsSection

PARENT = Post("p", "p", None, "host", "What do you think of it?")


def reply(
    name: str, author: str, *, split: str = "train", score: int = 0, day: int = 1, text: str = "", direction=None
):
    at = datetime(2024, 1, day, tzinfo=UTC)
    post = Post(name, "p", "p", author, text or f"I think of {name}, as one does.", score, at, f"row {name}")
    return Reply(post, split, direction)


def test_two_replies_are_one_choice_of_either_author() -> None:
    pairs, counts = pairs_of(PARENT, [reply("a", "ann"), reply("b", "ben")], PairsSection(), 0)
    assert [pair.person for pair in pairs] in (["ann"], ["ben"])
    assert pairs[0].id in ("a > b", "b > a")
    assert (counts.rows_in, counts.rows_out, counts.dropped) == (1, 1, {})
    people = {
        pairs_of(PARENT, [reply("a", "ann"), reply("b", "ben")], PairsSection(), seed)[0][0].person
        for seed in range(20)
    }
    assert people == {"ann", "ben"}


def test_mirrored_pairs_are_there_for_both_authors() -> None:
    replies = [reply("a", "ann"), reply("b", "ben"), reply("c", "cat", split="test")]
    pairs, counts = pairs_of(PARENT, replies, PairsSection(mirrored=True), 0)
    assert sorted(pair.id for pair in pairs) == ["a > b", "b > a"]
    assert (counts.rows_in, counts.rows_out, counts.dropped) == (3, 1, {"authors in different splits": 2})


def test_the_mirror_of_a_pair_has_the_ids_the_other_way_round() -> None:
    pairs, _ = pairs_of(PARENT, [reply("a", "ann"), reply("b", "ben")], PairsSection(mirrored=True), 0)
    assert [mirrored(pair.id) for pair in pairs] == [pair.id for pair in pairs[::-1]]


def test_a_prompt_of_test_is_none_of_train() -> None:
    replies = [reply("a", "ann"), reply("b", "ben"), reply("c", "cat", split="test"), reply("d", "dan", split="test")]
    pairs, counts = pairs_of(PARENT, replies, PairsSection(mirrored=True), 0)
    assert {pair.chosen.split for pair in pairs} == {"test"}
    assert counts.dropped == {"authors in different splits": 4, "its prompt is in test": 1}
    assert counts.rows_in == counts.rows_out + sum(counts.dropped.values())


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (reply("b", "ann"), "same author"),
        (reply("b", "ben", text="I think of a, as one does."), "equal replies"),
        (reply("b", "ben", text="I do " * 40), "lengths too different"),
    ],
)
def test_couples_that_are_no_choice_have_a_reason(other, reason: str) -> None:
    pairs, counts = pairs_of(PARENT, [reply("a", "ann"), other], PairsSection(), 0)
    assert pairs == []
    assert counts.dropped == {reason: 1}


def test_by_votes_a_reply_must_come_later_and_have_more() -> None:
    settings = PairsSection(rule="votes")
    late = reply("b", "ben", score=8, day=2)
    assert [pair.id for pair in pairs_of(PARENT, [reply("a", "ann", score=3), late], settings, 0)[0]] == ["b > a"]
    for early in (reply("a", "ann", score=5), reply("a", "ann", score=1), reply("a", "ann", score=3, day=3)):
        pairs, counts = pairs_of(PARENT, [early, late], settings, 0)
        assert (pairs, counts.dropped) == ([], {"votes do not decide": 1})


def test_replies_must_differ_in_as_many_dimensions_as_the_recipe_says(tiny) -> None:
    short, jokes = tiny.direction({"length": 1}), tiny.direction({"length": 1, "humour": 1})
    replies = [reply("a", "ann", direction=short), reply("b", "ben", direction=jokes)]
    pairs, _ = pairs_of(PARENT, replies, PairsSection(opposed=1, mirrored=True), 0)
    assert {pair.id: pair.direction for pair in pairs} == {
        "a > b": tiny.direction({"humour": -1}),
        "b > a": tiny.direction({"humour": 1}),
    }
    none, counts = pairs_of(PARENT, replies, PairsSection(opposed=2), 0)
    assert (none, counts.dropped) == ([], {"differ in fewer than 2 dimensions": 1})


def test_a_post_with_many_replies_gives_few_pairs_and_every_couple_is_counted() -> None:
    replies = [reply(f"r{number}", f"person{number}") for number in range(30)]
    pairs, counts = pairs_of(PARENT, replies, PairsSection(replies=10, per_post=3), 0)
    assert len(pairs) == 3
    assert counts.rows_in == 30 * 29 // 2 == counts.rows_out + sum(counts.dropped.values())
    assert counts.dropped["beyond 10 replies of a post"] == 30 * 29 // 2 - 45
    assert pairs_of(PARENT, replies[::-1], PairsSection(replies=10, per_post=3), 0)[0] == pairs
