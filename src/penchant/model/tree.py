"""The user tree: the common part of a user's pairs is computed once for all pairs, forward and backward.

A user is packed in depth-first order, `persona | task_1 | chosen_1 | rejected_1 | task_2 | ...`. Several users are
concatenated into one flat row without padding. Each token attends only to its ancestors (`model.attention`), and has
the position that it would have in a sequence of its own. Therefore log-probabilities and gradients equal those of one
sequence at a time. Logits are computed at answer positions only, never for whole rows. This works with stock
transformers causal language models. If a model does not accept this attention, each tree takes one pass with a dense
mask, after one warning.

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
    """Number of tokens of the prompts' common beginning, which comes first."""
    paths: list[tuple[range, range, bool]]
    """For each answer: the indices of its task's tokens and of its own, and whether it is the task's first answer."""
    source: list[int]
    """For each answer token, the index of the token whose hidden state predicts it."""
    target: list[int]
    """For each answer token, its id."""
    answer: list[int]
    """For each answer token, the index of its answer, in the order of branches and answers."""


def shared_prefix(prompts: Sequence[tuple[int, ...]]) -> int:
    """Length of the longest common beginning that leaves at least one token of each prompt."""
    limit = min(len(prompt) for prompt in prompts) - 1
    # sorted prompts between the first and the last share at least the beginning that these two share
    low, high = min(prompts), max(prompts)
    return next((i for i in range(limit) if low[i] != high[i]), limit)


def pack(branches: Sequence[Branch]) -> Packed:
    """Packs a user's branches into one row; the common beginning of their prompts becomes the root."""
    root = shared_prefix([branch.prompt for branch in branches])
    packed = Packed(ids=[], positions=[], last=[], root=root, paths=[], source=[], target=[], answer=[])
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
        padding = ((size, size, size + empty),) if empty else ()
        shape = Shape(
            trees=(*self.shape.trees, *padding),
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
        return replace(self, shape=Shape(shape.trees, last_N=shape.last_N, paths=shape.paths, backend=backend))


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
    spans: list[tuple[int, int, int]] = []
    paths: list[tuple[range, range, bool]] = []
    source: list[int] = []
    target: list[int] = []
    answer: list[int] = []
    for tree in trees:
        start, answers = len(ids), len(paths)
        ids.extend(tree.ids)
        positions.extend(tree.positions)
        last.extend([start + end for end in tree.last])
        spans.append((start, start + tree.root, len(ids)))
        source.extend([start + index for index in tree.source])
        target.extend(tree.target)
        answer.extend([answers + index for index in tree.answer])
        paths.extend((_shifted(task, start), _shifted(own, start), first) for task, own, first in tree.paths)
    return Forest(
        ids_N=torch.tensor(ids),
        positions_N=torch.tensor(positions),
        shape=Shape(
            trees=tuple(spans),
            last_N=torch.tensor(last),
            paths=tuple(_buckets(paths)),
            backend=_backend_for(torch.device("cpu")),
        ),
        source_A=torch.tensor(source),
        target_A=torch.tensor(target),
        answer_A=torch.tensor(answer),
        answers=len(paths),
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


def token_logprobs(model: Any, forest: Forest) -> Tensor:
    """log p of every answer token, nats, (A,), float32 at least.

    Args:
        model: a transformers causal language model, with or without adapters.
        forest: on the model's device.
    Raises:
        ModelError: the model's attention window is shorter than a conversation.
    """
    plain = model.get_base_model() if hasattr(model, "get_base_model") else model
    _check_window(plain, forest)
    # bfloat16 on a CPU compiles a kernel for every new length, and keeps it: about a megabyte each
    padded = forest.rounded() if _compiles_per_length(plain, forest.ids_N.device) else forest
    hidden_ND = _hidden(plain, padded)
    return target_logprobs(plain, hidden_ND[padded.source_A], padded.target_A)[: len(forest.target_A)]


def _compiles_per_length(model: Any, device: torch.device) -> bool:
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
            "each tree uses a dense mask instead, which is exact but slow",
            stacklevel=2,
        )
    return torch.cat([_masked(model, forest, start=start, end=end) for start, _, end in forest.shape.trees])


_UNROUTED: set[type] = set()
"""Model classes whose attention could not be routed; there is one warning per class."""


def _masked(model: Any, forest: Forest, *, start: int, end: int) -> Tensor:
    """Hidden states of one tree, by the model's own attention with a dense mask."""
    dtype = next(model.parameters()).dtype
    mask = forest.shape.mask(start, end)
    bias = torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill_(~mask, torch.finfo(dtype).min)
    output = model.base_model(
        input_ids=forest.ids_N[None, start:end],
        position_ids=forest.positions_N[None, start:end],
        attention_mask=bias[None, None],
        use_cache=False,
    )
    hidden: Tensor = output.last_hidden_state[0]
    return hidden


def _check_window(model: Any, forest: Forest) -> None:
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
    """Sums over the tokens of each answer, (S,), float64, because margins are small differences of large sums."""
    empty = torch.zeros(forest.answers, dtype=torch.float64, device=tokens_A.device)
    return empty.index_add(0, forest.answer_A, tokens_A.double())
