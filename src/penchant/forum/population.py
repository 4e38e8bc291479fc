"""Draws the people of the forum: each has preferences on a few dimensions, and an opposite twin.

Twins hold opposite signs on the same dimensions. A mirrored pair belongs to both twins, with chosen and rejected
swapped, so only the persona tells which twin is meant. In an opposed pair the second answer comes from another person
of the forum who disagrees; opposed pairs are not balanced by construction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.errors import ConfigError
from penchant.space import PreferenceSpace


@dataclass(frozen=True, slots=True)
class ForumSettings:
    """The generating rule. That of test people was fixed before any model was trained; see docs/forum.md."""

    train_users: int = 2000
    test_users: int = 800
    """Half of the test people use known phrasings, half use unseen ones."""
    active_min: int = 6
    active_max: int = 10
    """Dimensions a person cares about, uniform in active_min..active_max; eight items of two can cover them."""
    comments: int = 4
    comparisons: int = 4
    dimensions_per_item: int = 2
    """Dimensions that one post, comment or pair is about."""
    train_targets: int = 8
    test_targets: int = 10
    """Preference pairs to predict for each person; they are never part of the persona."""
    overlap: float = 0.4
    """Share of evidence items about the dimensions that the targets are about; the other items are about others."""
    target_dimensions: int = 5
    """Most dimensions of a person that the targets are about."""
    noise: float = 0.09
    """Chance that a choice, in the persona or as a target, goes against the person's sign. Even somebody who knew the
    true direction could not beat an accuracy of 1 - noise."""
    mirrored: float = 0.5
    """Share of test people's pairs that are mirrored between twins; the others are opposed."""
    train_mirrored: float = 1.0
    """The same share for training people. A pair and its mirror keep the label from being read off the answers."""
    held_out: tuple[str, ...] = ()
    """Ids of dimensions that no training person holds. The targets of test people are about these alone."""
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
        elif not self.dimensions_per_item <= self.target_dimensions <= self.active_min <= self.active_max:
            problem = "need dimensions_per_item <= target_dimensions <= active_min <= active_max"
        elif self.held_out and not self._room(space):
            problem = self._too_little_room(space)
        elif not 0 <= self.noise < 0.5:
            problem = f"noise={self.noise} is not in [0, 0.5)"
        elif self.train_users % 2 or self.test_users % 4:
            problem = "train_users must be even and test_users a multiple of 4: people come in twins"
        elif not all(0 <= share <= 1 for share in (self.overlap, self.mirrored, self.train_mirrored)):
            problem = "overlap, mirrored and train_mirrored are shares between 0 and 1"
        if problem:
            raise ConfigError(f"forum settings: {problem}")

    def _room(self, space: PreferenceSpace) -> bool:
        """Whether held-out dimensions suffice for the targets, and the other dimensions for training people."""
        held_out = {space.index(name) for name in self.held_out}
        return len(held_out) >= self.target_dimensions and len(space) - len(held_out) >= self.active_max

    def _too_little_room(self, space: PreferenceSpace) -> str:
        count = len(set(self.held_out))
        too_few = count < self.target_dimensions
        limit = f"target_dimensions to {count}" if too_few else f"active_max to {len(space) - count}"
        return (
            f"{count} dimensions held out of {len(space)} must be at least target_dimensions={self.target_dimensions} "
            f"and leave active_max={self.active_max}; set {limit} or less, or hold out {'more' if too_few else 'fewer'}"
        )


@dataclass(frozen=True, slots=True)
class Population:
    """People of one split and vocabulary; twins are neighbours (0 and 1, 2 and 3, ...)."""

    signs: NDArray[np.int8]
    """(users, dimensions), 0 where the person does not care."""
    target_mask: NDArray[np.bool_]
    """(users, dimensions), True for the dimensions that a person's targets are about; the same for twins."""
    split: str
    unseen: bool
    """Whether these people use only unseen phrasings."""

    def __len__(self) -> int:
        return len(self.signs)


def populate(
    space: PreferenceSpace, settings: ForumSettings, *, users: int, split: str, unseen: bool, rng: np.random.Generator
) -> Population:
    """Draws `users` people in couples of twins."""
    held_out = np.array(sorted(space.index(name) for name in set(settings.held_out)), dtype=np.intp)
    usual = np.setdiff1d(np.arange(len(space)), held_out)
    signs = np.zeros((users, len(space)), dtype=np.int8)
    target_mask = np.zeros((users, len(space)), dtype=np.bool_)
    targets = settings.target_dimensions
    for first in range(0, users, 2):
        count = rng.integers(settings.active_min, settings.active_max + 1)
        if len(held_out) and split == "test":
            targeted = rng.choice(held_out, size=targets, replace=False)
            active = np.append(targeted, rng.choice(usual, size=count - targets, replace=False))
        else:
            active = rng.choice(usual, size=count, replace=False)
        active_signs = rng.choice(np.array([-1, 1], dtype=np.int8), size=count)
        signs[first, active], signs[first + 1, active] = active_signs, -active_signs
        target_mask[first : first + 2, active[:targets]] = True
    return Population(signs, target_mask, split, unseen)
