"""Rows become posts: each is parsed and filtered, and its text loses quotes and personal data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from penchant.build import duplicates, filters, sources
from penchant.build.counts import Counts, StepCounts, enter
from penchant.build.draws import bucket_of, draw
from penchant.build.markup import plain
from penchant.build.names import hidden
from penchant.build.post import Post, table_of
from penchant.build.recipe import BuildRecipe, SourceSection
from penchant.build.scrub import scrubbed
from penchant.build.sources.lines import Line
from penchant.build.spill import write_buckets
from penchant.build.stages.folder import BuildFolder, save_array
from penchant.build.turns import BEFORE
from penchant.infer.quotes import unquoted


def read(folder: BuildFolder, number: int, source: SourceSection, lines: Sequence[Line]) -> None:
    """Parses and filters a batch of rows, and writes its posts by thread."""
    recipe = folder.recipe
    counts, dropped, kept = _read_counts(recipe), [], []
    for line, post in zip(lines, sources.parsed(lines, source), strict=True):
        if isinstance(post, tuple):
            reason = post[1]
            enter(counts, "parse", reason)
            dropped.append((line.origin, "parse", reason))
            continue
        enter(counts, "parse", None)
        _count_unread(post, line, source, counts)
        final, step, dropped_for = _filtered(post, recipe, counts)
        if dropped_for:
            dropped.append((post.origin, step, dropped_for))
        else:
            kept.append(final)
    _write_posts(folder, number, kept)
    folder.done("read", number, counts, dropped)


def _count_unread(post: Post, line: Line, source: SourceSection, counts: Counts) -> None:
    """Counts times and votes that are there and cannot be read: such a post counts as one without."""
    for field, unread, name in (("at", post.at is None, "time"), ("score", post.score is None, "votes")):
        column = source.columns.get(field)
        if unread and column is not None and line.content()[0].get(column) not in (None, ""):
            counts["parse"].changed[f"{name} not read"] = counts["parse"].changed.get(f"{name} not read", 0) + 1


def _read_counts(recipe: BuildRecipe) -> Counts:
    steps = ["parse", "deleted", "machine", "quotes", "prose"]
    steps += ["language"] if recipe.filters.language else []
    steps += ["scrub"] if recipe.scrub else []
    return {step: StepCounts("rows" if step == "parse" else "posts") for step in steps}


def _filtered(post: Post, recipe: BuildRecipe, counts: Counts) -> tuple[Post, str, str | None]:
    """The post as it is kept, or the step and the reason for which it is not."""
    gone = filters.deleted(post)
    enter(counts, "deleted", gone)
    if gone:
        return post, "deleted", gone
    machine = filters.by_machine(post, recipe.filters)
    enter(counts, "machine", machine)
    if machine:
        return post, "machine", machine
    read_as = plain(post.text)
    own = unquoted(read_as).strip() if read_as.strip() else ""
    enter(counts, "quotes", None if own else "nothing but quotes")
    if not own:
        return post, "quotes", "nothing but quotes"
    if own.split() != read_as.split() or len(read_as) < len(post.text):
        counts["quotes"].changed["texts"] = counts["quotes"].changed.get("texts", 0) + 1
    # a short message of a chat is a part of a turn, which is looked at as a whole
    unlike = None if is_part_of_turn(own, post, recipe) else filters.unlike_prose(own, recipe.filters)
    enter(counts, "prose", unlike)
    if unlike:
        return post, "prose", unlike
    if recipe.filters.language:
        foreign = filters.in_other_language(own, recipe.filters)
        enter(counts, "language", foreign)
        if foreign:
            return post, "language", foreign
    if recipe.scrub:
        own, marks = scrubbed(own, post.author)
        if recipe.names:
            own, named = hidden(own, recipe.names)
            marks += named
        enter(counts, "scrub", None)
        for kind, times in marks.items():
            counts["scrub"].changed[kind] = counts["scrub"].changed.get(kind, 0) + times
    return replace(post, text=own), "", None


def _write_posts(folder: BuildFolder, number: int, posts: Sequence[Post]) -> None:
    buckets = [bucket_of(post.thread, folder.buckets) for post in posts]
    order = write_buckets(folder.file("read", number, "arrow"), table_of(posts), buckets, folder.buckets)
    ordered = [posts[row] for row in order]
    # "yes" and "hello" are no repetitions in a chat: short messages are compared by their rows, which differ
    texts = [post.origin if is_part_of_turn(post.text, post, folder.recipe) else post.text for post in ordered]
    keys = np.array(
        [
            (duplicates.digest(text), _key(post.author), _key(post.id))
            for text, post in zip(texts, ordered, strict=True)
        ],
        dtype=np.int64,
    ).reshape(-1, 3)
    save_array(folder.file("read", number, "keys.npy"), keys)
    if folder.recipe.duplicates.similarity < 1:
        save_array(folder.file("read", number, "signatures.npy"), duplicates.signatures(texts))


def is_part_of_turn(text: str, post: Post, recipe: BuildRecipe) -> bool:
    """Whether a text is a message of a chat that is too short to stand alone."""
    return post.parent == BEFORE and len(text) < recipe.filters.shortest


def _key(name: str) -> int:
    return draw(0, "key", name) >> 1
