"""The user tree: the common parts of a user's prompts are computed once, forward and backward.

A user is packed in depth-first order, `trunk | task_1 | chosen_1 | rejected_1 | task_2 | ...`. The trunk is the
beginning that the prompts share: the persona and, where a conversation is asked about at several turns, its earlier
turns. A branch hangs at its own depth of the trunk, deeper ones first, so that the descendants of every token lie in
one run.
Several users are concatenated into one flat row without padding. Each token attends only to its ancestors
(`model.attention`), and has the position that it would have in a sequence of its own.

Shapes: N packed tokens, A answer tokens, S answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import torch
from torch import Tensor

from penchant.model.attention import Backend, Paths, Shape, Span

_STEP = 16
"""Fewest tokens of the trunk between two depths at which branches hang: each depth costs attention calls in every
layer, and a branch that hangs higher only repeats up to this many tokens."""
_MAX_LENGTH_RATIO = 1.25
"""Longest path of a bucket divided by its shortest, at most; bounds the padding."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One task of a user, with the answers to compare."""

    prompt: tuple[int, ...]
    """Token ids of the prompt, including the persona."""
    answers: tuple[tuple[int, ...], ...]
    """Token ids of each answer, including its end of turn."""


@dataclass(frozen=True, slots=True)
class Packed:
    """One user's tree as a flat row."""

    ids: list[int]
    positions: list[int]
    last: list[int]
    """For each token, the end of the descendants of its node."""
    root: int
    """Number of tokens of the trunk, which comes first."""
    groups: list[tuple[int, int, int]]
    """(depth, start, end) of each run of branches that hang at one depth, deepest first; only depths above 0."""
    paths: list[tuple[range, range, bool]]
    """For each answer: the indices of its task's tokens and of its own, and whether it is the task's first answer. Of
    an answer in the trunk, the task is its whole prompt."""
    source: list[int]
    """For each answer token, the index of the token whose hidden state predicts it."""
    target: list[int]
    """For each answer token, its id."""
    answer: list[int]
    """For each answer token, the index of its answer, in the order of branches and answers."""

    @property
    def longest(self) -> int:
        """Tokens of the longest prompt with its longest answer."""
        return max(self.positions) + 1


