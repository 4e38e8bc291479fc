"""What every scorer promises."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from penchant import Persona, PreferenceSpace, Record, meet
from penchant.encoder.fake import FakeEncoder
from penchant.method import METHODS
from penchant.model.fake import FakeModel
from penchant.scorer.base import Scorer
from penchant.scorer.encoder import PARTS, EncoderScorer
from penchant.scorer.implicit import ImplicitReward


def encoder_scorer(parts) -> Callable[[Sequence[Record], PreferenceSpace], Scorer]:
    return lambda records, _: EncoderScorer.fit(records, [r.persona for r in records], FakeEncoder(), parts=parts)


def implicit(records: Sequence[Record], space: PreferenceSpace) -> Scorer:
    policy, reference = FakeModel({"rose": -0.3}, follow=0.7), FakeModel(follow=0.1)
    return ImplicitReward(policy, reference, METHODS["few_shot"], lambda _, persona: meet(persona, space))


MAKERS = {"implicit": implicit, **{f"encoder, {parts}": encoder_scorer(parts) for parts in PARTS}}


@pytest.fixture(params=list(MAKERS))
def scorer(request: pytest.FixtureRequest, planted: list[Record], tiny: PreferenceSpace) -> Scorer:
    return MAKERS[request.param](planted, tiny)


def test_swapping_the_answers_negates_every_margin_exactly(scorer: Scorer, planted: list[Record]) -> None:
    personas = [record.persona for record in planted]
    swapped = [replace(record, chosen=record.rejected, rejected=record.chosen) for record in planted]
    ours = scorer.margins(planted, personas)
    assert (ours != 0).any()
    np.testing.assert_array_equal(scorer.margins(swapped, personas), -ours)


def test_margins_are_one_finite_number_per_record(scorer: Scorer, planted: list[Record]) -> None:
    for personas in ([record.persona for record in planted], [Persona()] * len(planted)):
        margins = scorer.margins(planted, personas)
        assert margins.shape == (len(planted),)
        assert margins.dtype == np.float64
        assert np.isfinite(margins).all()


def test_two_equal_answers_tie(scorer: Scorer, planted: list[Record]) -> None:
    same = [replace(record, rejected=record.chosen) for record in planted]
    assert not scorer.margins(same, [record.persona for record in planted]).any()


def test_the_label_and_its_provenance_are_not_read(scorer: Scorer, planted: list[Record]) -> None:
    personas = [record.persona for record in planted]
    bare = [Record(r.record_id, None, r.prompt, r.chosen, r.rejected, Persona()) for r in planted]
    np.testing.assert_array_equal(scorer.margins(bare, personas), scorer.margins(planted, personas))
