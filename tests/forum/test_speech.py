"""How a stance becomes words."""

import re

import numpy as np
import pytest

from penchant.forum.lexicon import lexicon
from penchant.forum.speech import COMMENTS, POSTS, REPLIES, Speaker
from penchant.space import PreferenceSpace


def speaker(space: PreferenceSpace, *, seed: int = 0, unseen: bool = False) -> Speaker:
    return Speaker(lexicon(space), np.random.default_rng(seed), unseen)


def parts(frames: tuple[str, ...], text: str) -> list[str]:
    for frame in frames:
        match = re.fullmatch(re.escape(frame).replace(r"\{\}", "(.*)"), text)
        if match:
            return match.group(1).split(" and ")
    raise AssertionError(f"no frame fits {text!r}")


def test_a_post_names_its_topics_and_takes_no_side(twelve: PreferenceSpace) -> None:
    entries = lexicon(twelve)
    one, two = speaker(twelve), speaker(twelve)
    for _ in range(20):
        assert parts(POSTS, one.post([3, 7])) == [entries[3].topic, entries[7].topic]
    assert "moods" in two.post([0])


@pytest.mark.parametrize("unseen", [False, True])
@pytest.mark.parametrize("kind", ["comment", "reply"])
def test_a_stance_is_said_in_phrases_of_its_own_poles_and_vocabulary(twelve, kind: str, unseen: bool) -> None:
    entries = lexicon(twelve)
    talker = speaker(twelve, unseen=unseen)
    wanted = [set(entries[2].phrases(1, unseen=unseen)), set(entries[5].phrases(-1, unseen=unseen))]
    orders = set()
    for _ in range(60):
        first, second = parts(COMMENTS if kind == "comment" else REPLIES, getattr(talker, kind)(((2, 1), (5, -1))))
        orders.add(first in wanted[0])
        assert {first, second} & wanted[0]
        assert {first, second} & wanted[1]
    assert orders == {True, False}


def test_all_known_phrases_of_a_pole_are_used(twelve: PreferenceSpace) -> None:
    talker = speaker(twelve)
    phrases = {parts(REPLIES, talker.reply(((4, 1),)))[0] for _ in range(200)}
    assert phrases == set(lexicon(twelve)[4].phrases(1, unseen=False))


def test_a_description_says_everything_held(twelve: PreferenceSpace) -> None:
    entries = lexicon(twelve)
    stance = ((0, 1), (1, -1), (6, 1))
    match = re.fullmatch(r"Somebody who values (.*)\.", speaker(twelve).description(stance))
    assert match
    phrases = match.group(1).split(", ")
    assert len(phrases) == 3
    for dimension, sign in stance:
        assert set(phrases) & set(entries[dimension].phrases(sign, unseen=False))


def test_the_same_generator_state_says_the_same(twelve: PreferenceSpace) -> None:
    stance = ((0, 1), (1, -1))
    one, two, other = (speaker(twelve, seed=seed) for seed in (1, 1, 2))
    first = [one.reply(stance) for _ in range(9)]
    assert first == [two.reply(stance) for _ in range(9)]
    assert first != [other.reply(stance) for _ in range(9)]
