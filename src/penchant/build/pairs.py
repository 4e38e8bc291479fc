"""The replies to one post as choices: which of two replies whose author would prefer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from penchant.build.counts import StepCounts
from penchant.build.draws import draw
from penchant.build.post import Post
from penchant.build.recipe import PairsSection
from penchant.space import Direction


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply with its author's split and direction."""

    post: Post
    split: str
    direction: Direction | None = None
    """What the reply says of its author; None: nothing was inferred."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A choice of the author of `chosen`."""

    parent: Post
    chosen: Reply
    rejected: Reply

    @property
    def id(self) -> str:
        """From the ids of the two replies."""
        return f"{self.chosen.post.id}{_OVER}{self.rejected.post.id}"

    @property
    def person(self) -> str:
        """The author of the chosen reply."""
        return self.chosen.post.author

    @property
    def direction(self) -> Direction | None:
        """The poles that `chosen` shows more than `rejected`, as sure as the surer of the two readings."""
        if self.chosen.direction is None or self.rejected.direction is None:
            return None
        chosen, rejected = self.chosen.direction, self.rejected.direction
        sure = np.maximum(
            np.where(chosen.signs != 0, chosen.probabilities(), 0),
            np.where(rejected.signs != 0, rejected.probabilities(), 0),
        )
        signs = np.sign(chosen.signs - rejected.signs)
        return Direction(chosen.space, signs, np.where(signs != 0, sure, 1.0))


_OVER = " > "
"""Between the ids of the chosen and the rejected reply in the id of a pair."""


def mirrored(name: str) -> str:
    """The id of the mirror of a pair."""
    chosen, _, rejected = name.partition(_OVER)
    return f"{rejected}{_OVER}{chosen}"


def pairs_of(
    parent: Post, replies: Sequence[Reply], settings: PairsSection, seed: int
) -> tuple[list[Pair], StepCounts]:
    """The pairs of one post, with the counts of all couples of replies.

    If a pair of test is among them, the pairs of train under the same post are left out: its prompt would be in both.
    """
    counts = StepCounts("pairs")
    ordered = sorted(replies, key=lambda reply: draw(seed, "reply", reply.post.id))
    kept, beyond = ordered[: settings.replies], ordered[settings.replies :]
    couples = len(kept) * (len(kept) - 1) // 2
    counts.rows_in = couples
    if beyond:  # each would have made a couple with every reply before it
        more = sum(range(len(kept), len(ordered)))
        counts.rows_in += more
        counts.drop(f"beyond {settings.replies} replies of a post", more)
    pairs: list[Pair] = []
    for first, second in combinations(kept, 2):
        reason = refused(first, second, settings)
        directed = [] if reason else _directed(parent, first, second, settings, seed)
        if not directed:
            counts.drop(reason or "votes do not decide")
            continue
        if len(pairs) >= settings.per_post * (2 if settings.mirrored else 1):
            counts.drop(f"beyond {settings.per_post} pairs of a post")
            continue
        pairs += directed
    mirrors = 2 if settings.mirrored else 1
    final = of_one_split(pairs)
    counts.drop(IN_TEST, (len(pairs) - len(final)) // mirrors)
    counts.rows_out = len(final) // mirrors
    return final, counts


IN_TEST = "its prompt is in test"


def of_one_split(pairs: list[Pair]) -> list[Pair]:
    """The pairs of one post; only those of test, if there are any: a prompt is not in both splits."""
    return [pair for pair in pairs if pair.chosen.split == "test"] or pairs


def refused(first: Reply, second: Reply, settings: PairsSection) -> str | None:
    """Why two replies make no pair; None: they make one."""
    if first.post.author == second.post.author:
        return "same author"
    if settings.mirrored and first.split != second.split:
        return "authors in different splits"
    if first.post.text.strip() == second.post.text.strip():
        return "equal replies"
    lengths = sorted((len(first.post.text), len(second.post.text)))
    if lengths[1] > settings.length_ratio * lengths[0]:
        return "lengths too different"
    if settings.opposed and first.direction is not None and second.direction is not None:
        differ = int((first.direction.signs != second.direction.signs).sum())
        if differ < settings.opposed:
            return f"differ in fewer than {settings.opposed} dimensions"
    return None


def _directed(parent: Post, first: Reply, second: Reply, settings: PairsSection, seed: int) -> list[Pair]:
    """The pair, or the pair and its mirror; none if votes are to decide and do not."""
    both = [Pair(parent, first, second), Pair(parent, second, first)]
    if settings.rule == "votes":
        both = [pair for pair in both if _wins(pair.chosen.post, pair.rejected.post, settings)]
        return both[:1]
    if settings.mirrored:
        return both
    return [both[draw(seed, "person", *sorted((first.post.id, second.post.id))) % 2]]


def _wins(chosen: Post, rejected: Post, settings: PairsSection) -> bool:
    """The rule of SHP (Ethayarajh et al. 2022): an early reply gains votes by being seen, so a later one must win."""
    if chosen.score is None or rejected.score is None or chosen.at is None or rejected.at is None:
        return False
    return (
        chosen.at > rejected.at
        and min(chosen.score, rejected.score) >= settings.least_votes
        and chosen.score >= settings.ratio * rejected.score
    )
