"""Who lives in the forum: people with sparse directions, in couples of mirror twins.

Twins hold opposite signs on the same dimensions. A mirrored pair belongs to both twins with chosen and rejected
swapped, so nothing but the persona can tell who is asked; an opposed pair takes the second answer from some other real
person who disagrees, and is not balanced by construction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.errors import ConfigError
from penchant.space import PreferenceSpace


@dataclass(frozen=True, slots=True)
class ForumSettings:
    """The generating rule. Fixed before any model was trained on it; see docs/forum.md before changing one."""

    train_users: int = 2000
    test_users: int = 800
    """Half of them speak in known phrasings, half in unseen ones."""
    active_min: int = 6
    active_max: int = 10
    """Dimensions a person cares about, uniform in active_min..active_max; eight items of two can cover them."""
    comments: int = 4
    comparisons: int = 4
    dimensions_per_item: int = 2
    """Dimensions that one post, comment or pair is about."""
    train_targets: int = 8
    test_targets: int = 10
    """Preference pairs a person is asked about; never part of the persona."""
    overlap: float = 0.4
    """Share of history items drawn about the dimensions that the targets ask about; the rest is about others."""
    asked: int = 5
    """Dimensions of a person that targets ask about, at most."""
    noise: float = 0.09
    """Chance that a choice, in the persona or as a target, goes against the person; 1 - noise is golden's ceiling."""
    mirrored: float = 0.5
    """Share of test people's pairs that are mirrored between twins; the others are opposed."""
    train_mirrored: float = 1.0
    """The same for training people: a pair and its mirror keep the label from being read off the answers."""
    held_out: tuple[str, ...] = ()
    """Ids of dimensions that no training person holds; test people are asked about these alone."""
    seed: int = 0

    def check(self, space: PreferenceSpace) -> None:
        """Raises ConfigError when the settings cannot be met in this space."""
        problem = None
        counts = ("train_users", "test_users", "comments", "comparisons", "train_targets", "test_targets")
        negative = next((name for name in counts if getattr(self, name) < 0), None)
        if negative is not None:
            problem = f"{negative}={getattr(self, negative)} is negative"
        elif self.dimensions_per_item < 1:
            problem = f"dimensions_per_item={self.dimensions_per_item} must be at least 1"
        elif self.active_max > len(space):
            problem = f"active_max={self.active_max} exceeds the {len(space)} dimensions of '{space.name}'"
        elif not self.dimensions_per_item <= self.asked <= self.active_min <= self.active_max:
            problem = "need dimensions_per_item <= asked <= active_min <= active_max"
        elif self.held_out and not self._room(space):
            count = len(set(self.held_out))
            most = f"asked to {count}" if count < self.asked else f"active_max to {len(space) - count}"
            problem = (
                f"{count} dimensions held out of {len(space)} must be at least asked={self.asked} and leave "
                f"active_max={self.active_max}; set {most} or less, or hold out "
                f"{'more' if 'asked' in most else 'fewer'}"
            )
        elif not 0 <= self.noise < 0.5:
            problem = f"noise={self.noise} is not in [0, 0.5)"
        elif self.train_users % 2 or self.test_users % 4:
            problem = "train_users must be even and test_users a multiple of 4: people come in twins"
        elif not all(0 <= share <= 1 for share in (self.overlap, self.mirrored, self.train_mirrored)):
            problem = "overlap, mirrored and train_mirrored are shares between 0 and 1"
        if problem:
            raise ConfigError(f"forum settings: {problem}")

    def _room(self, space: PreferenceSpace) -> bool:
        """Whether test people can be asked about held-out dimensions alone, and training people hold enough others."""
        held = {space.index(name) for name in self.held_out}
        return len(held) >= self.asked and len(space) - len(held) >= self.active_max


@dataclass(frozen=True, slots=True)
class Population:
    """People of one split and vocabulary; twins are neighbours (0 and 1, 2 and 3, ...)."""

    signs: NDArray[np.int8]
    """(users, dimensions), 0 where the person does not care."""
    asked: NDArray[np.bool_]
    """(users, dimensions), the dimensions that targets ask about; the same for twins."""
    split: str
    unseen: bool

    def __len__(self) -> int:
        return len(self.signs)


def populate(
    space: PreferenceSpace, settings: ForumSettings, *, users: int, split: str, unseen: bool, rng: np.random.Generator
) -> Population:
    """Draws `users` people in couples of twins."""
    new = np.array(sorted(space.index(name) for name in set(settings.held_out)), dtype=np.intp)
    usual = np.setdiff1d(np.arange(len(space)), new)
    signs = np.zeros((users, len(space)), dtype=np.int8)
    asked = np.zeros((users, len(space)), dtype=np.bool_)
    for first in range(0, users, 2):
        count = rng.integers(settings.active_min, settings.active_max + 1)
        if len(new) and split == "test":
            first_ones = rng.choice(new, size=settings.asked, replace=False)
            active = np.append(first_ones, rng.choice(usual, size=count - settings.asked, replace=False))
        else:
            active = rng.choice(usual, size=count, replace=False)
        held = rng.choice(np.array([-1, 1], dtype=np.int8), size=count)
        signs[first, active], signs[first + 1, active] = held, -held
        asked[first : first + 2, active[: settings.asked]] = True
    return Population(signs, asked, split, unseen)
