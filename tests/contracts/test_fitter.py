"""What every learned baseline promises."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant import Comment, Demographics, ModelError, Persona, Rating, Record, TrainingError
from penchant.encoder.fake import FakeEncoder
from penchant.fit import BASELINES, load_baseline
from penchant.fit.saved import CARD
from penchant.scorer.base import Fitted
from penchant.scorer.encoder.texts import Texts, texts_of

ENCODER = FakeEncoder(32)


def table(records: Sequence[Record], personas: Sequence[Persona], encoder: FakeEncoder = ENCODER) -> Texts:
    return Texts.of(texts_of(records, personas), encoder)


def personas_of(records: Sequence[Record]) -> list[Persona]:
    return [record.persona for record in records]


def accuracy(margins: np.ndarray) -> float:
    return float(((margins > 0) + 0.5 * (margins == 0)).mean())


class Learnt(NamedTuple):
    """A baseline fitted on the training people, and the people it was not fitted on."""

    name: str
    fitted: Fitted
    training: list[Record]
    new: list[Record]
    table: Texts
    """The texts of all records."""

    def margins(self, records: Sequence[Record], personas: Sequence[Persona]) -> np.ndarray:
        return self.fitted.table_margins(table(records, personas), records, personas)


@pytest.fixture(scope="module", params=list(BASELINES))
def learnt(request: pytest.FixtureRequest, planted: list[Record]) -> Learnt:
    training, new = ([r for r in planted if (r.split == "train") == keep] for keep in (True, False))
    texts = table(planted, personas_of(planted))
    return Learnt(
        request.param,
        BASELINES[request.param].fit(training, personas_of(training), texts, seed=0),
        training,
        new,
        texts,
    )


def test_a_planted_preference_of_unseen_people_is_told_by_their_comparisons_and_by_no_other(learnt, planted) -> None:
    own = personas_of(learnt.new)
    # the neighbours of each person have the other preference
    opposite = [planted[(int(record.record_id.split("-")[1]) + 1) % 24 * 4].persona for record in learnt.new]
    assert accuracy(learnt.margins(learnt.new, own)) > 0.7
    assert accuracy(learnt.margins(learnt.new, opposite)) < 0.3
    # donors have the same preference as often as the opposite one
    donors = [person.persona for person in learnt.training[: 6 * 4 : 4]]
    repeated = [record for record in learnt.new for _ in donors]
    assert abs(accuracy(learnt.margins(repeated, donors * len(learnt.new))) - 0.5) < 0.15
    nobody = learnt.margins(learnt.new, [Persona()] * len(learnt.new))
    assert abs(accuracy(nobody) - 0.5) < 0.25


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_swapping_the_answers_negates_the_margin_exactly(learnt, any_questions, data) -> None:
    records = data.draw(any_questions)
    personas = personas_of(records)
    swapped = [replace(record, chosen=record.rejected, rejected=record.chosen) for record in records]
    np.testing.assert_array_equal(learnt.margins(swapped, personas), -learnt.margins(records, personas))


def test_what_is_not_a_comparison_and_what_is_not_shown_is_not_read(learnt) -> None:
    own = personas_of(learnt.new)
    more = [Persona((*one.evidence, Comment("", "gear"), Demographics("rose"))) for one in own]
    bare = [Record(r.record_id, None, r.prompt, r.chosen, r.rejected, Persona()) for r in learnt.new]
    ours = learnt.margins(learnt.new, own)
    np.testing.assert_allclose(learnt.margins(bare, more), ours, rtol=1e-4, atol=1e-4)
    assert (learnt.margins(bare, own[::-1]) != ours).any()


def test_people_without_comparisons_get_finite_margins_that_do_not_depend_on_who_they_are(learnt) -> None:
    unrevealing = [Persona(), Persona((Comment("", "gear"),)), Persona((Rating("q", "rose", True),))]
    margins = learnt.margins([learnt.new[0]] * 3, unrevealing)
    assert np.isfinite(margins).all()
    # the last digit of a float32 may depend on neighbouring rows
    assert margins == pytest.approx(margins[0], rel=1e-5)
    assert learnt.margins([], []).shape == (0,)


def test_two_equal_answers_tie(learnt) -> None:
    same = [replace(record, rejected=record.chosen) for record in learnt.new]
    assert not learnt.margins(same, personas_of(same)).any()


def test_the_seed_decides_and_nothing_outside_does(learnt) -> None:
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    again = BASELINES[learnt.name].fit(learnt.training, personas_of(learnt.training), learnt.table, seed=0)
    assert torch.equal(torch.random.get_rng_state(), before)
    other = BASELINES[learnt.name].fit(learnt.training, personas_of(learnt.training), learnt.table, seed=1)
    own = personas_of(learnt.new)
    ours, same, another = (one.table_margins(learnt.table, learnt.new, own) for one in (learnt.fitted, again, other))
    np.testing.assert_array_equal(same, ours)
    assert (another != ours).any()


def test_people_who_show_nothing_can_be_fitted_on_and_what_everybody_likes_is_learnt(learnt) -> None:
    flowers = [r for r in (*learnt.training, *learnt.new) if r.provenance.attribute == "garden/flowers"]
    fitted = BASELINES[learnt.name].fit(flowers, [Persona()] * len(flowers), learnt.table, seed=0)
    assert accuracy(fitted.table_margins(learnt.table, flowers, [Persona()] * len(flowers))) > 0.9


def test_it_is_named_as_it_is_asked_for_and_says_how_fitting_went(learnt) -> None:
    assert learnt.fitted.name == BASELINES[learnt.name].name == learnt.name
    assert learnt.fitted.remark.startswith(f"{learnt.name}: best after ")


def test_a_table_of_another_encoder_is_refused(learnt) -> None:
    own = personas_of(learnt.new)
    with pytest.raises(ModelError, match="vectors of 32 numbers, asked over those of 8"):
        learnt.fitted.table_margins(table(learnt.new, own, FakeEncoder(8)), learnt.new, own)


def test_a_saved_one_gives_the_same_margins_whichever_it_is(learnt, tmp_path) -> None:
    learnt.fitted.save(tmp_path, encoder=ENCODER.name)
    again = load_baseline(tmp_path, encoder=ENCODER.name)
    own = personas_of(learnt.new)
    ours, theirs = (one.table_margins(learnt.table, learnt.new, own) for one in (learnt.fitted, again))
    np.testing.assert_array_equal(theirs, ours)
    assert (again.name, again.remark) == (learnt.fitted.name, learnt.fitted.remark)


def test_a_saved_one_is_refused_over_another_encoder_and_under_another_name(learnt, tmp_path) -> None:
    learnt.fitted.save(tmp_path, encoder="fake")
    with pytest.raises(ModelError, match="fitted with encoder 'fake', loaded with 'other'"):
        load_baseline(tmp_path, encoder="other")
    card = json.loads((tmp_path / CARD).read_text())
    for name in {"pal", *BASELINES} - {learnt.name}:
        (tmp_path / CARD).write_text(json.dumps(card | {"baseline": name}))
        with pytest.raises(ModelError, match="do not fit each other"):
            load_baseline(tmp_path, encoder="fake")


def cases(planted: list[Record]) -> Iterator[tuple[list[Record], str]]:
    yield [r for r in planted if r.user_id == "person-0"], "1 people"
    yield [replace(r, chosen="same", rejected="same", persona=Persona()) for r in planted], "two different answers"


@pytest.mark.parametrize("name", list(BASELINES))
def test_what_cannot_be_fitted_on_is_said(name: str, planted: list[Record]) -> None:
    for records, message in cases(planted):
        with pytest.raises(TrainingError, match=message):
            BASELINES[name].fit(records, personas_of(records), table(records, personas_of(records)), seed=0)
    broken = table(planted, personas_of(planted))
    broken.final[0] = np.nan
    with pytest.raises(TrainingError, match="not finite"):
        BASELINES[name].fit(planted, personas_of(planted), broken, seed=0)
