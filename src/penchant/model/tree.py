"""The user tree: what a user's pairs share is computed once, for all of them, forward and backward.

A user is packed in depth-first order, `persona | task_1 | chosen_1 | rejected_1 | task_2 | ...`; several users stand
one after another in one flat row without padding. Every token sees its ancestors only (model.attention) and has the
position it would have alone, so log-probabilities and gradients equal those of one sequence at a time. They are taken
at answer positions only; logits of whole rows never exist. Works with stock transformers causal language models;
where a model's attention cannot be routed, each tree is one pass with a dense mask, after one warning.

Shapes: N packed tokens, A answer tokens, S answers.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from penchant.errors import ModelError
from penchant.model.attention import Backend, Paths, Shape, routed
from penchant.model.head import target_logprobs

_PADDING = 1.25
"""Longest path of a bucket over its shortest."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One task of a user with the answers to compare."""

    prompt: tuple[int, ...]
    """Token ids of the whole prompt, the persona included."""
    answers: tuple[tuple[int, ...], ...]
    """Token ids of each answer, end of turn included."""


@dataclass(frozen=True, slots=True)
class Packed:
    """One user's tree as a flat row."""

    ids: list[int]
    positions: list[int]
    last: list[int]
    """For each token, the end of the descendants of its node."""
    root: int
    """Tokens of the shared beginning; it comes first."""
    paths: list[tuple[range, range, bool]]
    """For each answer, the places of its task and its own, and whether it is the task's first."""
    source: list[int]
    """For each answer token, the place whose hidden state predicts it."""
    target: list[int]
    """For each answer token, its id."""
    answer: list[int]
    """For each answer token, the answer it belongs to, in the order of branches and answers."""


def shared_prefix(prompts: Sequence[tuple[int, ...]]) -> int:
    """Length of the longest common beginning; at least one token of each prompt is left out of it."""
    limit = min(len(prompt) for prompt in prompts) - 1
    # what the first and the last in order have in common, all between them have too
    low, high = min(prompts), max(prompts)
    return next((i for i in range(limit) if low[i] != high[i]), limit)


def pack(branches: Sequence[Branch]) -> Packed:
    """A user's branches as one row; the common beginning of their prompts becomes the root."""
    root = shared_prefix([branch.prompt for branch in branches])
    packed = Packed([], [], [], root, [], [], [], [])
    _add(packed, branches[0].prompt[:root], 0)
    for branch in branches:
        task = _add(packed, branch.prompt[root:], root)
        for ids in branch.answers:
            own = _add(packed, ids, len(branch.prompt))
            packed.source.extend([task[-1], *own[:-1]])
            packed.target.extend(ids)
            packed.answer.extend([len(packed.paths)] * len(ids))
            packed.paths.append((task, own, own.start == task.stop))
        packed.last[task.start : task.stop] = [len(packed.ids)] * len(task)
    packed.last[:root] = [len(packed.ids)] * root
    return packed


def _add(packed: Packed, ids: Sequence[int], depth: int) -> range:
    places = range(len(packed.ids), len(packed.ids) + len(ids))
    packed.ids.extend(ids)
    packed.positions.extend(range(depth, depth + len(ids)))
    packed.last.extend([places.stop] * len(ids))
    return places


@dataclass(frozen=True, slots=True)
class Forest:
    """Several users' trees in one flat row."""

    ids_N: Tensor
    positions_N: Tensor
    shape: Shape
    source_A: Tensor
    target_A: Tensor
    answer_A: Tensor
    """Answer index over the whole forest, users in order."""
    answers: int

    def to(self, device: torch.device | str) -> Forest:
        """The same forest on a device, with the attention back end that fits it."""
        shape = self.shape
        moved = Shape(
            shape.trees,
            shape.last_N.to(device),
            tuple(Paths(paths.places_LT.to(device), paths.own_LT.to(device)) for paths in shape.paths),
            _fitting(torch.device(device)),
        )
        tensors = (x.to(device) for x in (self.ids_N, self.positions_N, self.source_A, self.target_A, self.answer_A))
        ids, positions, source, target, answer = tensors
        return Forest(ids, positions, moved, source, target, answer, self.answers)

    def answer_tokens(self) -> Tensor:
        """Tokens of each answer, (S,)."""
        return torch.bincount(self.answer_A, minlength=self.answers)

    def rounded(self) -> Forest:
        """The same forest in one of few lengths: a last tree of nobody fills it up, and targets repeat a place."""
        size, targets = len(self.ids_N), len(self.target_A)
        empty, more = _round(size) - size, _round(targets) - targets
        if not empty and not more:
            return self
        end = torch.arange(size + 1, size + empty + 1, device=self.ids_N.device)
        nobody = ((size, size, size + empty),) if empty else ()
        shape = Shape(
            (*self.shape.trees, *nobody),
            torch.cat([self.shape.last_N, end]),
            self.shape.paths,
            self.shape.backend,
        )
        ids, positions = (torch.nn.functional.pad(x, (0, empty)) for x in (self.ids_N, self.positions_N))
        source, target = (torch.nn.functional.pad(x, (0, more)) for x in (self.source_A, self.target_A))
        return replace(self, ids_N=ids, positions_N=positions, shape=shape, source_A=source, target_A=target)

    def with_backend(self, backend: Backend) -> Forest:
        """The same forest under another attention back end."""
        return replace(self, shape=Shape(self.shape.trees, self.shape.last_N, self.shape.paths, backend))


