from dataclasses import replace

import numpy as np
import pytest

from penchant import Comparison, Persona, Record
from penchant.encoder.fake import FakeEncoder
from penchant.fit.encoder import fit_encoder, fit_parts, with_comparisons
from penchant.record import people_digest
from penchant.scorer.encoder import PARTS, EncoderScorer
from penchant.scorer.encoder.texts import Texts, texts_of


@pytest.fixture(scope="module")
def scorers(planted: list[Record]) -> dict[str, EncoderScorer]:
    personas = [record.persona for record in planted]
    return {"both": fit_encoder(planted, personas, FakeEncoder(16))}


def accuracy(margins: np.ndarray) -> float:
    return float((margins > 0).mean())


def test_fitting_twice_gives_the_same_weights(scorers, planted) -> None:
    again = fit_encoder(planted, [record.persona for record in planted], FakeEncoder(16))
    np.testing.assert_array_equal(again.weights, scorers["both"].weights)


def test_what_was_fitted_is_counted(scorers, planted) -> None:
    assert (scorers["both"].records, scorers["both"].people) == (96, 24)
    assert scorers["both"].people_digest == people_digest(planted)
    nameless = [replace(record, user_id=None) for record in planted]
    assert fit_encoder(nameless, [r.persona for r in nameless], FakeEncoder(16)).people == 96


def test_several_parts_share_one_lens(planted) -> None:
    personas = [record.persona for record in planted]
    table = Texts.of(texts_of(planted, personas), FakeEncoder(16))
    scorers_by_part = fit_parts(planted, personas, FakeEncoder(16), table)
    assert len({id(scorer.lens) for scorer in scorers_by_part.values()}) == 1
    assert set(scorers_by_part) == set(PARTS)


def test_choices_in_a_persona_are_fitted_on_beside_the_rest_of_it(planted: list[Record]) -> None:
    nobody = [replace(record, chosen="same", rejected="same words") for record in planted]
    personas = [record.persona for record in planted]
    # the records say nothing about flowers and engines; the earlier choices of their people do
    scorer = fit_encoder(nobody, personas, FakeEncoder(16))
    assert accuracy(scorer.margins(planted, personas)) > 0.8
    assert (scorer.records, scorer.people) == (96, 24)


def test_a_comparison_that_stands_twice_is_fitted_on_once_and_without_its_copies() -> None:
    twice, other = Comparison("p", "yes", "no"), Comparison("p", "tea", "milk")
    record = Record("r", "u", "q", "good", "bad", Persona((twice, other, twice)))
    records, personas = with_comparisons([record], [record.persona])
    assert [(record.chosen, persona.evidence) for record, persona in zip(records, personas, strict=True)] == [
        ("good", (twice, other, twice)),
        ("yes", (other,)),
        ("tea", (twice, twice)),
    ]
