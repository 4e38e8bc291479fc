import numpy as np

from penchant import Persona, Record
from penchant.eval.measured import Measured, Results
from penchant.eval.score import Scored, Setting


def measured(dataset: str) -> Measured:
    records = tuple(Record(f"r{i}", f"u{i % 4}", "p", "a", "b", Persona(())) for i in range(8))
    margins = {"ica": np.ones(8), "overlap": np.array([1.0, -1.0] * 4)}
    roles = {"ica": "personal", "overlap": "control"}
    scored = tuple(Scored(name, "mixed", records, found, role=roles[name]) for name, found in margins.items())
    return Measured(Setting(dataset, "-", 0), scored)


def test_every_method_has_its_rows_under_the_name_of_the_measurement() -> None:
    rows = measured("d").rows()
    assert [(row.dataset, row.method, row.accuracy) for row in rows] == [("d", "ica", 1), ("d", "overlap", 0.5)]


def test_results_hold_the_rows_and_contrasts_of_all_measurements() -> None:
    found = Results.of([measured("one"), measured("two")])
    assert [row.dataset for row in found.rows] == ["one", "one", "two", "two"]
    assert [(one.dataset, one.method, one.rival) for one in found.contrasts] == [
        ("one", "ica", "overlap"),
        ("two", "ica", "overlap"),
    ]


def test_lines_say_what_they_are_and_lose_nothing() -> None:
    found = Results.of([measured("one")])
    lines = list(found.lines())
    assert [line["kind"] for line in lines] == ["row", "row", "contrast"]
    assert lines[0] == {"kind": "row", **found.rows[0].as_json()}
    assert lines[-1] == {"kind": "contrast", **found.contrasts[0].as_json()}


def test_the_main_rows_are_those_of_all_records_without_other_readings() -> None:
    records = tuple(Record(f"r{i}", f"u{i}", "p", "a", "b", Persona(())) for i in range(4))
    raw = Scored("ica", "mixed", records, np.ones(4), variant="raw", role="reading")
    plain = Scored("ica", "mixed", records, np.ones(4), role="personal")
    results = Results.of([Measured(Setting("d", "-", 0), (plain, raw))])
    assert [row.label for row in results.rows] == ["ica", "ica_raw"]
    assert [row.label for row in results.main] == ["ica"]
