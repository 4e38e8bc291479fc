"""A transformers causal language model on this machine's CPU or GPU."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from penchant.message import Message
from penchant.model.base import Candidates, Likelihood, Sampling, Written
from penchant.model.chat import ChatTokenizer, Encoded, smallest
from penchant.model.likelihood import answer_logprobs
from penchant.model.load import load_parts, positions_of
from penchant.model.step import LocalContexts, Memories
from penchant.model.tree import Branch, Packed, collate, common, hang, pack
from penchant.model.write import stream, write

_BATCH_TOKENS = {"cpu": 2_048, "cuda": 16_384}
"""Packed tokens per scoring pass, at most; on a CPU, results that exceed its cache would take a tenth more time."""
_ROWS = {"cpu": 16, "cuda": 64}
"""Answers that are written at once, at most."""
_PIECE_CHARS = 4_000_000
"""Characters that are tokenised together, at most: about a million tokens, which take some 160 MB."""
_TREE_TOKENS = 8_192
"""Packed tokens of one tree, at most; a user with more is scored in several trees."""


class LocalModel:
    """A transformers model as a `Model`."""

    def __init__(self, model: Any, tokenizer: ChatTokenizer, *, name: str) -> None:
        self.model = model.eval()
        self.chat = tokenizer
        self.name = name
        self.context = smallest(tokenizer.context, positions_of(model.config))
        """See `Scores.context`."""
        self._memories = Memories(self.model)

    @classmethod
    def load(
        cls, source: str, *, name: str | None = None, template: str | None = None, revision: str | None = None
    ) -> LocalModel:
        """Loads a folder or Hub id, onto the GPU if there is one; see `load.load_parts`."""
        model, tokenizer = load_parts(source, template=template, revision=revision)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        return cls(model.to(device), tokenizer, name=name or Path(source).name)

    def count(self, messages: Sequence[Message], *, enough: int = 0) -> int:
        """See `Model.count`."""
        return self.chat.count(messages, enough=enough)

    @torch.inference_mode()
    def logprobs(self, candidates: Sequence[Candidates]) -> list[tuple[Likelihood, ...]]:
        """See `Model.logprobs`; sums are taken in float64. The tokens of one piece at a time are in memory."""
        return [likelihood for piece in _pieces(candidates) for likelihood in self._logprobs(piece)]

    def _logprobs(self, candidates: Sequence[Candidates]) -> list[tuple[Likelihood, ...]]:
        encoded = self.chat.encode_all([(prompt.messages, prompt.answers) for prompt in candidates])
        # sorted by tokens, prompts with a common beginning are neighbours, whatever their order in the call
        order = sorted(range(len(encoded)), key=lambda index: encoded[index].prompt)
        groups = _groups([encoded[index] for index in order])
        trees = [(start, pack([Branch(e.prompt, e.answers) for e in group])) for start, group in groups]
        scores: dict[int, list[float]] = {}
        budget = _BATCH_TOKENS.get(self.model.device.type, _BATCH_TOKENS["cuda"])
        for batch in _batches(trees, budget):
            packed = [tree for _, tree in batch]
            sums = answer_logprobs(self.model, collate(packed).to(self.model.device))
            parts = torch.split(sums, [len(tree.paths) for tree in packed])
            scores.update({start: part.tolist() for (start, _), part in zip(batch, parts, strict=True)})
        flat = iter([value for start, _ in trees for value in scores[start]])
        results = {index: tuple(Likelihood(next(flat), len(ids)) for ids in encoded[index].answers) for index in order}
        return [results[index] for index in range(len(encoded))]

    @property
    def ends(self) -> frozenset[int]:
        """See `Steps.ends`."""
        return frozenset(self.chat.end_ids(getattr(self.model, "generation_config", None)))

    @cached_property
    def vocabulary(self) -> str:
        """See `Steps.vocabulary`."""
        tokens = sorted(self.chat.tokenizer.get_vocab().items())
        return hashlib.blake2b(json.dumps(tokens).encode(), digest_size=16).hexdigest()

    def answer_ids(self, prompt: Sequence[Message], answers: Sequence[str]) -> Sequence[Sequence[int]]:
        """See `Steps.answer_ids`."""
        return self.chat.encode(prompt, answers).answers

    def decode(self, tokens: Sequence[int]) -> str:
        """See `Steps.decode`."""
        # spaces are never cleaned up, so that a text only grows with its tokens
        decoded = self.chat.tokenizer.decode(list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return str(decoded)

    def open(self, prompts: Sequence[Sequence[Message]], *, room: int = 0) -> LocalContexts:
        """See `Steps.open`."""
        return LocalContexts(self.model, self._memories, [self.chat.prompt_ids(p) for p in prompts], room=room)

    def write(self, prompts: Sequence[Sequence[Message]], settings: Sampling) -> list[Written]:
        """See `Writes.write`."""
        return write(self, prompts, settings, rows=_ROWS.get(self.model.device.type, _ROWS["cuda"]))

    def stream(self, prompt: Sequence[Message], settings: Sampling) -> Iterator[str | Written]:
        """See `Writes.stream`."""
        return stream(self, prompt, settings)


def _pieces(candidates: Sequence[Candidates]) -> Iterator[Sequence[Candidates]]:
    """Neighbours with together at most `_PIECE_CHARS` characters; a single prompt may have more."""
    start = size = 0
    for place, prompt in enumerate(candidates):
        length = sum(len(message.content) for message in prompt.messages) + sum(map(len, prompt.answers))
        if place > start and size + length > _PIECE_CHARS:
            yield candidates[start:place]
            start, size = place, 0
        size += length
    yield candidates[start:]


def _groups(encoded: Sequence[Encoded]) -> Iterator[tuple[int, list[Encoded]]]:
    """Groups neighbours with a common beginning while their tree fits `_TREE_TOKENS`; yields (first index, group)."""
    group: list[Encoded] = []
    steps: list[int] = []
    start = size = 0
    for index, item in enumerate(encoded):
        alone = _tokens([item], [])
        if group:
            step = common(group[-1].prompt, item.prompt)
            grown = _tokens([*group, item], [*steps, step])
            # worth it if more than half of the prompt is then computed with others
            if (alone + size - grown) * 2 > len(item.prompt) and grown <= _TREE_TOKENS:
                group.append(item)
                steps.append(step)
                size = grown
                continue
            yield start, group
        group, steps, start, size = [item], [], index, alone
    if group:
        yield start, group


def _tokens(group: Sequence[Encoded], steps: Sequence[int]) -> int:
    """Packed tokens of the tree of a group whose neighbours have `steps` tokens in common."""
    lengths = [len(item.prompt) for item in group]
    _, depths = hang(steps, lengths)
    return max(depths) + sum(lengths) - sum(depths) + sum(len(ids) for item in group for ids in item.answers)


def _batches(trees: Sequence[tuple[int, Packed]], budget: int) -> Iterator[list[tuple[int, Packed]]]:
    """Batches of trees, in order, each within the budget of packed tokens."""
    batch: list[tuple[int, Packed]] = []
    size = 0
    for tree in trees:
        if batch and size + len(tree[1].ids) > budget:
            yield batch
            batch, size = [], 0
        batch.append(tree)
        size += len(tree[1].ids)
    if batch:
        yield batch
