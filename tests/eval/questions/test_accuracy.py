"""Accuracy as a question: kinds of evidence, records without any, learned scorers, and what is refused."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from penchant import Persona, PreferenceSpace, Record
from penchant.encoder.fake import FakeEncoder
from penchant.errors import ConfigError, RecordError
from penchant.eval.bench import Bench
from penchant.eval.questions.accuracy import ACCURACY, PERSONAS, available, note_bare
from penchant.eval.questions.base import Inputs
from penchant.eval.score import Setting
from penchant.model.fake import FakeModel
from penchant.scorer.encoder.texts import Texts


class Counting:
    """Prefers the chosen answer by the number of items in the persona."""

    name = "counting"
    people_digest = ""
    choices_only = False

    def table_margins(self, texts: Texts, records: Sequence[Record], personas: Sequence[Persona]) -> np.ndarray:
        return np.array([float(len(persona)) for persona in personas])


@pytest.fixture
def inputs(tiny: PreferenceSpace, planted, counted) -> Inputs:
    """A base, and a model aligned by ICA, on people who show choices alone."""
    bench = Bench(
        setting=Setting("d", "user_first", 0),
        layout="user_first",
        space=tiny,
        reference=FakeModel(name="reference"),
        policies={"ica": FakeModel(follow=2.0, name="ica")},
    )
    return Inputs(planted[:16], tiny, bench, reporter=counted)


def personas_of(answer, method: str) -> set[str]:
    assert answer.measured is not None
    return {one.persona for one in answer.measured.scored if one.method == method}


def test_the_kinds_of_evidence_that_people_have_are_measured_then_none_and_anothers(inputs, counted) -> None:
    answer = ACCURACY.measure(inputs)
    assert PERSONAS == ("ugc", "pair", "demo", "mixed")
    assert personas_of(answer, "ica") == {"pair", "mixed", "none", "shuffled"}
    assert personas_of(answer, "longer") == {"pair", "mixed"}
    assert "nobody has evidence of kind ugc or demo, which is left out" in counted.notes
    assert counted.total == counted.steps > 0


def test_without_any_evidence_every_kind_is_asked_the_bare_prompt(inputs) -> None:
    bare = [replace(record, persona=Persona()) for record in inputs.records]
    assert personas_of(ACCURACY.measure(replace(inputs, records=bare)), "ica") == {*PERSONAS, "none", "shuffled"}


def test_named_kinds_are_measured_once_each(inputs) -> None:
    answer = ACCURACY.measure(replace(inputs, personas=("pair", "all", "pair")))
    assert answer.measured is not None
    shown = [one.persona for one in answer.measured.scored if (one.method, one.variant) == ("ica", "")]
    assert shown == ["pair", "all", "none", "shuffled"]


@pytest.mark.parametrize(("personas", "kind"), [(("pair",), "pair"), (("pair", "all"), "mixed")])
def test_anothers_evidence_is_of_the_one_kind_that_is_measured(inputs, personas, kind: str) -> None:
    ACCURACY.measure(replace(inputs, personas=personas))
    assert inputs.bench.swapped == kind


@pytest.mark.parametrize("personas", [("bio",), ("pair", "bio"), ("none",), ("shuffled",)])
def test_an_unknown_kind_of_evidence_is_refused(inputs, personas) -> None:
    with pytest.raises(ConfigError, match=f"`personas` {','.join(personas)}: choose from ugc, pair, demo, behaviour"):
        ACCURACY.measure(replace(inputs, personas=personas))


def test_records_that_show_nothing_are_counted_by_kind(inputs, counted) -> None:
    note_bare(inputs, ["ugc", "pair"])
    assert counted.notes == ["16 of 16 records show nothing under 'ugc': they are asked the bare prompt"]


def test_kinds_that_nobody_shows_are_not_available(inputs) -> None:
    assert available(inputs, PERSONAS) == ("pair", "mixed")
    bare = [replace(record, persona=Persona()) for record in inputs.records]
    with pytest.raises(RecordError, match="no record of d shows any evidence of a person; there is nothing to align"):
        available(replace(inputs, records=bare), PERSONAS)


def test_learned_scorers_are_measured_with_the_models_or_without_any(inputs, monkeypatch) -> None:
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)
    both = replace(inputs, scorers=(Counting(),), personas=("pair",))
    assert personas_of(ACCURACY.measure(both), "counting") == {"pair", "none", "shuffled"}
    assert personas_of(ACCURACY.measure(both), "ica") == {"pair", "none", "shuffled"}
    inputs.bench.reference, inputs.bench.policies = None, {}
    alone = ACCURACY.measure(both)
    assert personas_of(alone, "counting") == {"pair", "none", "shuffled"}
    assert personas_of(alone, "longer") == {"pair"}
    assert personas_of(alone, "few_shot") == set()


def test_nothing_to_measure_is_refused(inputs) -> None:
    inputs.bench.reference, inputs.bench.policies = None, {}
    with pytest.raises(ConfigError, match="there is nothing to measure; give models, or a `base`"):
        ACCURACY.measure(inputs)


def test_an_unknown_method_is_refused_before_data_is_read() -> None:
    with pytest.raises(ConfigError, match="no method is called 'dpo'; there are "):
        ACCURACY.check({"models": {"ica": "a", "dpo": "b"}})
    ACCURACY.check({"models": {"ica": "a", "pba": "b"}})
    with pytest.raises(ConfigError, match="`personas` ugc,bio: choose from ugc, pair"):
        ACCURACY.check({"models": {}, "personas": ["ugc", "bio"]})
