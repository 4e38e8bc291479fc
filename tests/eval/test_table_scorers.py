from collections.abc import Sequence

import numpy as np
import pytest

from penchant import Persona, Record
from penchant.encoder.fake import FakeEncoder
from penchant.eval.bench import Bench
from penchant.eval.score import Setting
from penchant.eval.table_scorers import scores_of
from penchant.model.fake import FakeModel
from penchant.scorer.encoder.texts import Texts, texts_of


class Counting:
    """Prefers the chosen answer by as much as it is shown."""

    name = "counting"
    people_digest = ""

    def __init__(self, choices_only: bool = False) -> None:
        self.choices_only = choices_only

    def table_margins(self, texts: Texts, records: Sequence[Record], personas: Sequence[Persona]) -> np.ndarray:
        assert set(texts.ids) >= texts_of(records, personas)
        return np.array([float(len(persona)) for persona in personas])


class Rule:
    noise = 0.1

    def probability(self, record: Record, persona: Persona) -> float:
        return 0.2 if persona.evidence else 0.5

    def covered(self, record: Record, persona: Persona) -> bool:
        return True


@pytest.fixture
def bench(tiny) -> Bench:
    return Bench(Setting("d", "user_first", 3), "user_first", tiny, FakeModel(), {})


@pytest.fixture(scope="module")
def texts(planted: list[Record]) -> Texts:
    return Texts.of(texts_of(planted, [record.persona for record in planted]), FakeEncoder(8))


def test_a_scorer_is_shown_what_the_models_are_shown(bench: Bench, planted, texts) -> None:
    found = list(scores_of(bench, planted, ["pair", "ugc", "mixed"], scorers=[Counting()], texts=texts))
    informed, blind = bench.conditions(planted, ["pair", "ugc", "mixed"])
    assert [one.persona for one in found] == ["pair", "ugc", "mixed", "none", "shuffled"]
    for one, condition in zip(found, (*informed, *blind), strict=True):
        assert (one.method, one.records, one.ceiling) == ("counting", condition.records, None)
        assert one.margins.tolist() == [len(persona) for persona in condition.personas]
    by_persona = {one.persona: one.margins for one in found}
    assert (by_persona["pair"] == 2).all()
    assert not by_persona["none"].any()


def test_the_limit_is_that_of_the_evidence_shown_and_chance_where_nothing_true_is(bench: Bench, planted, texts) -> None:
    bench.rule = Rule()
    table = scores_of(bench, planted, ["pair", "ugc"], scorers=[Counting()], texts=texts)
    found = {one.persona: one.ceiling for one in table}
    assert {persona: set(ceiling.tolist()) for persona, ceiling in found.items()} == {
        "pair": {0.8},
        "ugc": {0.5},
        "none": {0.5},
        "shuffled": {0.5},
    }


def test_a_scorer_of_choices_has_no_row_where_none_are_shown_but_for_the_controls(bench: Bench, planted, texts) -> None:
    found = list(
        scores_of(bench, planted, ["pair", "ugc", "mixed"], scorers=[Counting(choices_only=True)], texts=texts)
    )
    assert [one.persona for one in found] == ["pair", "mixed", "none", "shuffled"]


def test_the_encoder_is_a_personal_method_and_every_other_scorer_a_baseline(bench: Bench, planted, texts) -> None:
    encoder, other = Counting(), Counting()
    encoder.name = "encoder"
    roles = {one.method: one.role for one in scores_of(bench, planted, ["ugc"], scorers=[encoder, other], texts=texts)}
    assert roles == {"encoder": "personal", "counting": "baseline"}
