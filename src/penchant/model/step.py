"""Contexts of a transformers model that grow token by token, in batches, with rollback (`model.base.Contexts`).

Three memories, from fast to safe:

- `slots`: all rows in one batch, keys and values by slot (`model.slots`).
- `alone`: one row at a time, with the model's own cache.
- `nothing`: one row at a time, computed again from its tokens.

No list of architectures decides. Before a model is used at some length, the memory is tried at that length on a long
and a short row, with a rollback, against plain passes of each row alone; the first memory that is exact is used.

Shapes: B contexts, V vocabulary.
"""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from penchant.errors import ConfigError, ModelError
from penchant.model.load import positions_of
from penchant.model.passes import FAULTS, base_of, forget_lengths
from penchant.model.slots import SlotCache, advance
from penchant.model.tree import common

_PASS_TOKENS = {"cpu": 256, "cuda": 16_384}
"""Tokens of a pass with padding, at most, where rows are of unequal lengths."""
_SHARED_TOKENS = 16
"""A common beginning of at least this many tokens is computed once for all rows."""
_SHORT_ROW = 8
"""Tokens of the short row of a trial."""
_BOUND_NATS = {torch.float64: 1e-3, torch.float32: 1e-3}
"""Mean difference of log-probabilities that counts as exact, weighted by probability."""
_HALF_BOUND_NATS = 0.1
"""The same for types of 16 bits, whose logits of some 20 nats are rounded to an eighth."""
_CACHES = ("past_key_values", "cache_params")
"""Names that models give to their cache."""


_TRIED_ROOM = 256
"""Tokens that a trial expects beyond the prompts, at most: whoever allows more seldom uses them, and the trial of a
length costs passes over it. Contexts that grow longer are tried again."""


class Memory(Protocol):
    """What a model remembers of rows between passes."""

    def logits(self, rows: Sequence[Sequence[int]], starts: Sequence[int], keep: Sequence[int]) -> list[Tensor]:
        """Logits after the last `keep` tokens of each row, (keep, V) each.

        Args:
            rows: all tokens of each row.
            starts: how many of them were computed before and not rolled back since.
            keep: 0 for a row whose last token was computed before.
        """
        ...

    def select(self, rows: Sequence[int]) -> None:
        """Keeps these rows."""
        ...


class _Slots:
    """All rows in one batch."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._cache = SlotCache()

    def logits(self, rows: Sequence[Sequence[int]], starts: Sequence[int], keep: Sequence[int]) -> list[Tensor]:
        starts = self._share(rows, starts)
        new = [tokens[start:] for tokens, start in zip(rows, starts, strict=True)]
        budget = _PASS_TOKENS.get(self._model.device.type, _PASS_TOKENS["cuda"])
        results: dict[int, Tensor] = {}
        for group in _groups([len(tokens) for tokens in new], budget):
            everything = len(group) == len(rows)
            cache = self._cache if everything else self._cache.take(group)
            most = max(keep[row] for row in group)
            logits = advance(self._model, cache, [new[row] for row in group], [starts[row] for row in group], keep=most)
            if not everything:
                self._cache.put(group, cache, of=len(rows))
            results.update({row: logits[i, most - keep[row] :] for i, row in enumerate(group)})
        return [results.get(row, torch.empty(0)) for row in range(len(rows))]

    def _share(self, rows: Sequence[Sequence[int]], starts: Sequence[int]) -> Sequence[int]:
        """Computes the common beginning of new rows once."""
        if len(rows) < 2 or any(starts):
            return starts
        first = tuple(rows[0])
        shared = min(min(common(first, tuple(row)), len(row) - 1) for row in rows)
        if shared < _SHARED_TOKENS:
            return starts
        root = SlotCache()
        advance(self._model, root, [rows[0][:shared]], [0], keep=1)
        self._cache = root.take([0] * len(rows))
        return [shared] * len(rows)

    def select(self, rows: Sequence[int]) -> None:
        self._cache = self._cache.take(rows)


def _groups(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Rows that share a pass: all if they fit the budget with their padding, else neighbours in length that do."""
    if len(lengths) * max(lengths) <= budget:
        return [list(range(len(lengths)))]
    groups: list[list[int]] = []
    for row in sorted((row for row, length in enumerate(lengths) if length), key=lambda row: -lengths[row]):
        if groups and (len(groups[-1]) + 1) * lengths[groups[-1][0]] <= budget:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


