"""A small annotated forum, and an annotator fitted on it over an encoder without weights."""

import pytest

from penchant.encoder.fake import FakeEncoder
from penchant.forum.population import ForumSettings
from penchant.forum.simulate import simulate
from penchant.infer.encoder import EncoderAnnotator
from penchant.infer.fitting import fit
from penchant.infer.labelled import Labelled, labelled
from penchant.space import PreferenceSpace


@pytest.fixture(scope="session")
def annotated(tiny: PreferenceSpace) -> list[Labelled]:
    """Items of sixty people, then of twenty more who are named test-…"""
    settings = ForumSettings(train_users=60, test_users=40, active_min=2, active_max=3, asked=2, train_targets=2)
    forum = simulate(tiny, settings)
    return labelled([*forum.split("train"), *forum.split("test", "known")])


@pytest.fixture(scope="session")
def annotator(tiny: PreferenceSpace, annotated: list[Labelled]) -> EncoderAnnotator:
    return fit([one for one in annotated if one.person.startswith("train")], FakeEncoder(), tiny, steps=200)
