"""Decides whether a passage is in its author's own voice: a logistic layer over the encoder, fitted on templates.

Quotes, reports about other people, orders to the reader and claims about "the user" say nothing about the author's own
preferences. They have more forms than rules can list; `quotes` removes those that rules can detect. The templates,
`voices.yaml`, are filled with the space's own pole phrases, so that the layer learns from the wording of a passage and
not from its topic. Passages from the items that an annotator is fitted on serve as further examples of the author's own
voice.

Shapes: F = 2 E features: the encoder's meaning vector and its wording vector.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import ClassVar

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

from penchant.encoder.base import Encoder
from penchant.infer.pieces import pieces
from penchant.space import PreferenceSpace

MIN_OWN = 0.3
"""Minimum probability at which a passage counts as its author's own."""
_FILLS = 5
"""Number of dimensions that fill each template."""
_DECAY = 0.03


@dataclass(frozen=True)
class Voice:
    """A fitted layer: features are standardised, then weighted."""

    mean_F: NDArray[np.float32]
    scale_F: NDArray[np.float32]
    weights_F: NDArray[np.float32]
    bias: float

    NAMES: ClassVar[tuple[str, ...]] = ("voice.mean", "voice.scale", "voice.weights", "voice.bias")

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """The parameters by `NAMES`, as they are saved."""
        bias = np.array([self.bias], dtype=np.float32)
        return dict(zip(self.NAMES, (self.mean_F, self.scale_F, self.weights_F, bias), strict=True))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.float32]]) -> Voice:
        """The layer of saved `arrays`."""
        mean, scale, weights, bias = (arrays[name] for name in cls.NAMES)
        return cls(mean_F=mean, scale_F=scale, weights_F=weights, bias=float(bias[0]))

    def probability_own(
        self, passages: Sequence[str], encoder: Encoder, *, by_sentence: bool = False
    ) -> NDArray[np.float64]:
        """Probability that each passage is in its author's own voice, (passages,)."""
        values = (_features(passages, encoder, by_sentence) - self.mean_F) / self.scale_F
        return np.asarray(1 / (1 + np.exp(-np.clip(values @ self.weights_F + self.bias, -30, 30))), dtype=np.float64)

    def accepting_all(self) -> Voice:
        """A layer that counts every passage as its author's own."""
        return replace(self, weights_F=np.zeros_like(self.weights_F), bias=30.0)

    def are_own(self, passages: Sequence[str], encoder: Encoder, *, by_sentence: bool = False) -> dict[str, bool]:
        """Maps each passage to whether it counts as its author's own.

        Args:
            by_sentence: as the layer was fitted, see `fit_voice`.
        """
        distinct = list(dict.fromkeys(passages))
        if not distinct:
            return {}
        probability = self.probability_own(distinct, encoder, by_sentence=by_sentence)
        return dict(zip(distinct, (probability >= MIN_OWN).tolist(), strict=True))


@lru_cache
def templates() -> Mapping[str, Sequence[str]]:
    """The templates, by their side: `own` or `others`."""
    sides: dict[str, list[str]] = yaml.safe_load((files("penchant.infer") / "voices.yaml").read_text(encoding="utf-8"))
    return sides


def filled_templates(space: PreferenceSpace, seed: int) -> dict[str, list[str]]:
    """Texts of each side: every template, filled with the pole phrases of a few dimensions."""
    rng = random.Random(f"voices:{seed}")
    filled: dict[str, list[str]] = {}
    for side, side_templates in templates().items():
        texts = filled.setdefault(side, [])
        for template in side_templates:
            for dimension in rng.choices(space.dimensions, k=_FILLS):
                poles = [dimension.positive, dimension.negative]
                rng.shuffle(poles)
                texts.append(template.format(phrase=poles[0], other=poles[1]))
    return filled


def fit_voice(
    own: Sequence[str], encoder: Encoder, space: PreferenceSpace, *, seed: int, by_sentence: bool = False
) -> Voice:
    """Fits a layer on the filled templates and on passages that are their authors' own.

    Args:
        own: passages in their authors' own voice. At most as many as there are filled templates of that side are used,
            sampled by the seed.
        by_sentence: take the mean over the sentences of a passage, which an annotator embeds anyway.
    """
    sides = filled_templates(space, seed)
    rng = random.Random(f"own passages:{seed}")
    distinct = sorted(set(own))
    sides["own"] += rng.sample(distinct, min(len(distinct), len(sides["own"])))
    values = [_features(sides[side], encoder, by_sentence) for side in ("others", "own")]
    features = np.concatenate(values)
    mean, scale = features.mean(0), np.maximum(features.std(0), 1e-6)
    inputs = torch.from_numpy((features - mean) / scale)
    counts = [len(side) for side in values]
    truth = torch.cat([torch.zeros(counts[0]), torch.ones(counts[1])])
    # each side has half of the total weight
    weights = torch.cat([torch.full((count,), 0.5 / count) for count in counts])
    layer, bias = torch.zeros(inputs.shape[1], requires_grad=True), torch.zeros((), requires_grad=True)
    optimizer = torch.optim.LBFGS([layer, bias], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        wrong = torch.nn.functional.binary_cross_entropy_with_logits(inputs @ layer + bias, truth, reduction="none")
        value = (wrong * weights).sum() + 0.5 * _DECAY * (layer**2).sum()
        torch.autograd.backward(value)
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return Voice(mean_F=mean, scale_F=scale, weights_F=layer.detach().numpy(), bias=float(bias.detach()))


def _features(passages: Sequence[str], encoder: Encoder, by_sentence: bool) -> NDArray[np.float32]:
    split = [pieces(passage, by_sentence=True) or (passage,) if by_sentence else (passage,) for passage in passages]
    embedded = encoder.layers([text for texts in split for text in texts])
    length = np.maximum(np.linalg.norm(embedded.first, axis=1, keepdims=True), 1e-9)
    features = np.hstack([embedded.final, embedded.first / length]).astype(np.float32)
    counts = np.array([len(texts) for texts in split])
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.intp)
    return np.asarray(np.add.reduceat(features, starts) / counts[:, None], dtype=np.float32)
