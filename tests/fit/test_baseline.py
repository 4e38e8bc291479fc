"""What every fitted baseline shares: its name, its remark, its card."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

from penchant import Record
from penchant.encoder.fake import FakeEncoder
from penchant.fit.baseline import FittedBaseline
from penchant.fit.descent import DescentSettings, StoppingPoint
from penchant.fit.pairs import Pairs, TextVectors
from penchant.fit.saved import CARD
from penchant.fit.training_pairs import TrainingPairs
from penchant.scorer.encoder.texts import Texts, texts_of


@dataclass(frozen=True)
class NoSettings:
    descent: DescentSettings = field(default_factory=DescentSettings)


@dataclass(frozen=True, slots=True)
class FirstNumber(FittedBaseline[NoSettings]):
    """Prefers the answer whose first number is larger."""

    NAME: ClassVar[str] = "first"

    scale: float

    def margins(self, vectors: TextVectors, pairs: Pairs) -> torch.Tensor:
        first = vectors.answer_TF[:, 0] * self.scale
        return first[pairs.pair_N3[:, 1]] - first[pairs.pair_N3[:, 2]]

    def tensors(self) -> Mapping[str, torch.Tensor]:
        return {"scale": torch.tensor(self.scale)}

    def counts(self) -> Mapping[str, int]:
        return {"numbers": 1}

    def detail(self) -> str:
        return "one number"


@pytest.fixture(scope="module")
def texts(planted: list[Record]) -> Texts:
    return Texts.of(texts_of(planted, [record.persona for record in planted]), FakeEncoder(8))


@pytest.fixture(scope="module")
def baseline(planted: list[Record], texts: Texts) -> FirstNumber:
    data = TrainingPairs.of(planted, [record.persona for record in planted], texts, seed=0)
    return FirstNumber(data.summary(NoSettings(), StoppingPoint(5, 0.5)), 2.0)


def test_the_remark_names_the_method_and_ends_with_its_own_words(baseline: FirstNumber) -> None:
    assert (baseline.name, baseline.choices_only) == ("first", True)
    assert baseline.remark == "first: best after 5 steps (held-out loss 0.500), one number"


def test_table_margins_are_those_of_the_transformed_texts(baseline: FirstNumber, planted: list[Record], texts) -> None:
    vectors = baseline.summary.transform.apply(texts).answer_TF
    margins = baseline.table_margins(texts, planted, [record.persona for record in planted])
    expected = [2 * float(vectors[texts.ids[r.chosen], 0] - vectors[texts.ids[r.rejected], 0]) for r in planted]
    assert margins.dtype == np.float64
    np.testing.assert_allclose(margins, expected, atol=1e-6)


def test_the_card_has_the_summary_and_the_methods_own_counts(baseline: FirstNumber, tmp_path: Path) -> None:
    baseline.save(tmp_path, encoder="fake")
    card = json.loads((tmp_path / CARD).read_text())
    assert (card["baseline"], card["encoder"], card["numbers"], card["records"]) == ("first", "fake", 1, 96)
    assert card["people_digest"] == baseline.people_digest