class _Alone:
    """One row at a time, with the model's own cache."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._caches: dict[int, tuple[int, str, Any]] = {}
        """Row -> number of tokens in its cache, the argument that takes the cache, the cache."""

    def logits(self, rows: Sequence[Sequence[int]], starts: Sequence[int], keep: Sequence[int]) -> list[Tensor]:
        return [
            self._row(row, tokens, start, count)
            for row, (tokens, start, count) in enumerate(zip(rows, starts, keep, strict=True))
        ]

    def _row(self, row: int, tokens: Sequence[int], start: int, keep: int) -> Tensor:
        computed, name, cache = self._caches.get(row, (0, "", None))
        parts = []
        if not keep:
            return torch.empty(0)
        if computed != start or not computed:
            output = _forward(self._model, tokens, keep=keep, use_cache=True)
            parts.append(output.logits[0])
            name = next((name for name in _CACHES if getattr(output, name, None) is not None), "")
            if not name:
                raise ModelError("it returns no cache")
            cache = getattr(output, name)
        else:
            # one by one: some state-space models continue from their cache in no other way
            for token in tokens[start:]:
                output = _forward(self._model, [token], keep=1, use_cache=True, **{name: cache})
                cache = getattr(output, name)
                parts.append(output.logits[0])
        self._caches[row] = (len(tokens), name, cache)
        return torch.cat(parts)[-keep:]

    def select(self, rows: Sequence[int]) -> None:
        old, self._caches = self._caches, {}
        seen: set[int] = set()
        for new, row in enumerate(rows):
            if row in old:
                self._caches[new] = copy.deepcopy(old[row]) if row in seen else old[row]
                seen.add(row)


class _Nothing:
    """One row at a time, computed again from its tokens."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def logits(self, rows: Sequence[Sequence[int]], starts: Sequence[int], keep: Sequence[int]) -> list[Tensor]:
        return [
            _forward(self._model, tokens, keep=count, use_cache=False).logits[0, -count:] if count else torch.empty(0)
            for tokens, count in zip(rows, keep, strict=True)
        ]

    def select(self, rows: Sequence[int]) -> None:
        pass


def _forward(model: Any, tokens: Sequence[int], *, keep: int | Tensor, **settings: Any) -> Any:
    """A plain pass of one row; a model that can leaves out the logits that are not kept."""
    forget_lengths(model)
    if "logits_to_keep" in inspect.signature(base_of(model).forward).parameters:
        settings["logits_to_keep"] = keep
    return model(input_ids=torch.tensor([list(tokens)], device=model.device), **settings)


_MEMORIES: tuple[tuple[Callable[[Any], Memory], str], ...] = (
    (_Slots, ""),
    (_Alone, "it writes one prompt at a time"),
    (_Nothing, "it writes one prompt at a time and computes each token from the beginning, which is slow"),
)
"""From fast to safe, each with what it means for the user."""


