from dataclasses import replace

import numpy as np
import pytest

from penchant.errors import RecordError
from penchant.eval.beliefs import (
    Beliefs,
    abstention,
    auroc,
    beliefs,
    calibration_error,
    curve,
    drift,
    measure_beliefs,
    questions,
    readings,
    share_of_ideal,
)
from penchant.forum.ideal_observer import observer_of
from penchant.forum.lexicon import lexicon
from penchant.forum.population import ForumSettings
from penchant.forum.simulate import simulate
from penchant.infer.fake import FakeAnnotator
from penchant.infer.labelled import labelled
from penchant.person import PRIOR
from penchant.record import Record
from penchant.scorer.belief import BeliefScorer
from penchant.space import PreferenceSpace, load_space


@pytest.fixture(scope="module")
def known() -> tuple[PreferenceSpace, list[Record], BeliefScorer]:
    """Simulated people, and an annotator that knows the first word of every wording that no other pole begins with."""
    space = load_space().subset(["science", "cinema", "gaming", "sports", "travel", "music"], name="six")
    settings = ForumSettings(
        train_users=2, test_users=80, active_min=3, active_max=5, target_dimensions=3, test_targets=4
    )
    records = simulate(space, settings).split("test", "known")
    words: dict[str, tuple[str, int]] = {}
    for dimension, entry in zip(space.dimensions, lexicon(space), strict=True):
        for sign, phrases in ((1, entry.positive), (-1, entry.negative)):
            for word in (word for phrase in phrases for word in phrase.split()):
                words[word] = ("", 0) if word in words and words[word] != (dimension.id, sign) else (dimension.id, sign)
    clear = {word: pole for word, pole in words.items() if pole[1]}
    return space, records, BeliefScorer(FakeAnnotator(space, clear, sure=0.98))


def test_the_area_is_the_share_of_pairs_in_order() -> None:
    score, positive = np.array([0.1, 0.4, 0.35, 0.8, 0.4]), np.array([False, False, True, True, True])
    pairs = [(p > n) + 0.5 * (p == n) for p in score[positive] for n in score[~positive]]
    assert auroc(score, positive) == pytest.approx(np.mean(pairs))
    assert auroc(-score, positive) == pytest.approx(1 - np.mean(pairs))


def test_readings_of_a_good_annotator_are_near_the_truth(known) -> None:
    _, records, scorer = known
    found = readings(labelled(records), scorer)
    assert found["auroc"] > 0.95
    assert found["side"] > 0.99
    assert readings(labelled(records), scorer, dimensions=[2])["items"] == found["items"]
    blind = BeliefScorer(FakeAnnotator(scorer.annotator.space, {}))
    assert readings(labelled(records), blind)["auroc"] == pytest.approx(0.5)


def test_dimensions_of_which_nobody_speaks_cannot_be_measured(known) -> None:
    _, records, scorer = known
    silent = [one for one in labelled(records) if one.direction.sign("music") == 0]
    with pytest.raises(RecordError, match="no item speaks of these dimensions"):
        readings(silent, scorer, dimensions=[5])


def test_calibration_is_the_gap_between_doubt_and_truth() -> None:
    rng = np.random.default_rng(0)
    probability = rng.uniform(size=20_000)
    right = Beliefs(probability, rng.uniform(size=20_000) < probability)
    assert calibration_error(right) < 0.02
    assert calibration_error(Beliefs(np.full(100, 0.9), np.arange(100) < 60)) == pytest.approx(0.3)


def test_leaving_out_the_least_certain_makes_the_rest_better() -> None:
    known = Beliefs(np.array([0.9, 0.8, 0.6, 0.5]), np.array([True, True, False, True]))
    assert abstention(known, (1.0, 0.5)) == [
        {"coverage": 1.0, "accuracy": pytest.approx(2.5 / 4)},
        {"coverage": 0.5, "accuracy": 1.0},
    ]


def test_beliefs_are_counted_once_per_person_on_what_they_hold(known) -> None:
    _, records, scorer = known
    found = beliefs(records, [record.persona for record in records], scorer)
    people = {record.user_id: record.golden for record in records}
    assert len(found.probability) == sum(int((golden.signs != 0).sum()) for golden in people.values())
    assert ((found.probability > 0.5) == found.positive).mean() > 0.9
    with pytest.raises(RecordError, match="has no golden direction"):
        beliefs([replace(records[0], golden=None)], [records[0].persona], scorer)


