"""The forum's words: written for every published dimension, and framed for the dimensions of a user's space."""

import re

import pytest

from penchant.errors import ConfigError
from penchant.forum.lexicon import KNOWN, lexicon
from penchant.space import Dimension, PreferenceSpace, load_space

PHRASES = 8


def test_every_published_dimension_is_written_by_hand() -> None:
    space = load_space("alignx90")
    entries = lexicon(space)
    assert len(entries) == len(space) == 90
    assert [d.id for d, entry in zip(space.dimensions, entries, strict=True) if not entry.written] == []


def test_each_pole_has_eight_phrases_and_no_phrase_is_used_twice() -> None:
    poles = [pole for entry in lexicon(load_space("alignx90")) for pole in (entry.positive, entry.negative)]
    assert {len(pole) for pole in poles} == {PHRASES}
    phrases = [phrase.lower() for pole in poles for phrase in pole]
    twice = sorted({phrase for phrase in phrases if phrases.count(phrase) > 1})
    assert twice == []
    assert len(phrases) == 90 * 2 * PHRASES


def test_a_phrase_fits_the_frames_it_is_put_into() -> None:
    # a comma or full stop would end the phrase within a description, a brace would break the frame
    phrases = [phrase for entry in lexicon(load_space("alignx90")) for phrase in (*entry.positive, *entry.negative)]
    assert [phrase for phrase in phrases if re.search(r"[,.?{}<>]|^\s|\s$", phrase)] == []


def test_a_post_names_its_topic_and_no_two_topics_are_alike() -> None:
    topics = [entry.topic for entry in lexicon(load_space("alignx90"))]
    assert len(set(topics)) == 90
    assert all(topic.strip() for topic in topics)


@pytest.mark.parametrize("sign", [-1, 1])
def test_known_and_unseen_phrases_are_apart_and_together_are_all(sign: int) -> None:
    for entry in lexicon(load_space("alignx90")):
        known, unseen = entry.phrases(sign, unseen=False), entry.phrases(sign, unseen=True)
        assert len(known) == KNOWN
        assert len(unseen) == PHRASES - KNOWN
        assert not set(known) & set(unseen)
        assert {*known, *unseen} == set(entry.positive if sign > 0 else entry.negative)


def test_a_dimension_of_ones_own_gets_its_pole_phrase_in_frames(tiny: PreferenceSpace) -> None:
    entries = lexicon(tiny)
    assert [entry.written for entry in entries] == [False, False, False]
    assert entries[0].topic == "length"
    assert "more likes it short" in entries[0].positive
    assert len(set(entries[0].positive)) == len(set(entries[0].negative)) == PHRASES
    # a comma within a pole would look like the end of a phrase
    assert all("," not in phrase for phrase in entries[2].positive)


def test_brackets_are_left_out_of_framed_phrases() -> None:
    space = PreferenceSpace("own", (Dimension("tea", "Tea", "", "Green tea (any kind)", "Coffee"),))
    assert lexicon(space)[0].positive[0] == "green tea"


def test_two_dimensions_with_one_topic_are_refused() -> None:
    space = PreferenceSpace("own", tuple(Dimension(i, i, "", "a", "b") for i in ("green_tea", "green tea")))
    with pytest.raises(ConfigError, match="'own'.*share a forum topic"):
        lexicon(space)