def common(left: tuple[int, ...], right: tuple[int, ...]) -> int:
    """Length of the common beginning of two sequences; by halves, as comparing slices is fast."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def hang(steps: Sequence[int], lengths: Sequence[int]) -> tuple[int, list[int]]:
    """Chooses the prompt whose beginning becomes the trunk: of sorted prompts, the one most in common with another.

    Args:
        steps: tokens that each prompt has in common with the next one.
        lengths: tokens of each prompt.
    Returns:
        The index of the trunk's prompt, and for each prompt the number of its tokens that are taken from the trunk; one
        at least is left to each.
    """
    trunk = max(range(len(steps)), key=steps.__getitem__, default=0)
    # of sorted prompts, two have in common what all neighbours between them have
    before = [*accumulate(reversed(steps[:trunk]), min)][::-1]
    after = [*accumulate(steps[trunk:], min)]
    shared = [*before, max(steps, default=lengths[trunk]), *after]
    shared = [min(common, length - 1) for common, length in zip(shared, lengths, strict=True)]
    level = min(shared)
    levels = {}
    for depth in sorted(set(shared)):
        level = depth if depth - level >= _STEP else level
        levels[depth] = level
    return trunk, [levels[depth] for depth in shared]


def pack(branches: Sequence[Branch]) -> Packed:
    """Packs a user's branches into one row; what their prompts share becomes the trunk.

    An answer with which the trunk itself goes on, as the one that was given in a conversation, is read off the trunk.
    """
    order = sorted(range(len(branches)), key=lambda index: branches[index].prompt)
    prompts = [branches[index].prompt for index in order]
    first, depths = hang([common(*pair) for pair in pairwise(prompts)], [len(prompt) for prompt in prompts])
    hung, root = dict(zip(order, depths, strict=True)), max(depths)
    packed = Packed(ids=[], positions=[], last=[], root=root, groups=[], paths=[], source=[], target=[], answer=[])
    trunk = prompts[first][:root]
    _add(packed, trunk, 0)
    nodes: dict[int, list[tuple[range, range]]] = {}
    for index in sorted(range(len(branches)), key=lambda index: -hung[index]):
        branch, depth, length = branches[index], hung[index], len(branches[index].prompt)
        goes_on = trunk[:length] == branch.prompt
        taken = [goes_on and trunk[length : length + len(ids)] == ids for ids in branch.answers]
        task = range(0) if all(taken) else _add(packed, branch.prompt[depth:], depth)
        nodes[index] = [
            (range(length), range(length, length + len(ids))) if is_taken else (task, _add(packed, ids, length))
            for ids, is_taken in zip(branch.answers, taken, strict=True)
        ]
        if not task:
            continue
        end = len(packed.ids)
        packed.last[task.start : task.stop] = [end] * len(task)
        # a token of the trunk is an ancestor of all branches so far that hang below it
        packed.last[:depth] = [end] * depth
        if packed.groups and packed.groups[-1][0] == depth:
            packed.groups[-1] = (depth, packed.groups[-1][1], end)
        elif depth:
            packed.groups.append((depth, task.start, end))
    for task, own in (node for index in range(len(branches)) for node in nodes[index]):
        packed.source.extend([task[-1], *own[:-1]])
        packed.target.extend(packed.ids[own.start : own.stop])
        packed.answer.extend([len(packed.paths)] * len(own))
        packed.paths.append((task, own, own.start == task.stop))
    return packed


def _add(packed: Packed, ids: Sequence[int], depth: int) -> range:
    """Appends a node that starts at position `depth`; returns the indices of its tokens."""
    indices = range(len(packed.ids), len(packed.ids) + len(ids))
    packed.ids.extend(ids)
    packed.positions.extend(range(depth, depth + len(ids)))
    packed.last.extend([indices.stop] * len(ids))
    return indices


@dataclass(frozen=True, slots=True)
class Forest:
    """The trees of several users in one flat row."""

    ids_N: Tensor
    positions_N: Tensor
    shape: Shape
    source_A: Tensor
    target_A: Tensor
    answer_A: Tensor
    """For each answer token, the index of its answer in the forest, users in order."""
    answers: int
    """Number of answers."""

    def to(self, device: torch.device | str) -> Forest:
        """The same forest on a device, with the attention back end for that device."""
        shape = self.shape
        paths = (Paths(paths.index_LT.to(device), paths.counted_LT.to(device)) for paths in shape.paths)
        return Forest(
            ids_N=self.ids_N.to(device),
            positions_N=self.positions_N.to(device),
            shape=Shape(
                trees=shape.trees,
                longest=shape.longest,
                last_N=shape.last_N.to(device),
                paths=tuple(paths),
                backend=_backend_for(torch.device(device)),
            ),
            source_A=self.source_A.to(device),
            target_A=self.target_A.to(device),
            answer_A=self.answer_A.to(device),
            answers=self.answers,
        )

    def answer_tokens(self) -> Tensor:
        """Number of tokens of each answer, (S,)."""
        return torch.bincount(self.answer_A, minlength=self.answers)

    def rounded(self) -> Forest:
        """The same forest, padded so that only few lengths occur.

        An empty tree at the end pads the tokens; the padding targets all use the first token. `answer_A` is not padded.
        """
        size, targets = len(self.ids_N), len(self.target_A)
        empty, extra = _round_up(size) - size, _round_up(targets) - targets
        if not empty and not extra:
            return self
        end = torch.arange(size + 1, size + empty + 1, device=self.ids_N.device)
        padding = (Span(size, trunk=size, end=size + empty, groups=()),) if empty else ()
        shape = Shape(
            trees=(*self.shape.trees, *padding),
            longest=self.shape.longest,
            last_N=torch.cat([self.shape.last_N, end]),
            paths=self.shape.paths,
            backend=self.shape.backend,
        )
        ids, positions = (torch.nn.functional.pad(x, (0, empty)) for x in (self.ids_N, self.positions_N))
        source, target = (torch.nn.functional.pad(x, (0, extra)) for x in (self.source_A, self.target_A))
        return replace(self, ids_N=ids, positions_N=positions, shape=shape, source_A=source, target_A=target)

    def with_backend(self, backend: Backend) -> Forest:
        """The same forest with another attention back end."""
        shape = self.shape
        fresh = Shape(shape.trees, longest=shape.longest, last_N=shape.last_N, paths=shape.paths, backend=backend)
        return replace(self, shape=fresh)


def _round_up(count: int) -> int:
    """Rounds up to one of sixteen lengths per power of two: at most a sixteenth more."""
    step = 1 << max(0, count.bit_length() - 5)
    return -(-count // step) * step


def _backend_for(device: torch.device) -> Backend:
    return "flex" if device.type == "cuda" else "blocks"


def collate(trees: Sequence[Packed]) -> Forest:
    """Concatenates trees into a forest."""
    ids: list[int] = []
    positions: list[int] = []
    last: list[int] = []
    spans: list[Span] = []
    paths: list[tuple[range, range, bool]] = []
    source: list[int] = []
    target: list[int] = []
    answer: list[int] = []
    answers = 0
    for tree in trees:
        start = len(ids)
        ids.extend(tree.ids)
        positions.extend(tree.positions)
        last.extend([start + end for end in tree.last])
        groups = tuple((start + depth, start + first, start + end) for depth, first, end in tree.groups)
        spans.append(Span(start, trunk=start + tree.root, end=len(ids), groups=groups))
        source.extend([start + index for index in tree.source])
        target.extend(tree.target)
        answer.extend([answers + index for index in tree.answer])
        answers += len(tree.paths)
        hanging = [path for path in tree.paths if path[1].start >= tree.root]
        paths.extend((_shifted(task, start), _shifted(own, start), first) for task, own, first in hanging)
    return Forest(
        ids_N=torch.tensor(ids),
        positions_N=torch.tensor(positions),
        shape=Shape(
            trees=tuple(spans),
            longest=max((tree.longest for tree in trees), default=0),
            last_N=torch.tensor(last),
            paths=tuple(_buckets(paths)),
            backend=_backend_for(torch.device("cpu")),
        ),
        source_A=torch.tensor(source),
        target_A=torch.tensor(target),
        answer_A=torch.tensor(answer),
        answers=answers,
    )


def _shifted(indices: range, by: int) -> range:
    return range(indices.start + by, indices.stop + by)


def _buckets(paths: Sequence[tuple[range, range, bool]]) -> Iterator[Paths]:
    """Groups paths of similar length, so that little padding is needed."""
    bucket: list[tuple[range, range, bool]] = []
    for path in sorted(paths, key=lambda path: len(path[0]) + len(path[1])):
        if bucket and len(path[0]) + len(path[1]) > _MAX_LENGTH_RATIO * (len(bucket[0][0]) + len(bucket[0][1])):
            yield _padded(bucket)
            bucket = []
        bucket.append(path)
    if bucket:
        yield _padded(bucket)


def _padded(bucket: Sequence[tuple[range, range, bool]]) -> Paths:
    width = len(bucket[-1][0]) + len(bucket[-1][1])
    indices, counted = [], []
    for task, own, first in bucket:
        empty = width - len(task) - len(own)
        indices.append([*task, *own, *[own[-1]] * empty])
        counted.append([first] * len(task) + [True] * len(own) + [False] * empty)
    return Paths(index_LT=torch.tensor(indices), counted_LT=torch.tensor(counted))


def sum_answers(tokens_A: Tensor, forest: Forest) -> Tensor:
    """Sums over the tokens of each answer, (S,), float64, because margins are small differences of large sums."""
    empty = torch.zeros(forest.answers, dtype=torch.float64, device=tokens_A.device)
    return empty.index_add(0, forest.answer_A, tokens_A.double())