def _round(count: int) -> int:
    """The next of sixteen lengths per power of two: at most a sixteenth more."""
    step = 1 << max(0, count.bit_length() - 5)
    return -(-count // step) * step


def _fitting(device: torch.device) -> Backend:
    return "flex" if device.type == "cuda" else "blocks"


def collate(trees: Sequence[Packed]) -> Forest:
    """Trees one after another."""
    ids: list[int] = []
    positions: list[int] = []
    last: list[int] = []
    spans: list[tuple[int, int, int]] = []
    paths: list[tuple[range, range, bool]] = []
    source: list[int] = []
    target: list[int] = []
    answer: list[int] = []
    for tree in trees:
        start, answers = len(ids), len(paths)
        ids.extend(tree.ids)
        positions.extend(tree.positions)
        last.extend([start + place for place in tree.last])
        spans.append((start, start + tree.root, len(ids)))
        source.extend([start + place for place in tree.source])
        target.extend(tree.target)
        answer.extend([answers + number for number in tree.answer])
        paths.extend((_shifted(task, start), _shifted(own, start), first) for task, own, first in tree.paths)
    shape = Shape(tuple(spans), torch.tensor(last), tuple(_buckets(paths)), _fitting(torch.device("cpu")))
    row, depth, sources, targets, owners = (torch.tensor(values) for values in (ids, positions, source, target, answer))
    return Forest(row, depth, shape, sources, targets, owners, len(paths))


def _shifted(places: range, by: int) -> range:
    return range(places.start + by, places.stop + by)


def _buckets(paths: Sequence[tuple[range, range, bool]]) -> Iterator[Paths]:
    """Paths of like length together, so that little is padding."""
    bucket: list[tuple[range, range, bool]] = []
    for path in sorted(paths, key=lambda path: len(path[0]) + len(path[1])):
        if bucket and len(path[0]) + len(path[1]) > _PADDING * (len(bucket[0][0]) + len(bucket[0][1])):
            yield _padded(bucket)
            bucket = []
        bucket.append(path)
    if bucket:
        yield _padded(bucket)


def _padded(bucket: Sequence[tuple[range, range, bool]]) -> Paths:
    width = len(bucket[-1][0]) + len(bucket[-1][1])
    places, spoken = [], []
    for task, own, first in bucket:
        empty = width - len(task) - len(own)
        places.append([*task, *own, *[own[-1]] * empty])
        spoken.append([first] * len(task) + [True] * len(own) + [False] * empty)
    return Paths(torch.tensor(places), torch.tensor(spoken))


def token_logprobs(model: Any, forest: Forest) -> Tensor:
    """log p of every answer token, nats, (A,), float32 at least.

    Args:
        model: a transformers causal language model, with adapters or without.
        forest: on the model's device.
    Raises:
        ModelError: the model looks back over a window that is shorter than a conversation.
    """
    plain = model.get_base_model() if hasattr(model, "get_base_model") else model
    _refuse_window(plain, forest)
    # in bfloat16 on a CPU a kernel is compiled and kept for every new length, about a megabyte each
    few = forest.rounded() if _compiles(plain, forest.ids_N.device) else forest
    hidden_ND = _hidden(plain, few)
    return target_logprobs(plain, hidden_ND[few.source_A], few.target_A)[: len(forest.target_A)]


def _compiles(model: Any, device: torch.device) -> bool:
    mixed = torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") == torch.bfloat16
    return device.type == "cpu" and (mixed or next(model.parameters()).dtype == torch.bfloat16)


def _hidden(model: Any, forest: Forest) -> Tensor:
    if type(model) not in _UNROUTED:
        shape = forest.shape
        before = shape.calls
        try:
            with routed(model):
                output = model.base_model(
                    input_ids=forest.ids_N[None], position_ids=forest.positions_N[None], use_cache=False, tree=shape
                )
        except (TypeError, ValueError, RuntimeError, ModelError) as error:
            if shape.calls > before:
                raise
            reason = str(error).partition("\n")[0]
        else:
            if shape.calls > before:
                hidden: Tensor = output.last_hidden_state[0]
                return hidden
            reason = "its layers do not use the public attention interface"
        _UNROUTED.add(type(model))
        warnings.warn(
            f"the attention of {type(model).__name__} cannot be routed ({reason}); "
            "each tree takes a dense mask, which is exact but slow",
            stacklevel=2,
        )
    return torch.cat([_masked(model, forest, start, end) for start, _, end in forest.shape.trees])


_UNROUTED: set[type] = set()
"""Model classes whose attention could not be routed; each warned of once."""


def _masked(model: Any, forest: Forest, start: int, end: int) -> Tensor:
    dtype = next(model.parameters()).dtype
    seen = forest.shape.mask(start, end)
    added = torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill_(~seen, torch.finfo(dtype).min)
    output = model.base_model(
        input_ids=forest.ids_N[None, start:end],
        position_ids=forest.positions_N[None, start:end],
        attention_mask=added[None, None],
        use_cache=False,
    )
    hidden: Tensor = output.last_hidden_state[0]
    return hidden


def _refuse_window(model: Any, forest: Forest) -> None:
    window = getattr(model.config, "sliding_window", None)
    kinds = getattr(model.config, "layer_types", None)
    if window is None or (kinds is not None and "sliding_attention" not in kinds):
        return
    longest = int(forest.positions_N.max()) + 1
    if longest > window:
        raise ModelError(
            f"a conversation of {longest} tokens is longer than the model's attention window of {window}; "
            "lower max_prompt_tokens"
        )


def answer_logprobs(model: Any, forest: Forest) -> Tensor:
    """Summed log p of every answer, nats, (S,), float64."""
    return sum_answers(token_logprobs(model, forest), forest)


def sum_answers(tokens_A: Tensor, forest: Forest) -> Tensor:
    """Sums over the tokens of each answer, (S,); in float64, as margins are small differences of large sums."""
    empty = torch.zeros(forest.answers, dtype=torch.float64, device=tokens_A.device)
    return empty.index_add(0, forest.answer_A, tokens_A.double())
