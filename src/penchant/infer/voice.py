"""Whether a passage is in its author's own voice: a logistic layer over the encoder, fitted on templates.

Quotes, reports of somebody else, orders to whoever reads and claims about "the user" should not count for what their
author is like, and come in more forms than rules can name (`quotes` has those that can be cut out of a text). The
templates, `voices.yaml`, are filled with the space's own words for its poles, so that a voice is told by how something
is said, not by what; items that an annotator is fitted on are its author's own as well.
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
from penchant.space import PreferenceSpace

HEARD = 0.3
"""Least probability with which a passage counts as its author's own."""
_FILLS = 5
"""Dimensions that each template is filled for."""
_DECAY = 0.03


@dataclass(frozen=True)
class Voice:
    """A fitted layer; F = 2 E features: what a passage means, and how it is written."""

    mean_F: NDArray[np.float32]
    scale_F: NDArray[np.float32]
    weights_F: NDArray[np.float32]
    bias: float

    NAMES: ClassVar[tuple[str, ...]] = ("voice.mean", "voice.scale", "voice.weights", "voice.bias")

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """By `NAMES`, as it is saved."""
        bias = np.array([self.bias], dtype=np.float32)
        return dict(zip(self.NAMES, (self.mean_F, self.scale_F, self.weights_F, bias), strict=True))

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[np.float32]]) -> Voice:
        """What was saved."""
        mean, scale, weights, bias = (arrays[name] for name in cls.NAMES)
        return cls(mean, scale, weights, float(bias[0]))

    def own(self, passages: Sequence[str], encoder: Encoder) -> NDArray[np.float64]:
        """(passages,): probability that each is in its author's own voice."""
        values = (_features(passages, encoder) - self.mean_F) / self.scale_F
        return np.asarray(1 / (1 + np.exp(-np.clip(values @ self.weights_F + self.bias, -30, 30))), dtype=np.float64)

    def accepting_all(self) -> Voice:
        """One that takes every passage for its author's own."""
        return replace(self, weights_F=np.zeros_like(self.weights_F), bias=30.0)

    def heard(self, passages: Sequence[str], encoder: Encoder) -> dict[str, bool]:
        """Passage -> whether it counts."""
        distinct = list(dict.fromkeys(passages))
        if not distinct:
            return {}
        return dict(zip(distinct, (self.own(distinct, encoder) >= HEARD).tolist(), strict=True))


@lru_cache
def templates() -> Mapping[str, Sequence[str]]:
    """The templates of `own` and `others`."""
    found: dict[str, list[str]] = yaml.safe_load((files("penchant.infer") / "voices.yaml").read_text(encoding="utf-8"))
    return found


def filled(space: PreferenceSpace, seed: int) -> dict[str, list[str]]:
    """Texts of either side, each template filled for some dimensions."""
    rng = random.Random(f"voices:{seed}")
    found: dict[str, list[str]] = {}
    for side, some in templates().items():
        texts = found.setdefault(side, [])
        for template in some:
            for dimension in rng.choices(space.dimensions, k=_FILLS):
                poles = [dimension.positive, dimension.negative]
                rng.shuffle(poles)
                texts.append(template.format(phrase=poles[0], other=poles[1]))
    return found


def fit_voice(own: Sequence[str], encoder: Encoder, space: PreferenceSpace, *, seed: int) -> Voice:
    """A layer from the templates and from passages that are known to be their authors' own.

    Args:
        own: as many of them as there are filled templates count, drawn by the seed.
    """
    sides = filled(space, seed)
    rng = random.Random(f"own passages:{seed}")
    distinct = sorted(set(own))
    sides["own"] += rng.sample(distinct, min(len(distinct), len(sides["own"])))
    values = [_features(sides[side], encoder) for side in ("others", "own")]
    features = np.concatenate(values)
    mean, scale = features.mean(0), np.maximum(features.std(0), 1e-6)
    inputs = torch.from_numpy((features - mean) / scale)
    counts = [len(side) for side in values]
    truth = torch.cat([torch.zeros(counts[0]), torch.ones(counts[1])])
    # either side counts for half
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
    return Voice(mean, scale, layer.detach().numpy(), float(bias.detach()))


def _features(passages: Sequence[str], encoder: Encoder) -> NDArray[np.float32]:
    both = encoder.layers(passages)
    length = np.maximum(np.linalg.norm(both.first, axis=1, keepdims=True), 1e-9)
    return np.hstack([both.final, both.first / length]).astype(np.float32)
