"""Small forums, simulated once."""

from collections.abc import Callable

import pytest

from penchant.forum.population import ForumSettings
from penchant.forum.simulate import Forum, simulate
from penchant.space import PreferenceSpace, load_space

IDS = (
    "neuroticism",
    "extraversion",
    "openness",
    "order",
    "autonomy",
    "play",
    "complexity",
    "science",
    "cinema",
    "gaming",
    "sports",
    "travel",
)


@pytest.fixture(scope="session")
def twelve() -> PreferenceSpace:
    return load_space("alignx90").subset(IDS, name="twelve")


@pytest.fixture(scope="session")
def small(twelve: PreferenceSpace) -> Callable[..., Forum]:
    """A forum of 40 training and 24 test people, with some settings changed."""
    forums: dict[tuple, Forum] = {}

    def build(**changes: object) -> Forum:
        key = tuple(sorted(changes.items()))
        if key not in forums:
            forums[key] = simulate(twelve, ForumSettings(**{"train_users": 40, "test_users": 24, **changes}))
        return forums[key]

    return build
