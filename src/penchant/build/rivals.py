"""A rejected reply where nobody else answered: somebody else's reply to another post, drawn.

Of some replies that could be drawn, the one whose post is most like the own post is taken. A model can still tell the
two replies apart by which one fits the post, without knowing the person: such data must be judged beside that.
"""

from __future__ import annotations

from collections.abc import Sequence

from penchant.build.counts import StepCounts
from penchant.build.draws import draw
from penchant.build.pairs import IN_TEST, Pair, Reply, of_one_split, refused
from penchant.build.post import Post
from penchant.build.recipe import PairsSection
from penchant.rules import words

CANDIDATES = 20
"""Replies that fit, of which one is taken."""
_LOOKED_AT = 200
"""Replies that are looked at for candidates."""
NONE_FITS = "no reply of somebody else fits"


def drawn_pairs(
    groups: Sequence[tuple[Post, Sequence[Reply]]], settings: PairsSection, seed: int
) -> tuple[list[list[Pair]], StepCounts]:
    """One pair for each reply of some posts: its author's choice of it over a drawn one.

    Args:
        groups: posts with their replies; rivals are drawn from all of these.
    Returns:
        The pairs of each post, and the counts.
    """
    pool = sorted(
        ((parent, reply) for parent, replies in groups for reply in replies),
        key=lambda entry: draw(seed, "rival", entry[1].post.id),
    )
    counts = StepCounts("pairs", rows_in=len(pool))
    word_sets = {parent.id: frozenset(words(parent.text)) for parent, _ in groups}
    made: list[list[Pair]] = []
    for parent, replies in groups:
        pairs: list[Pair] = []
        for reply in replies:
            rival = _rival(parent, reply, pool, word_sets, settings, seed)
            if rival is None:
                counts.drop(NONE_FITS)
            else:
                pairs.append(Pair(parent, reply, rival))
        kept = of_one_split(pairs)
        counts.drop(IN_TEST, len(pairs) - len(kept))
        counts.rows_out += len(kept)
        made.append(kept)
    return made, counts


def _rival(
    parent: Post,
    reply: Reply,
    pool: Sequence[tuple[Post, Reply]],
    word_sets: dict[str, frozenset[str]],
    settings: PairsSection,
    seed: int,
) -> Reply | None:
    start = draw(seed, "rivals of", reply.post.id) % len(pool)
    own = word_sets[parent.id]
    best, most = None, -1.0
    fit = 0
    for step in range(min(_LOOKED_AT, len(pool))):
        their_parent, other = pool[(start + step) % len(pool)]
        if other.post.thread == parent.thread or other.post.author == parent.author:
            continue
        if reply.split != other.split:
            continue  # no text of one split is an answer in the other
        if refused(reply, other, settings):
            continue
        theirs = word_sets[their_parent.id]
        alike = len(own & theirs) / max(1, len(own | theirs))
        if alike > most:
            best, most = other, alike
        fit += 1
        if fit == CANDIDATES:
            break
    return best
