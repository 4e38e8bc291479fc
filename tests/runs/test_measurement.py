"""What a run measured, as values and as text."""

from dataclasses import replace

import numpy as np

from penchant import Record
from penchant.eval.contrasts import Contrast
from penchant.eval.measured import Measured, Results
from penchant.eval.rows import Row
from penchant.eval.score import Scored, Setting
from penchant.reporter import Quiet
from penchant.runs.measurement import Measurement

ROW = Row(
    dataset="d",
    method="ica",
    variant="",
    role="personal",
    persona="ugc",
    attribute="all",
    phrasing="-",
    layout="user_first",
    seed=0,
    accuracy=2 / 3,
    ci95=(0.5, 0.75),
    n=3,
    users=2,
    ties=0,
    ceiling=None,
    macro=0.5,
    worst_decile=0.25,
)
CONTRAST = Contrast(
    dataset="d",
    method="ica",
    persona="ugc",
    rival="overlap",
    rival_persona="ugc",
    phrasing="-",
    difference=0.1,
    ci95=(0.0, 0.2),
    p=0.1111111,
    p_holm=1 / 3,
    n=3,
    users=2,
)


def test_a_summary_rounds_what_is_measured_and_keeps_the_rest() -> None:
    results = Results((ROW,), (CONTRAST,))
    found = Measurement(results, seed=3, seconds={"evaluate": 1.23456}, versions={"python": "3"}).as_json()
    assert list(found) == ["rows", "contrasts", "seconds", "seed", "versions"]
    assert found["rows"][0]["accuracy"] == 0.666667
    assert found["contrasts"][0]["p_holm"] == 0.333333
    assert (found["seconds"], found["seed"]) == ({"evaluate": 1.23}, 3)


class Notes(Quiet):
    """A reporter that keeps its notes."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def note(self, text: str) -> None:
        self.texts.append(text)


def test_pairs_that_are_left_out_are_said_once() -> None:
    records = tuple(Record(f"r{i}", f"u{i}", "p", "a", "b") for i in range(5))
    margins = np.array([1.0, np.nan, 1.0, np.nan, -1.0])
    scored = Scored("ica", "ugc", records, margins, role="personal")
    notes = Notes()
    Measurement.of([Measured(Setting("d", "-", 0), (scored,))], seed=0, seconds={}, reporter=notes)
    assert sum(text.count("ica, ugc: 2 of 5") for text in notes.texts) == 1
    notes = Notes()
    whole = replace(scored, margins=np.ones(5))
    Measurement.of([Measured(Setting("d", "-", 0), (whole,))], seed=0, seconds={}, reporter=notes)
    assert notes.texts == []


def test_the_text_has_the_main_rows_and_the_contrasts() -> None:
    part = replace(ROW, attribute="tea")
    text = Measurement(Results((ROW, part), (CONTRAST,)), seed=0, seconds={}, versions={}).text()
    assert "66.7" in text
    assert "tea" not in text
    assert "above overlap" in text