class Memories:
    """Chooses the memory of one model by trial."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._index = self._tried = 0

    def choose(self, length: int, sample: Sequence[int]) -> Callable[[Any], Memory]:
        """The fastest memory that is exact up to a length.

        Args:
            sample: tokens of a prompt, to try it on.
        """
        limit = positions_of(self._model.config)
        if limit is not None:
            length = min(length, limit)
        if length > self._tried and self._index < len(_MEMORIES) - 1:
            # at least twice the length of the last trial, so that trials are few
            tried = max(length, 2 * self._tried, 2 * _SHORT_ROW)
            self._tried = tried if limit is None else min(tried, limit)
            self._try([sample[i % len(sample)] for i in range(self._tried)])
        return _MEMORIES[self._index][0]

    def _try(self, long: Sequence[int]) -> None:
        truth = _truth(self._model, long)
        faults = []
        if _difference(truth.inside, truth.short) > _bound(truth.long):
            # then what was computed of a short text is wrong as soon as the text grows
            faults.append("what it computes of a text's beginning depends on the text's length")
            self._index = len(_MEMORIES) - 1
        while self._index < len(_MEMORIES) - 1:
            fault = _fault(_MEMORIES[self._index][0](self._model), long, truth)
            if not fault:
                break
            faults.append(fault)
            self._index += 1
        if faults:
            name, effect = type(self._model).__name__, _MEMORIES[self._index][1]
            warnings.warn(f"{name} is not exact in batches ({faults[0]}); {effect}", stacklevel=2)


class _Truth(NamedTuple):
    """Logits of plain passes over a long row and over its beginning, the short row, (V,) each."""

    long: Tensor
    inside: Tensor
    """Of the long row, where the short one ends."""
    short: Tensor


def _truth(model: Any, long: Sequence[int]) -> _Truth:
    places = torch.tensor([_SHORT_ROW - 1, len(long) - 1], device=model.device)
    logits = _forward(model, long, keep=places, use_cache=False).logits[0]
    inside, last = logits if len(logits) == len(places) else logits[places]
    short = _forward(model, long[:_SHORT_ROW], keep=1, use_cache=False).logits[0, -1]
    return _Truth(last, inside, short)


def _fault(memory: Memory, long: Sequence[int], truth: _Truth) -> str:
    """What is wrong with a memory; empty if a long and a short row come out as in plain passes."""
    short = long[:_SHORT_ROW]
    other = long[0]
    first = [[*long[:-3], other], [*short[:-4], other]]
    # the other token is rolled back; then both go on from what the memory holds
    second = [long[:-1], short[:-1]]
    try:
        memory.logits(first, [0, 0], [1, 1])
        memory.logits(second, [len(row) - 1 for row in first], [1, 1])
        logits_long, logits_short = memory.logits([long, short], [len(row) for row in second], [1, 1])
    except FAULTS as error:
        reason = " ".join(str(error).split())[:200]
        return reason if isinstance(error, ModelError) else f"{type(error).__name__}: {reason}"
    worst = max(_difference(logits_long[0], truth.long), _difference(logits_short[0], truth.short))
    return "" if worst <= _bound(truth.long) else f"its log-probabilities are off by {worst:.2g} nats"


def _bound(logits: Tensor) -> float:
    return _BOUND_NATS.get(logits.dtype, _HALF_BOUND_NATS)


def _difference(logits_V: Tensor, truth_V: Tensor) -> float:
    """Mean difference of log-probabilities, weighted by the true probability, nats; infinite if not a number."""
    ours, truth = (torch.log_softmax(x.double(), -1) for x in (logits_V, truth_V))
    difference = float(((ours - truth).abs() * truth.exp()).sum())
    return difference if difference == difference else float("inf")


class LocalContexts:
    """See `model.base.Contexts`. Nothing is computed before a log-probability is asked for."""

    def __init__(self, model: Any, memories: Memories, prompts: Sequence[Sequence[int]], *, room: int) -> None:
        self._model = model
        self._memories = memories
        self._rows = [list(prompt) for prompt in prompts]
        self._expected = max(map(len, prompts), default=0) + min(room, _TRIED_ROOM)
        self._computed = [0] * len(prompts)
        """Tokens of each row that the memory holds."""
        self._kind: Callable[[Any], Memory] | None = None
        self._memory: Memory | None = None
        self._next_BV: NDArray[np.float32] = np.empty((len(prompts), 0), dtype=np.float32)
        self._outdated: set[int] = set()
        """Rows that were rolled back: their log-probabilities are of a token that was forgotten."""

    @property
    def lengths(self) -> tuple[int, ...]:
        """See `Contexts`."""
        return tuple(map(len, self._rows))

    @property
    def tokens(self) -> Sequence[Sequence[int]]:
        """See `Contexts`."""
        return self._rows

    def next_logprobs(self) -> NDArray[np.float32]:
        """See `Contexts`."""
        for row in self._outdated:  # where nothing follows, the last token is computed again
            self._computed[row] = min(self._computed[row], len(self._rows[row]) - 1)
        self._compute([0] * len(self._rows))
        return self._next_BV.copy()

    def append(self, tokens: Sequence[Sequence[int]]) -> None:
        """See `Contexts`."""
        for row, new in zip(self._rows, tokens, strict=True):
            row.extend(new)

    def verify(self, tokens: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """See `Contexts`."""
        self.append(tokens)
        return self._compute([len(new) for new in tokens])

    def rollback(self, lengths: Sequence[int]) -> None:
        """See `Contexts`."""
        for index, (row, length) in enumerate(zip(self._rows, lengths, strict=True)):
            if not 1 <= length <= len(row):
                raise ConfigError(f"row {index} has {len(row)} tokens and cannot be rolled back to {length}")
            if length < len(row):
                del row[length:]
                self._computed[index] = min(self._computed[index], length)
                self._outdated.add(index)

    def select(self, rows: Sequence[int]) -> None:
        """See `Contexts`."""
        self._rows = [list(self._rows[row]) for row in rows]
        self._computed = [self._computed[row] for row in rows]
        self._outdated = {place for place, row in enumerate(rows) if row in self._outdated}
        if self._memory is not None:
            self._memory.select(rows)
        self._next_BV = self._next_BV[list(rows)]

    @torch.inference_mode()
    def _compute(self, keep: Sequence[int]) -> list[NDArray[np.float32]]:
        """Computes all that is new; log p after the last `keep` tokens of each row, (keep, V) each."""
        longest = max(self._rows, key=len, default=[])
        kind = self._memories.choose(max(len(longest), self._expected), longest) if longest else None
        if kind is not None and kind is not self._kind:
            self._kind, self._memory = kind, kind(self._model)
            self._computed = [0] * len(self._rows)
        new = [len(tokens) > count for tokens, count in zip(self._rows, self._computed, strict=True)]
        if self._memory is None or not any(new):
            return [self._next_BV[:0] for _ in keep]
        wanted = [max(int(changed), count) for changed, count in zip(new, keep, strict=True)]
        logits = self._memory.logits(self._rows, self._computed, wanted)
        self._computed = list(map(len, self._rows))
        sizes = [len(part) for part in logits]
        flat = torch.log_softmax(torch.cat([part for part in logits if len(part)]).float(), -1).cpu().numpy()
        if self._next_BV.shape[1] != flat.shape[1]:
            self._next_BV = np.empty((len(self._rows), flat.shape[1]), dtype=np.float32)
        parts = np.split(flat, np.cumsum(sizes)[:-1])
        for row, part in enumerate(parts):
            if len(part):
                self._next_BV[row] = part[-1]
                self._outdated.discard(row)
        return [part[len(part) - count :] for part, count in zip(parts, keep, strict=True)]
