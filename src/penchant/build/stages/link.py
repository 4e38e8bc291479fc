"""Replies are joined with the posts that they answer, read by the annotator, and made into choices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from penchant.build.counts import Counts, StepCounts, enter
from penchant.build.draws import bucket_of, split_of
from penchant.build.pairs import Pair, Reply, pairs_of
from penchant.build.post import Post, posts_of
from penchant.build.recipe import BuildRecipe
from penchant.build.rivals import drawn_pairs
from penchant.build.spill import bucket_sizes, read_bucket, write_buckets
from penchant.build.stages.folder import BuildFolder
from penchant.build.stages.sift import KEPT
from penchant.build.turns import JOINED, turned
from penchant.persona import Comment, Demographics
from penchant.space import Direction

Reader = Callable[[Sequence[Comment | Demographics]], Sequence[Direction | None]]
"""Replies, each with the post that it answers, or descriptions -> their directions."""


class Answer(NamedTuple):
    """A reply with the post that it answers."""

    post: Post
    parent: Post

    def comment(self) -> Comment:
        """The reply as evidence, without a direction."""
        return Comment(self.parent.text, self.post.text)


def replies_of(folder: BuildFolder, bucket: int) -> tuple[list[Answer], StepCounts, list[tuple[str, str, str]]]:
    """The replies of a bucket of threads, the counts of their step, and the posts that are none."""
    posts, joined = turned(_sifted(folder, bucket))
    by_id = {post.id: post for post in posts}
    recipe = folder.recipe
    counts: Counts = {"replies": StepCounts()}
    dropped, replies = [(post.origin, "replies", JOINED) for post in joined], []
    for _ in joined:
        enter(counts, "replies", JOINED)
    for post in posts:
        reason = _no_reply(post, by_id, recipe.filters.shortest)
        enter(counts, "replies", reason)
        if reason:
            dropped.append((post.origin, "replies", reason))
        else:
            replies.append(Answer(post, by_id[post.parent or ""]))
    return replies, counts["replies"], dropped


def link(folder: BuildFolder, bucket: int, reader: Reader | None) -> None:
    """Joins replies with the posts that they answer, infers directions, and makes choices of the replies."""
    recipe = folder.recipe
    replies, count, dropped = replies_of(folder, bucket)
    counts: Counts = {"replies": count}
    inferred = reader([reply.comment() for reply in replies]) if reader else [None] * len(replies)
    answers: dict[str, list[Reply]] = {}
    parents: dict[str, Post] = {}
    for (post, parent), direction in zip(replies, inferred, strict=True):
        split = split_of(post.author, recipe.seed, recipe.test)
        parents[parent.id] = parent
        answers.setdefault(parent.id, []).append(Reply(post, split, direction))
    written: list[dict[str, object]] = []
    choices: list[dict[str, object]] = []
    groups = [(parents[name], group) for name, group in answers.items()]
    made, counts["pairs"] = _pairs(groups, recipe)
    for (parent, group), pairs in zip(groups, made, strict=True):
        choices += [_choice_row(pair) for pair in pairs]
        in_test = any(pair.chosen.split == "test" for pair in pairs)
        written += [_written_row(reply, parent, in_test=in_test) for reply in group]
    for kind, rows, schema in (("written", written, _WRITTEN), ("choices", choices, _CHOICES)):
        table = pa.Table.from_pylist(rows, schema=schema)
        people = [bucket_of(str(row["person"]), folder.buckets) for row in rows]
        write_buckets(folder.file("link", bucket, kind), table, people, folder.buckets)
    folder.done("link", bucket, counts, dropped)


def _pairs(groups: Sequence[tuple[Post, Sequence[Reply]]], recipe: BuildRecipe) -> tuple[list[list[Pair]], StepCounts]:
    """The pairs of each post."""
    if recipe.pairs.rule == "drawn":
        return drawn_pairs(groups, recipe.pairs, recipe.seed)
    counts, made = StepCounts("pairs"), []
    for parent, group in groups:
        pairs, step = pairs_of(parent, group, recipe.pairs, recipe.seed)
        counts.add(step)
        made.append(pairs)
    return made, counts


def _sifted(folder: BuildFolder, bucket: int) -> list[Post]:
    """The posts of a bucket of threads that are no repetitions, in order."""
    verdict = np.load(folder.file("sift", 0, "npy"), mmap_mode="r")
    posts: list[Post] = []
    start = 0
    for file in folder.files("read", "arrow"):
        sizes = bucket_sizes(file, folder.buckets)
        first = start + sum(sizes[:bucket])
        kept = verdict[first : first + sizes[bucket]] == KEPT
        posts += posts_of(read_bucket([file], bucket)[0].filter(pa.array(kept)))
        start += sum(sizes)
    return posts


def _no_reply(post: Post, by_id: Mapping[str, Post], shortest: int) -> str | None:
    if post.parent is None:
        return "opens a thread"
    if post.parent not in by_id:
        return "what it answers is missing or was left out"
    if by_id[post.parent].author == post.author:
        return "answers its own author"
    # turns of chats were not looked at before
    lengths = (len(post.text), len(by_id[post.parent].text))
    return "it, or what it answers, is too short" if min(lengths) < shortest else None


_DIRECTION = pa.list_(pa.struct([("row", pa.int16()), ("sign", pa.int8()), ("sure", pa.float32())]))
_WRITTEN = pa.schema(
    [(name, pa.string()) for name in ("person", "id", "thread", "prompt", "text")]
    + [
        ("at", pa.timestamp("us", tz="UTC")),
        ("direction", _DIRECTION),
        ("in_test", pa.bool_()),
        ("origin", pa.string()),
    ]
)
_CHOICES = pa.schema(
    [(name, pa.string()) for name in ("person", "id", "thread", "prompt", "chosen", "rejected")]
    + [
        ("at", pa.timestamp("us", tz="UTC")),
        ("direction", _DIRECTION),
        ("split", pa.string()),
        ("origins", pa.list_(pa.string())),
        ("post", pa.string()),
    ]
)


def _written_row(reply: Reply, parent: Post, *, in_test: bool) -> dict[str, object]:
    post = reply.post
    return {
        "person": post.author,
        "id": post.id,
        "thread": post.thread,
        "prompt": parent.text,
        "text": post.text,
        "at": post.at,
        "direction": _sparse(reply.direction),
        "in_test": in_test,
        "origin": post.origin,
    }


def _choice_row(pair: Pair) -> dict[str, object]:
    chosen, rejected = pair.chosen.post, pair.rejected.post
    return {
        "person": pair.person,
        "id": pair.id,
        "thread": pair.parent.thread,
        "prompt": pair.parent.text,
        "chosen": chosen.text,
        "rejected": rejected.text,
        "at": chosen.at,
        "direction": _sparse(pair.direction),
        "split": pair.chosen.split,
        "origins": [pair.parent.origin, chosen.origin, rejected.origin],
        "post": chosen.id,
    }


def _sparse(direction: Direction | None) -> list[dict[str, object]] | None:
    if direction is None:
        return None
    sure = direction.probabilities()
    return [
        {"row": int(row), "sign": int(direction.signs[row]), "sure": float(sure[row])}
        for row in np.flatnonzero(direction.signs)
    ]
