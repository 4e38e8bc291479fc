import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import ModelError, Person, Persona, Record
from penchant.encoder.fake import FakeEncoder
from penchant.fit.encoder import fit_encoder
from penchant.infer.fake import FakeAnnotator
from penchant.scorer.base import Scorer
from penchant.scorer.belief import BeliefScorer
from penchant.scorer.encoder import PARTS, EncoderScorer
from penchant.scorer.encoder import scorer as module
from penchant.scorer.encoder.features import BELIEF, FEATURES
from penchant.space import PreferenceSpace


@pytest.fixture(scope="module")
def scorers(planted: list[Record]) -> dict[str, EncoderScorer]:
    personas = [record.persona for record in planted]
    return {parts: fit_encoder(planted, personas, FakeEncoder(16), parts=parts) for parts in PARTS}


def swapped(record: Record) -> Record:
    return replace(record, chosen=record.rejected, rejected=record.chosen)


def require_antisymmetry(scorer: Scorer, records: list[Record]) -> None:
    personas = [record.persona for record in records]
    ours, theirs = (scorer.margins(side, personas) for side in (records, [swapped(record) for record in records]))
    np.testing.assert_array_equal(theirs, -ours)


@given(st.data())
def test_swapping_the_answers_negates_the_margin_exactly(
    scorers: dict[str, EncoderScorer], any_questions: st.SearchStrategy[list[Record]], data: st.DataObject
) -> None:
    records = data.draw(any_questions)
    for scorer in scorers.values():
        require_antisymmetry(scorer, records)


@pytest.mark.parametrize("poison", [1e-12, 1.0])
def test_the_antisymmetry_test_sees_a_feature_that_is_even(
    scorers: dict[str, EncoderScorer], planted: list[Record], monkeypatch: pytest.MonkeyPatch, poison: float
) -> None:
    honest = module.contrast

    def poisoned(*arguments):
        values = honest(*arguments)
        values[:, np.abs(scorers["both"].weights).argmax()] += poison  # "the first answer is better"
        return values

    require_antisymmetry(scorers["both"], planted)
    monkeypatch.setattr(module, "contrast", poisoned)
    with pytest.raises(AssertionError):
        require_antisymmetry(scorers["both"], planted)


def accuracy(margins: np.ndarray) -> float:
    return float((margins > 0).mean())


def test_a_planted_preference_is_learnt_by_what_reads_texts_and_only_through_the_persona(planted) -> None:
    train, test = ([r for r in planted if (r.split == "train") == keep] for keep in (True, False))
    personas = [record.persona for record in test]
    # the neighbours of each person have the other preference
    wrong = [planted[(int(record.record_id.split("-")[1]) + 1) % 24 * 4].persona for record in test]
    for parts, floor in (("both", 0.85), ("text", 0.85)):
        scorer = fit_encoder(train, [record.persona for record in train], FakeEncoder(), parts=parts)
        assert accuracy(scorer.margins(test, personas)) >= floor
        assert accuracy(scorer.margins(test, wrong)) <= 1 - floor
        assert accuracy(scorer.margins(test, personas[::-1])) < 0.7


def test_the_head_without_a_persona_does_not_see_one(scorers, planted) -> None:
    personas = [record.persona for record in planted]
    alone = scorers["none"].margins(planted, [Persona()] * len(planted))
    np.testing.assert_array_equal(scorers["none"].margins(planted, personas), alone)
    assert not scorers["text"].margins(planted, [Persona()] * len(planted)).any()


def test_parts_weigh_their_own_features_only(scorers) -> None:
    for parts, names in PARTS.items():
        weighed = {FEATURES[i] for i in np.flatnonzero(scorers[parts].weights)}
        assert weighed <= set(names)
        assert weighed


def test_scores_of_answers_differ_by_their_margin_and_do_not_see_each_other(scorers, planted) -> None:
    record = planted[0]
    person = Person(record.persona)
    for scorer in scorers.values():
        good, bad, _ = scorer.score(person, record.prompt, [record.chosen, record.rejected, "something else"])
        assert good - bad == pytest.approx(scorer.margins([record], [record.persona])[0], abs=1e-9)
        assert scorer.score(person, record.prompt, [record.chosen])[0] == pytest.approx(good, abs=1e-9)


def test_a_person_who_is_not_known_gets_scores_too(scorers) -> None:
    assert scorers["both"].score(Person(), "What shall I read?", []).shape == (0,)
    assert np.isfinite(scorers["both"].score(Person(), "What shall I read?", ["roses", "", "?"])).all()


