"""What is printed about beliefs, and who can be measured."""

import pytest

from penchant.errors import ConfigError, DataError
from penchant.eval.bench import Bench
from penchant.eval.questions.base import Inputs
from penchant.eval.questions.beliefs import BELIEFS, LEGEND, lines
from penchant.eval.score import Setting
from penchant.forum.ideal_observer import observer_of
from penchant.forum.population import ForumSettings
from penchant.forum.simulate import simulate
from penchant.infer.fake import FakeAnnotator
from penchant.space import PreferenceSpace, load_space

ROW = {
    "accuracy": 0.75,
    "ci95": [0.7, 0.8],
    "ideal": 0.875,
    "of_ideal": 2 / 3,
    "of_ideal_ci95": [0.5, 0.8],
    "of_golden": 0.61,
    "calibration_error": 0.0312,
    "abstention": [{"coverage": 1.0, "accuracy": 0.8}, {"coverage": 0.5, "accuracy": 0.95}],
}
FIGURES = {
    "people": 8,
    "records": 32,
    "readings": {"auroc": 0.91234, "side": None, "found": 0.6},
    "personas": {"ugc": {**ROW, "of_ideal": None, "of_ideal_ci95": None}, "behaviour": ROW},
    "curve": [{"items": 0, "accuracy": 0.5, "ideal": 0.5}, {"items": 4, "accuracy": 0.75, "ideal": 0.875}],
    "drift": [{"events": 0, "right": 0.0}, {"events": 1, "right": 0.42}],
    "questions": {"asked": 3.5, "chosen": 0.7, "drawn_8": 0.65},
}


def bench(space: PreferenceSpace, records) -> Bench:
    return Bench(Setting("d", "user_first", 0), "user_first", space, None, rule=observer_of(records))


def test_the_lines_hold_every_figure_and_what_they_mean() -> None:
    assert list(lines({"known": FIGURES})) == [
        "wording known: 8 people, 32 pairs",
        "  readings: AUROC 0.9123, side –, found 60.0 %",
        "  shown       acc %                ideal %  of ideal                of golden    ECE",
        "  ugc          75.0 (70.0–80.0)       87.5         –                     0.61  0.031",
        "  behaviour    75.0 (70.0–80.0)       87.5      0.67 (0.50–0.80)         0.61  0.031",
        "  items of behaviour: 0: 50.0 (50.0), 4: 75.0 (87.5)",
        "  surest beliefs: 100% 80.0 %, 50% 95.0 %",
        "  turned dimensions right after events: 0: 0 %, 1: 42 %",
        "  3.5 chosen questions: 70.0 %; 8 comparisons at random: 65.0 %",
        LEGEND,
    ]


def test_the_answer_is_by_wording_and_the_legend_comes_once() -> None:
    space = load_space().subset(["science", "cinema", "gaming", "sports"], name="four")
    settings = ForumSettings(train_users=2, test_users=8, active_min=2, active_max=3, target_dimensions=2)
    records = simulate(space, settings).split("test")
    annotator = FakeAnnotator(space, {"science": ("science", 1)})
    answer = BELIEFS.measure(Inputs(records, space, bench(space, records), annotator=annotator))
    assert list(answer.findings) == ["annotator", "wordings"]
    assert answer.findings["annotator"] == annotator.name
    assert set(answer.findings["wordings"]) == {"known", "unseen"}
    assert [line for line in answer.lines if line == LEGEND] == [answer.lines[-1]]
    assert answer.section is None


def test_only_an_annotator_on_simulated_people_can_be_measured(tiny: PreferenceSpace, planted) -> None:
    with pytest.raises(ConfigError, match="name its folder or recipe with `annotator`"):
        BELIEFS.measure(Inputs(planted, tiny, bench(tiny, planted)))
    with pytest.raises(DataError, match="'beliefs' needs simulated records as they were made"):
        BELIEFS.measure(Inputs(planted, tiny, bench(tiny, planted), annotator=FakeAnnotator(tiny, {})))
