"""Preference pairs as tensors: what the learned baselines are fitted on and asked, over a table of embedded texts.

A baseline sees of a text all that the encoder scorer's backbone has: both layers, whitened, and how it is written. Of a
person it sees the comparisons alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from penchant.errors import ModelError, TrainingError
from penchant.persona import Comparison, Persona
from penchant.record import Record
from penchant.scorer.encoder.features import Space, whitened
from penchant.scorer.encoder.texts import Items, Texts

# Shapes: T texts, E encoder size, F numbers of a text; N pairs, C distinct comparisons, I of them shown, end to end.

_SPACE = ("mean", "turn", "spread")
_SCALES = ("answer_mean", "answer_spread", "prompt_mean", "prompt_spread")
_LEAST = 1e-4
"""Spread, in units of a whitened component or a count, below which training texts say nothing of a number."""


@dataclass(frozen=True, slots=True)
class Seen:
    """T texts as answers and as prompts."""

    answer_TF: torch.Tensor
    """In units of the spread of chosen less rejected."""
    prompt_TF: torch.Tensor
    """In units of the spread of prompts."""

    def under(self, prompt_N: torch.Tensor, answer_N: torch.Tensor) -> torch.Tensor:
        """Answers under prompts, the e(x, y) of papers, by their places, (N, 2 F)."""
        return torch.cat([self.answer_TF[answer_N], self.prompt_TF[prompt_N]], dim=1)


@dataclass(frozen=True, slots=True)
class Look:
    """How texts become vectors; learned from the pairs of training people."""

    final: Space
    """Its axes are not used."""
    first: Space
    answer_mean: NDArray[np.float64]
    """(F,)."""
    answer_spread: NDArray[np.float64]
    """(F,): standard deviation of chosen less rejected; infinite where there is none."""
    prompt_mean: NDArray[np.float64]
    """(F,)."""
    prompt_spread: NDArray[np.float64]
    """(F,): standard deviation of the distinct prompts; infinite where there is none."""

    @classmethod
    def learn(cls, texts: Texts, pairs: Pairs) -> Look:
        """From the texts of some pairs.

        Raises:
            TrainingError: no two different answers, or vectors that are not finite.
        """
        prompt, chosen, rejected = pairs.asked_N3.numpy().T
        answers, prompts = np.unique(np.concatenate([chosen, rejected])), np.unique(prompt)
        if len(answers) < 2:
            raise TrainingError(f"{len(chosen)} pairs to fit on without two different answers; give more records")
        if not (np.isfinite(texts.final).all() and np.isfinite(texts.first).all()):
            raise TrainingError("the encoder's vectors are not finite; get a clean copy of its weights")
        final, first = (whitened(vectors, answers, chosen, rejected) for vectors in (texts.final, texts.first))
        plain = _plain(final, first, texts)
        differ = _spread(plain[chosen] - plain[rejected])
        return cls(final, first, plain[answers].mean(0), differ, plain[prompts].mean(0), _spread(plain[prompts]))

    @property
    def size(self) -> int:
        """F."""
        return len(self.answer_mean)

    def of(self, texts: Texts) -> Seen:
        """All texts of a table, float32.

        Raises:
            ModelError: the table is of an encoder with vectors of another length.
        """
        if texts.final.shape[1] != len(self.final.mean_E):
            raise ModelError(
                f"fitted over vectors of {len(self.final.mean_E)} numbers, asked over those of {texts.final.shape[1]}; "
                "embed the texts with the encoder that it was fitted with, or fit anew"
            )
        plain = _plain(self.final, self.first, texts)
        answers = (plain - self.answer_mean) / self.answer_spread
        prompts = (plain - self.prompt_mean) / self.prompt_spread
        return Seen(*(torch.from_numpy(one.astype(np.float32)) for one in (answers, prompts)))

    def arrays(self) -> dict[str, torch.Tensor]:
        """What `from_arrays` takes."""
        found = {f"look.{name}": getattr(self, name) for name in _SCALES}
        for name, space in (("final", self.final), ("first", self.first)):
            values = (space.mean_E, space.turn_EP, space.spread_P)
            found |= {f"look.{name}.{part}": value for part, value in zip(_SPACE, values, strict=True)}
        return {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in found.items()}

    @classmethod
    def from_arrays(cls, tensors: Mapping[str, torch.Tensor]) -> Look:
        """The look that `arrays` gave. Raises KeyError where some are missing."""

        def space(name: str) -> Space:
            mean, turn, spread = (tensors[f"look.{name}.{part}"].numpy() for part in _SPACE)
            return Space(mean, turn, spread, np.zeros((turn.shape[1], 0)))

        return cls(space("final"), space("first"), *(tensors[f"look.{name}"].numpy() for name in _SCALES))


def _plain(final: Space, first: Space, texts: Texts) -> NDArray[np.float64]:
    """Both layers, whitened, and the counts of style, (T, F)."""
    layers = ((final, texts.final), (first, texts.first))
    return np.hstack([*((vectors - space.mean_E) @ space.turn_EP for space, vectors in layers), texts.style])


def _spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
    found = values.std(0)
    return np.where(found > _LEAST, found, np.inf)


@dataclass(frozen=True, slots=True)
class Pairs:
    """N pairs, and the comparisons that the person of each has made before."""

    asked_N3: torch.Tensor
    """Ids of prompt, chosen and rejected in the table of texts, int64."""
    shown: Items
    """Which of the distinct comparisons are shown beside each pair."""
    shown_C3: torch.Tensor
    """Ids of prompt, chosen and rejected of each, int64."""

    @classmethod
    def of(cls, texts: Texts, records: Sequence[Record], personas: Sequence[Persona]) -> Pairs:
        """From records and what is shown beside each, whose texts are all in the table."""
        asked = [(record.prompt, record.chosen, record.rejected) for record in records]
        distinct: dict[tuple[str, str, str], int] = {}
        lists = [
            [
                distinct.setdefault((item.prompt, item.chosen, item.rejected), len(distinct))
                for item in persona.evidence
                if isinstance(item, Comparison)
            ]
            for _, persona in zip(records, personas, strict=True)
        ]
        flat = np.array([place for one in lists for place in one], dtype=np.int64)
        shown = Items(flat, np.array([len(one) for one in lists], dtype=np.int64))
        return cls(_places(texts, asked), shown, _places(texts, list(distinct)))

    def __len__(self) -> int:
        return len(self.asked_N3)

    def of_rows(self, rows: torch.Tensor) -> Pairs:
        """Those of some rows."""
        return Pairs(self.asked_N3[rows], self.shown.of_rows(rows.numpy()), self.shown_C3)

    def owners(self) -> torch.Tensor:
        """The pair beside which each comparison is shown, (I,)."""
        return torch.from_numpy(self.shown.owners())

    def counts(self) -> torch.Tensor:
        """How many comparisons are shown beside each, (N,)."""
        return torch.from_numpy(self.shown.counts)


def _places(texts: Texts, triples: Sequence[tuple[str, str, str]]) -> torch.Tensor:
    return torch.from_numpy(texts.find(text for triple in triples for text in triple)).reshape(-1, 3)
