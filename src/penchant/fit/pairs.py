"""Turns preference pairs into tensors, the input of the learned baselines.

Baselines use the same text features as the encoder scorer, and only a person's comparisons. The text features are both
layers of the encoder, whitened, and style counts.
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

# Shapes: T texts, E encoder size, F numbers of a text; N pairs, C distinct comparisons, I evidence comparisons of all
# pairs, end to end.

_LEAST = 1e-4
"""Least spread, in whitened units or counts; a number that varies less over the training texts is ignored."""


@dataclass(frozen=True, slots=True)
class TextVectors:
    """T texts, each scaled as an answer and as a prompt."""

    answer_TF: torch.Tensor
    """In units of the spread of chosen less rejected."""
    prompt_TF: torch.Tensor
    """In units of the spread of prompts."""

    def joint(self, prompt_N: torch.Tensor, answer_N: torch.Tensor) -> torch.Tensor:
        """Vectors of answers under prompts, the e(x, y) of the papers, (N, 2 F).

        Args:
            prompt_N, answer_N: rows of the texts.
        """
        return torch.cat([self.answer_TF[answer_N], self.prompt_TF[prompt_N]], dim=1)


@dataclass(frozen=True, slots=True)
class TextTransform:
    """Turns embedded texts into scaled vectors; learned from the pairs of training people."""

    final: Space
    """Its axes are not used."""
    first: Space
    """Its axes are not used."""
    answer_mean: NDArray[np.float64]
    """(F,)."""
    answer_spread: NDArray[np.float64]
    """(F,): standard deviation of chosen less rejected; infinite where there is none."""
    prompt_mean: NDArray[np.float64]
    """(F,)."""
    prompt_spread: NDArray[np.float64]
    """(F,): standard deviation of the distinct prompts; infinite where there is none."""

    @classmethod
    def learn(cls, texts: Texts, pairs: Pairs) -> TextTransform:
        """Learns from the texts of the pairs.

        Raises:
            TrainingError: no two different answers, or vectors that are not finite.
        """
        prompt, chosen, rejected = pairs.pair_N3.numpy().T
        answers, prompts = np.unique(np.concatenate([chosen, rejected])), np.unique(prompt)
        if len(answers) < 2:
            raise TrainingError(f"{len(chosen)} pairs to fit on without two different answers; give more records")
        if not (np.isfinite(texts.final).all() and np.isfinite(texts.first).all()):
            raise TrainingError("the encoder's vectors are not finite; get a clean copy of its weights")
        final, first = (whitened(vectors, answers, chosen, rejected) for vectors in (texts.final, texts.first))
        plain = _plain(final, first, texts)
        return cls(
            final=final,
            first=first,
            answer_mean=plain[answers].mean(0),
            answer_spread=_spread(plain[chosen] - plain[rejected]),
            prompt_mean=plain[prompts].mean(0),
            prompt_spread=_spread(plain[prompts]),
        )

    @property
    def size(self) -> int:
        """F."""
        return len(self.answer_mean)

    def apply(self, texts: Texts) -> TextVectors:
        """The vectors of all texts of a table, float32.

        Raises:
            ModelError: the table's encoder has vectors of another length.
        """
        if texts.final.shape[1] != len(self.final.mean_E):
            raise ModelError(
                f"fitted over vectors of {len(self.final.mean_E)} numbers, asked over those of {texts.final.shape[1]}; "
                "embed the texts with the encoder that it was fitted with, or fit anew"
            )
        plain = _plain(self.final, self.first, texts)
        answers = (plain - self.answer_mean) / self.answer_spread
        prompts = (plain - self.prompt_mean) / self.prompt_spread
        return TextVectors(
            answer_TF=torch.from_numpy(answers.astype(np.float32)),
            prompt_TF=torch.from_numpy(prompts.astype(np.float32)),
        )

    def arrays(self) -> dict[str, torch.Tensor]:
        """The tensors of this transform under their names on disk; see `from_arrays`."""
        arrays = {
            "look.answer_mean": self.answer_mean,
            "look.answer_spread": self.answer_spread,
            "look.prompt_mean": self.prompt_mean,
            "look.prompt_spread": self.prompt_spread,
        }
        for name, space in (("final", self.final), ("first", self.first)):
            arrays[f"look.{name}.mean"] = space.mean_E
            arrays[f"look.{name}.turn"] = space.turn_EP
            arrays[f"look.{name}.spread"] = space.spread_P
        return {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in arrays.items()}

    @classmethod
    def from_arrays(cls, tensors: Mapping[str, torch.Tensor]) -> TextTransform:
        """The transform whose `arrays` these are; raises KeyError where some are missing."""

        def space(name: str) -> Space:
            mean, turn, spread = (tensors[f"look.{name}.{part}"].numpy() for part in ("mean", "turn", "spread"))
            return Space(mean_E=mean, turn_EP=turn, spread_P=spread, axes_PA=np.zeros((turn.shape[1], 0)))

        return cls(
            final=space("final"),
            first=space("first"),
            answer_mean=tensors["look.answer_mean"].numpy(),
            answer_spread=tensors["look.answer_spread"].numpy(),
            prompt_mean=tensors["look.prompt_mean"].numpy(),
            prompt_spread=tensors["look.prompt_spread"].numpy(),
        )


def _plain(final: Space, first: Space, texts: Texts) -> NDArray[np.float64]:
    """Both layers, whitened, and the style counts, (T, F)."""
    layers = ((final, texts.final), (first, texts.first))
    return np.hstack([*((vectors - space.mean_E) @ space.turn_EP for space, vectors in layers), texts.style])


def _spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = values.std(0)
    return np.where(spread > _LEAST, spread, np.inf)


@dataclass(frozen=True, slots=True)
class Pairs:
    """N pairs, each with the comparisons in its persona."""

    pair_N3: torch.Tensor
    """Rows of prompt, chosen and rejected in the table of texts, int64."""
    evidence: Items
    """The comparisons in the persona of each pair, as rows of `comparison_C3`."""
    comparison_C3: torch.Tensor
    """Rows of prompt, chosen and rejected of each distinct comparison in the table of texts, int64."""

    @classmethod
    def of(cls, texts: Texts, records: Sequence[Record], personas: Sequence[Persona]) -> Pairs:
        """From records and the evidence shown with each; all of their texts must be in the table."""
        pairs = [(record.task, record.chosen, record.rejected) for record in records]
        distinct: dict[tuple[str, str, str], int] = {}
        lists = [
            [
                distinct.setdefault((item.prompt, item.chosen, item.rejected), len(distinct))
                for item in persona.evidence
                if isinstance(item, Comparison)
            ]
            for _, persona in zip(records, personas, strict=True)
        ]
        evidence = Items(
            ids=np.array([row for comparisons in lists for row in comparisons], dtype=np.int64),
            counts=np.array([len(comparisons) for comparisons in lists], dtype=np.int64),
        )
        return cls(_text_rows(texts, pairs), evidence, _text_rows(texts, list(distinct)))

    def __len__(self) -> int:
        return len(self.pair_N3)

    def of_rows(self, rows: torch.Tensor) -> Pairs:
        """A selection of the pairs."""
        return Pairs(self.pair_N3[rows], self.evidence.of_rows(rows.numpy()), self.comparison_C3)

    def owners(self) -> torch.Tensor:
        """The pair that each evidence comparison belongs to, (I,)."""
        return torch.from_numpy(self.evidence.owners())

    def counts(self) -> torch.Tensor:
        """How many comparisons are in each pair's persona, (N,)."""
        return torch.from_numpy(self.evidence.counts)


def _text_rows(texts: Texts, triples: Sequence[tuple[str, str, str]]) -> torch.Tensor:
    return torch.from_numpy(texts.find(text for triple in triples for text in triple)).reshape(-1, 3)
