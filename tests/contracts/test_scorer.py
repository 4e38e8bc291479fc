"""What every scorer promises."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from penchant import Message, Persona, PreferenceSpace, Record, meet
from penchant.encoder.fake import FakeEncoder
from penchant.fit import BASELINES
from penchant.fit.encoder import fit_encoder
from penchant.infer.fake import FakeAnnotator
from penchant.method import METHODS
from penchant.model.fake import FakeModel
from penchant.scorer.base import Scorer
from penchant.scorer.belief import BeliefScorer
from penchant.scorer.embedding import EmbeddingScorer
from penchant.scorer.encoder import PARTS
from penchant.scorer.encoder.texts import Texts, texts_of
from penchant.scorer.implicit import ImplicitReward

Maker = Callable[[Sequence[Record], PreferenceSpace], Scorer]


def encoder_scorer(parts) -> Maker:
    return lambda records, _: fit_encoder(records, [r.persona for r in records], FakeEncoder(), parts=parts)


def implicit(records: Sequence[Record], space: PreferenceSpace) -> Scorer:
    policy, reference = FakeModel({"rose": -0.3}, follow=0.7), FakeModel(follow=0.1)
    return ImplicitReward(policy, reference, METHODS["few_shot"])


def belief(records: Sequence[Record], space: PreferenceSpace) -> Scorer:
    return BeliefScorer(FakeAnnotator(space, {"rose": ("length", 1), "gear": ("length", -1)}))


def baseline(name: str) -> Maker:
    def make(records: Sequence[Record], space: PreferenceSpace) -> Scorer:
        personas = [record.persona for record in records]
        texts = Texts.of(texts_of(records, personas), FakeEncoder())
        return EmbeddingScorer(BASELINES[name].fit(records, personas, texts, seed=0), FakeEncoder())

    return make


MAKERS = {"implicit": implicit, "belief": belief, **{name: baseline(name) for name in BASELINES}}
MAKERS |= {f"encoder, {parts}": encoder_scorer(parts) for parts in PARTS}


@pytest.fixture(scope="module", params=list(MAKERS))
def scorer(request: pytest.FixtureRequest, planted: list[Record], tiny: PreferenceSpace) -> Scorer:
    return MAKERS[request.param](planted, tiny)


def margins(
    scorer: Scorer, records: Sequence[Record], personas: Sequence[Persona], space: PreferenceSpace
) -> NDArray[np.float64]:
    scores = [
        scorer.score(meet(persona, space), record.prompt, (record.chosen, record.rejected))
        for record, persona in zip(records, personas, strict=True)
    ]
    assert {one.shape for one in scores} == {(2,)}
    assert {one.dtype for one in scores} == {np.dtype(np.float64)}
    return np.array([chosen - rejected for chosen, rejected in scores])


def test_swapping_the_answers_negates_every_margin_exactly(scorer, planted: list[Record], tiny) -> None:
    personas = [record.persona for record in planted]
    swapped = [replace(record, chosen=record.rejected, rejected=record.chosen) for record in planted]
    ours = margins(scorer, planted, personas, tiny)
    assert (ours != 0).any()
    np.testing.assert_array_equal(margins(scorer, swapped, personas, tiny), -ours)


def test_margins_are_one_finite_number_per_record(scorer, planted: list[Record], tiny) -> None:
    for personas in ([record.persona for record in planted], [Persona()] * len(planted)):
        assert np.isfinite(margins(scorer, planted, personas, tiny)).all()


def test_two_equal_answers_tie(scorer, planted: list[Record], tiny) -> None:
    same = [replace(record, rejected=record.chosen) for record in planted]
    assert not margins(scorer, same, [record.persona for record in planted], tiny).any()


def test_the_label_and_its_provenance_are_not_read(scorer, planted: list[Record], tiny) -> None:
    personas = [record.persona for record in planted]
    bare = [Record(r.record_id, None, r.prompt, r.chosen, r.rejected, Persona()) for r in planted]
    ours = margins(scorer, planted, personas, tiny)
    np.testing.assert_array_equal(margins(scorer, bare, personas, tiny), ours)


def test_a_text_and_a_conversation_of_this_one_turn_are_the_same(scorer, planted: list[Record], tiny) -> None:
    personas = [record.persona for record in planted]
    turns = [replace(record, prompt=(Message("user", record.task),)) for record in planted]
    np.testing.assert_array_equal(margins(scorer, turns, personas, tiny), margins(scorer, planted, personas, tiny))


def test_answers_in_a_longer_conversation_are_scored_too(scorer, planted: list[Record], tiny) -> None:
    personas = [record.persona for record in planted]
    earlier = (Message("system", "Be kind."), Message("user", "Good evening."), Message("assistant", "Hello!"))
    asked = [replace(record, prompt=(*earlier, Message("user", record.task))) for record in planted]
    ours = margins(scorer, asked, personas, tiny)
    assert np.isfinite(ours).all()
    assert (ours != 0).any()
    swapped = [replace(record, chosen=record.rejected, rejected=record.chosen) for record in asked]
    np.testing.assert_array_equal(margins(scorer, swapped, personas, tiny), -ours)