def test_names_are_those_of_tables(scorers) -> None:
    assert [scorers[parts].name for parts in ("both", "text", "style", "none")] == [
        "encoder",
        "encoder_text",
        "encoder_style",
        "encoder",
    ]


def test_a_saved_scorer_gives_the_same_margins(scorers, planted, tmp_path: Path) -> None:
    personas = [record.persona for record in planted]
    for parts, scorer in scorers.items():
        scorer.save(tmp_path / parts)
        loaded = EncoderScorer.load(tmp_path / parts, FakeEncoder(16))
        np.testing.assert_array_equal(loaded.margins(planted, personas), scorer.margins(planted, personas))
        assert (loaded.name, loaded.records, loaded.people) == (scorer.name, 96, 24)
        assert loaded.people_digest == scorer.people_digest
    assert sorted(path.name for path in (tmp_path / "both").iterdir()) == ["scorer.json", "scorer.safetensors"]


def test_weights_that_are_no_numbers_are_refused_with_their_folder(scorers, tmp_path: Path) -> None:
    replace(scorers["both"], weights=np.full_like(scorers["both"].weights, np.nan)).save(tmp_path)
    with pytest.raises(ModelError, match=f"{tmp_path / 'scorer.safetensors'}: weights that are not numbers"):
        EncoderScorer.load(tmp_path, FakeEncoder(16))


def test_another_encoder_is_refused(scorers, tmp_path: Path) -> None:
    scorers["both"].save(tmp_path)
    with pytest.raises(ModelError, match="fitted with encoder 'fake', loaded with 'other'"):
        EncoderScorer.load(tmp_path, FakeEncoder(16, name="other"))


@pytest.mark.parametrize("name", ["scorer.json", "scorer.safetensors"])
@pytest.mark.parametrize("content", [None, b"", b"\x80\x04N.", b"[]", b"{}"])
def test_an_incomplete_or_foreign_folder_is_refused(scorers, tmp_path: Path, name: str, content: bytes | None) -> None:
    scorers["both"].save(tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=tmp_path.name):
        EncoderScorer.load(tmp_path, FakeEncoder(16))


@pytest.mark.parametrize(
    "change", [{"format": "other"}, {"features": ["log words"]}, {"parts": "half"}, {"encoder": None, "records": ...}]
)
def test_a_card_that_does_not_fit_is_refused(scorers, tmp_path: Path, change: dict[str, object]) -> None:
    scorers["both"].save(tmp_path)
    card = json.loads((tmp_path / "scorer.json").read_text())
    kept = {key: value for key, value in (card | change).items() if value is not ...}
    (tmp_path / "scorer.json").write_text(json.dumps(kept))
    with pytest.raises(ModelError, match="anew"):
        EncoderScorer.load(tmp_path, FakeEncoder(16))


def test_a_scorer_with_beliefs_is_loaded_with_its_annotator_and_scores_as_it_was_fitted(
    planted: list[Record], tiny: PreferenceSpace, tmp_path: Path
) -> None:
    believer = BeliefScorer(FakeAnnotator(tiny, {"rose": ("length", 1), "gear": ("length", -1)}))
    personas = [record.persona for record in planted]
    scorer = fit_encoder(planted, personas, FakeEncoder(16), believer=believer)
    assert scorer.weights[FEATURES.index(BELIEF)] > 0
    require_antisymmetry(scorer, planted)
    good, bad = scorer.score(Person(personas[0]), planted[0].prompt, [planted[0].chosen, planted[0].rejected])
    assert good - bad == pytest.approx(scorer.margins(planted[:1], personas[:1])[0], abs=1e-9)
    scorer.save(tmp_path)
    again = EncoderScorer.load(tmp_path, FakeEncoder(16), believer)
    np.testing.assert_array_equal(again.margins(planted, personas), scorer.margins(planted, personas))
    with pytest.raises(ModelError, match="fitted with annotator 'fake', loaded with 'None'"):
        EncoderScorer.load(tmp_path, FakeEncoder(16))


def test_of_nobody_no_belief_speaks_but_what_knows_no_persona(planted: list[Record], tiny: PreferenceSpace) -> None:
    believer = BeliefScorer(FakeAnnotator(tiny, {"rose": ("length", 1), "gear": ("length", -1)}))
    assert not believer.suits(["q", "q"], [Persona(), Persona()], ["rose", "gear"]).any()
    personas = [record.persona for record in planted]
    scorer = fit_encoder(planted, personas, FakeEncoder(16), believer=believer)
    rose, gear = scorer.score(Person(), "What shall I read?", ["rose", "gear"])
    assert rose != gear
