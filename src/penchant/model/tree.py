"""The user tree: one packed row per user, so that a persona is computed once for all of the user's pairs.

A row holds, in depth-first order, `persona | task_1 | chosen_1 | rejected_1 | task_2 | ...`. Every token sees its
ancestors only, by a dense mask, and has the position it would have alone, so log-probabilities and gradients equal
those of one sequence at a time. Log-probabilities are taken at answer positions only; logits of whole rows never
exist. Works with any transformers causal language model that takes a 4-D attention mask.

Shapes: U users, N packed tokens, A answer tokens, S answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

_CHUNK_TOKENS = 4096
"""Answer tokens whose logits exist at once."""


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
    nodes: list[tuple[int, int, int]]
    """(start, end, end of descendants) of every node."""
    source: list[int]
    """For each answer token, the place whose hidden state predicts it."""
    target: list[int]
    """For each answer token, its id."""
    answer: list[int]
    """For each answer token, the answer it belongs to, in the order of branches and answers."""
    answers: int


def shared_prefix(prompts: Sequence[Sequence[int]]) -> int:
    """Length of the longest common beginning; at least one token of each prompt is left out of it."""
    limit = min(len(prompt) for prompt in prompts) - 1
    first = prompts[0]
    return next((i for i in range(limit) if any(p[i] != first[i] for p in prompts)), limit)


def pack(branches: Sequence[Branch]) -> Packed:
    """A user's branches as one row; the common beginning of their prompts becomes the root."""
    packed = Packed([], [], [], [], [], [], sum(len(branch.answers) for branch in branches))
    root = shared_prefix([branch.prompt for branch in branches])
    _add(packed, branches[0].prompt[:root], 0)
    answer = 0
    for branch in branches:
        task = _add(packed, branch.prompt[root:], root)
        last = len(packed.ids) - 1
        for ids in branch.answers:
            start = len(packed.ids)
            _add(packed, ids, len(branch.prompt))
            packed.source.extend([last, *range(start, start + len(ids) - 1)])
            packed.target.extend(ids)
            packed.answer.extend([answer] * len(ids))
            answer += 1
        packed.nodes[task] = (*packed.nodes[task][:2], len(packed.ids))
    packed.nodes[0] = (0, root, len(packed.ids))
    return packed


def _add(packed: Packed, ids: Sequence[int], depth: int) -> int:
    start = len(packed.ids)
    packed.ids.extend(ids)
    packed.positions.extend(range(depth, depth + len(ids)))
    packed.nodes.append((start, len(packed.ids), len(packed.ids)))
    return len(packed.nodes) - 1


@dataclass(frozen=True, slots=True)
class Batch:
    """Several users' trees, padded to one length."""

    ids_UN: Tensor
    positions_UN: Tensor
    mask_U1NN: Tensor
    """True where a token (row) sees another (column)."""
    source_A: Tensor
    """Places in the flattened (U * N) hidden states."""
    target_A: Tensor
    answer_A: Tensor
    """Answer index over the whole batch, users in order."""
    answers: int

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device."""
        return Batch(
            self.ids_UN.to(device),
            self.positions_UN.to(device),
            self.mask_U1NN.to(device),
            self.source_A.to(device),
            self.target_A.to(device),
            self.answer_A.to(device),
            self.answers,
        )


def collate(trees: Sequence[Packed], *, pad_id: int) -> Batch:
    """Pads trees to one batch; a padding token sees itself only, so no row of attention is empty."""
    width = max(len(tree.ids) for tree in trees)
    ids = torch.full((len(trees), width), pad_id)
    positions = torch.zeros((len(trees), width), dtype=torch.long)
    mask = torch.eye(width, dtype=torch.bool).repeat(len(trees), 1, 1)
    source, target, answer, answers = [], [], [], 0
    for row, tree in enumerate(trees):
        size = len(tree.ids)
        ids[row, :size] = torch.tensor(tree.ids)
        positions[row, :size] = torch.tensor(tree.positions)
        for start, end, last in tree.nodes:
            mask[row, start:end, start:end] = torch.ones(end - start, end - start, dtype=torch.bool).tril()
            mask[row, end:last, start:end] = True
        source.append(torch.tensor(tree.source) + row * width)
        target.append(torch.tensor(tree.target))
        answer.append(torch.tensor(tree.answer) + answers)
        answers += tree.answers
    return Batch(ids, positions, mask[:, None], torch.cat(source), torch.cat(target), torch.cat(answer), answers)


def token_logprobs(model: Any, batch: Batch) -> Tensor:
    """log p of every answer token, nats, (A,), float32 at least.

    Args:
        model: a transformers causal language model with a 4-D mask capable attention (`sdpa` or `eager`).
        batch: on the model's device.
    """
    output = model.base_model(
        input_ids=batch.ids_UN,
        position_ids=batch.positions_UN,
        attention_mask=_additive(batch.mask_U1NN, next(model.parameters()).dtype),
        use_cache=False,
    )
    hidden_AD = output.last_hidden_state.flatten(0, 1)[batch.source_A]
    head = model.get_output_embeddings()
    chunks = zip(torch.split(hidden_AD, _CHUNK_TOKENS), torch.split(batch.target_A, _CHUNK_TOKENS), strict=True)
    return torch.cat([_chunk_logprobs(head(hidden), target) for hidden, target in chunks])


def _additive(mask: Tensor, dtype: torch.dtype) -> Tensor:
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill_(~mask, torch.finfo(dtype).min)


def _chunk_logprobs(logits: Tensor, target: Tensor) -> Tensor:
    logits = logits if logits.dtype == torch.float64 else logits.float()
    return -torch.nn.functional.cross_entropy(logits, target, reduction="none")


def answer_logprobs(model: Any, batch: Batch, *, dtype: torch.dtype = torch.float32) -> Tensor:
    """Summed log p of every answer, nats, (S,); the sum is taken in `dtype`."""
    tokens = token_logprobs(model, batch).to(dtype)
    return torch.zeros(batch.answers, dtype=dtype, device=tokens.device).index_add(0, batch.answer_A, tokens)