def test_choices_come_near_the_ideal_observers_with_every_item(known) -> None:
    _, records, scorer = known
    points = curve(records, scorer, observer_of(records))
    assert [point["items"] for point in points] == [0, 1, 2, 4, 8]
    assert points[0]["accuracy"] == points[0]["ideal"] == 0.5
    assert points[0]["of_ideal"] is points[0]["of_ideal_ci95"] is None
    assert all(len(point["of_ideal_ci95"]) == len(point["ci95"]) == 2 for point in points[1:])
    assert [point["ideal"] for point in points] == sorted(point["ideal"] for point in points)
    assert points[-1]["of_ideal"] > 0.8


def test_the_share_of_ideal_is_of_gains_over_chance_and_its_interval_over_users() -> None:
    # forty people of ten records; each is right as often as the ideal observer expects to be
    limits = np.repeat([0.9, 0.6] * 20, 10)
    users = [str(i // 10) for i in range(400)]
    margins = np.array([1.0 if i % 10 < 10 * limit - 1e-9 else -1.0 for i, limit in enumerate(limits)])
    value, (low, high) = share_of_ideal(margins, limits, users)
    # exactly the ideal's gain in everybody: whoever is drawn, the share is one, though accuracies differ
    assert (value, low, high) == (pytest.approx(1.0), pytest.approx(1.0), pytest.approx(1.0))
    half = margins * np.where(np.arange(400) // 10 % 4 < 2, 1, -1)
    value, (low, high) = share_of_ideal(half, limits, users)
    assert value == pytest.approx(0.0)
    assert low < -0.2 < 0.2 < high
    by_row = share_of_ideal(half, limits, [str(i) for i in range(400)])[1]
    assert by_row[1] - by_row[0] < (high - low) / 1.5


def test_where_the_ideal_observer_gains_nothing_there_is_no_share() -> None:
    assert share_of_ideal(np.ones(4), np.full(4, 0.5), list("aabb")) is None
    value, (low, high) = share_of_ideal(np.ones(4), np.array([0.5, 0.5, 1.0, 1.0]), list("aabb"))
    assert np.isfinite([value, low, high]).all()


def test_people_who_turn_are_followed_by_beliefs_that_fade_and_not_by_others(monkeypatch) -> None:
    scorer = BeliefScorer(FakeAnnotator(load_space(), {}))
    fading = drift(scorer, seed=0, people=40)
    monkeypatch.setattr("penchant.eval.beliefs.PRIOR", replace(PRIOR, half_life=None))
    lasting = drift(scorer, seed=0, people=40)
    assert fading[0]["right"] < 0.05
    assert fading[6]["right"] > 0.75
    assert lasting[6]["right"] < 0.4
    assert PRIOR.half_life == 1.0


def test_the_suite_has_every_table(known) -> None:
    _, records, scorer = known
    found = measure_beliefs(records, scorer, observer_of(records), seed=0)
    assert set(found["personas"]) == {"ugc", "pair", "demo", "behaviour", "mixed", "all"}
    for row in found["personas"].values():
        assert 0.4 < row["of_ideal"] < 1.2
        assert row["of_ideal"] == pytest.approx((row["accuracy"] - 0.5) / (row["ideal"] - 0.5))
        assert row["of_ideal_ci95"][0] <= row["of_ideal"] <= row["of_ideal_ci95"][1]
        assert row["ci95"][0] <= row["accuracy"] <= row["ci95"][1]
        assert row["calibration_error"] < 0.2
    assert found["people"] == len({record.user_id for record in records})
    assert found["questions"] is None


def test_chosen_questions_tell_more_than_as_many_drawn_and_need_a_pool(known) -> None:
    space, records, scorer = known
    settings = ForumSettings(
        train_users=2,
        test_users=200,
        active_min=4,
        active_max=6,
        target_dimensions=3,
        test_targets=4,
        comments=0,
        comparisons=16,
    )
    many = simulate(space, settings).split("test", "known")
    found = questions(many, scorer, seed=0, chosen=3, drawn=3)
    assert found.chosen.value > found.at_random.value + 0.02
    assert found.number <= 3
    with pytest.raises(RecordError, match="has [0-9]+ comparisons; questions are chosen from more than 8"):
        questions(records, scorer, seed=0)
