"""The people of the forum."""

from dataclasses import replace

import numpy as np
import pytest

from penchant.errors import ConfigError, SpaceError
from penchant.forum.population import ForumSettings, Population, populate
from penchant.space import PreferenceSpace, load_space


def people(seed: int = 0, users: int = 200, **changes: int) -> Population:
    return populate(
        load_space("alignx90"),
        ForumSettings(**changes),
        users=users,
        split="train",
        unseen=False,
        rng=np.random.default_rng(seed),
    )


def test_twins_hold_the_opposite_on_the_same_dimensions_and_are_asked_the_same() -> None:
    drawn = people()
    assert (drawn.signs[0::2] == -drawn.signs[1::2]).all()
    assert (drawn.target_mask[0::2] == drawn.target_mask[1::2]).all()


def test_everybody_cares_about_six_to_ten_dimensions_and_every_number_occurs() -> None:
    active = np.count_nonzero(people(users=400).signs, axis=1)
    assert set(active.tolist()) == {6, 7, 8, 9, 10}


def test_nobody_is_asked_about_what_they_do_not_care_about() -> None:
    drawn = people()
    assert (drawn.target_mask.sum(1) == ForumSettings().target_dimensions).all()
    assert (drawn.signs[drawn.target_mask] != 0).all()


def test_poles_and_dimensions_are_drawn_evenly() -> None:
    signs = people(users=2000).signs[0::2]
    active = np.count_nonzero(signs)
    assert abs((signs > 0).sum() / active - 0.5) < 4 * 0.5 / active**0.5
    share = np.count_nonzero(signs, axis=0) / len(signs)
    expected = 8 / 90
    assert np.abs(share - expected).max() < 4.5 * (expected * (1 - expected) / len(signs)) ** 0.5


def test_the_same_generator_state_draws_the_same_people() -> None:
    assert (people(seed=3).signs == people(seed=3).signs).all()
    assert (people(seed=3).signs != people(seed=4).signs).any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"active_max": 91}, "active_max=91 exceeds the 90 dimensions of 'alignx90'"),
        ({"active_min": 4}, "target_dimensions <= active_min"),
        ({"active_min": 9, "active_max": 8}, "active_min <= active_max"),
        ({"target_dimensions": 1}, "dimensions_per_item <= target_dimensions"),
        ({"noise": 0.5}, r"noise=0\.5 is not in \[0, 0\.5\)"),
        ({"noise": -0.1}, "noise"),
        ({"noise": float("nan")}, "noise"),
        ({"train_users": 3}, "must be even"),
        ({"test_users": 6}, "multiple of 4"),
        ({"overlap": 1.1}, "shares between 0 and 1"),
        ({"mirrored": -0.1}, "shares between 0 and 1"),
        ({"dimensions_per_item": 0}, "dimensions_per_item"),
        ({"train_users": -2}, "train_users"),
        ({"comments": -1}, "comments"),
    ],
)
def test_settings_that_cannot_be_met_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replace(ForumSettings(), **changes).check(load_space("alignx90"))


def test_the_default_settings_can_be_met() -> None:
    ForumSettings().check(load_space("alignx90"))


def test_a_small_space_of_ones_own_can_be_met(tiny: PreferenceSpace) -> None:
    ForumSettings(active_min=2, active_max=3, target_dimensions=2).check(tiny)
    with pytest.raises(ConfigError, match="3 dimensions of 'tiny'"):
        ForumSettings().check(tiny)


NEW = ("gaming", "humor", "honesty", "international", "gender", "extraversion")


def test_what_is_held_out_nobody_in_training_holds_and_everybody_tested_is_asked_about() -> None:
    space = load_space("alignx90")
    indices = [space.index(name) for name in NEW]
    settings = ForumSettings(held_out=NEW)
    trained, tested = (
        populate(space, settings, users=200, split=split, unseen=False, rng=np.random.default_rng(0))
        for split in ("train", "test")
    )
    assert not trained.signs[:, indices].any()
    new_mask = np.zeros(len(space), dtype=bool)
    new_mask[indices] = True
    assert not tested.target_mask[:, ~new_mask].any()
    assert (tested.target_mask.sum(1) == settings.target_dimensions).all()
    assert (tested.signs[tested.target_mask] != 0).all()
    assert (
        np.count_nonzero(tested.signs[:, ~new_mask], axis=1).max() == settings.active_max - settings.target_dimensions
    )


def test_too_few_or_too_many_held_out_dimensions_are_refused() -> None:
    space = load_space("alignx90")
    everything = tuple(dimension.id for dimension in space.dimensions)
    for held_out, instead in (
        (NEW[:4], "set target_dimensions to 4 or less, or hold out more"),
        (everything[:85], "set active_max to 5 or less, or hold out fewer"),
    ):
        message = (
            f"{len(held_out)} dimensions held out of 90 must be at least target_dimensions=5 and leave .*; {instead}"
        )
        with pytest.raises(ConfigError, match=message):
            ForumSettings(held_out=held_out).check(space)
    with pytest.raises(SpaceError, match="gamming"):
        ForumSettings(held_out=("gamming", *NEW)).check(space)
