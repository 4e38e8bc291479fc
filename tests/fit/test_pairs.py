from dataclasses import replace

import numpy as np
import pytest
import torch

from penchant import Comment, Comparison, ModelError, Persona, Record, TrainingError
from penchant.encoder.fake import FakeEncoder
from penchant.fit.pairs import Pairs, TextTransform
from penchant.scorer.encoder.texts import Texts, texts_of

A, B = Comparison("p", "rose", "gear"), Comparison("q", "tulip", "bolt")
PERSONAS = [Persona((A, Comment("", "moss"), B)), Persona(), Persona((B,))]
RECORDS = [Record(f"r{i}", None, "p", "rose moss", "gear bolt") for i in range(3)]


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts.of(texts_of(RECORDS, PERSONAS), FakeEncoder(16))


def test_pairs_know_the_places_of_their_texts_and_each_comparison_once(texts: Texts) -> None:
    pairs = Pairs.of(texts, RECORDS, PERSONAS)
    names = {row: text for text, row in texts.ids.items()}
    assert [names[i] for i in pairs.pair_N3[0].tolist()] == ["p", "rose moss", "gear bolt"]
    assert [[names[i] for i in row] for row in pairs.comparison_C3.tolist()] == [
        ["p", "rose", "gear"],
        ["q", "tulip", "bolt"],
    ]
    assert pairs.counts().tolist() == [2, 0, 1]
    assert pairs.owners().tolist() == [0, 0, 2]
    assert pairs.evidence.ids.tolist() == [0, 1, 1]


def test_some_rows_keep_what_is_shown_beside_them(texts: Texts) -> None:
    selection = Pairs.of(texts, RECORDS, PERSONAS).of_rows(torch.tensor([2, 1]))
    assert len(selection) == 2
    assert selection.counts().tolist() == [1, 0]
    assert selection.evidence.ids.tolist() == [1]


def transform_of(planted: list[Record]) -> tuple[TextTransform, Texts, Pairs]:
    personas = [record.persona for record in planted]
    table = Texts.of(texts_of(planted, personas), FakeEncoder(16))
    pairs = Pairs.of(table, planted, personas)
    return TextTransform.learn(table, pairs), table, pairs


def test_answers_are_in_units_of_the_spread_between_chosen_and_rejected(planted: list[Record]) -> None:
    transform, table, pairs = transform_of(planted)
    vectors = transform.apply(table)
    spread = (vectors.answer_TF[pairs.pair_N3[:, 1]] - vectors.answer_TF[pairs.pair_N3[:, 2]]).std(0, correction=0)
    varying = np.isfinite(transform.answer_spread)
    assert varying.sum() >= 16
    np.testing.assert_allclose(spread.numpy()[varying], 1, rtol=1e-3)
    assert vectors.answer_TF.shape == (len(table.ids), transform.size)


def test_what_training_texts_do_not_vary_in_is_nothing(planted: list[Record]) -> None:
    transform, table, _ = transform_of(planted)
    vectors = transform.apply(table)
    assert torch.isfinite(vectors.answer_TF).all()
    assert not vectors.answer_TF[:, ~np.isfinite(transform.answer_spread)].any()
    # all records have one prompt, so prompts do not vary
    assert not vectors.prompt_TF.any()


def test_an_answer_under_a_prompt_is_both(planted: list[Record]) -> None:
    records = [replace(record, prompt=record.persona.evidence[0].chosen) for record in planted]
    transform, table, pairs = transform_of(records)
    vectors = transform.apply(table)
    prompt, chosen, _ = pairs.pair_N3.unbind(1)
    both = vectors.joint(prompt, chosen)
    assert torch.equal(both[:, : transform.size], vectors.answer_TF[chosen])
    assert torch.equal(both[:, transform.size :], vectors.prompt_TF[prompt])
    assert both[:, transform.size :].any()


def test_a_look_is_the_same_from_its_arrays(planted: list[Record]) -> None:
    transform, table, _ = transform_of(planted)
    again = TextTransform.from_arrays(transform.arrays())
    assert torch.equal(again.apply(table).answer_TF, transform.apply(table).answer_TF)
    assert torch.equal(again.apply(table).prompt_TF, transform.apply(table).prompt_TF)
    with pytest.raises(KeyError, match="look.final.mean"):
        TextTransform.from_arrays({})


def test_vectors_of_another_length_are_refused(planted: list[Record]) -> None:
    transform, _, _ = transform_of(planted)
    with pytest.raises(ModelError, match="vectors of 16 numbers, asked over those of 8"):
        transform.apply(Texts.of(["rose"], FakeEncoder(8)))


def test_one_answer_is_too_few(planted: list[Record]) -> None:
    with pytest.raises(TrainingError, match="two different answers"):
        transform_of([replace(record, chosen="a", rejected="a") for record in planted])
