"""How results are printed; what is measured is in tests/runs."""

from dataclasses import replace

from penchant.cli.tables import names, show
from penchant.eval.measured import Results
from penchant.eval.rows import Row
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


def measurement(*rows: Row) -> Measurement:
    return Measurement(Results(rows, ()), seed=0, seconds={}, versions={})


def test_people_get_the_main_rows_and_hear_of_the_others(capsys) -> None:
    show(measurement(ROW, replace(ROW, variant="raw", role="reading")), json=False)
    seen = capsys.readouterr()
    assert "ica" in seen.out
    assert "ica_raw" not in seen.out
    assert seen.err.startswith("1 more rows, of subsets and variants of the metric, are in the output of --json")
    show(measurement(ROW), json=False)
    assert capsys.readouterr().err == ""


def test_programs_get_one_line_with_every_row(capsys) -> None:
    show(measurement(ROW, replace(ROW, variant="raw", role="reading")), json=True)
    seen = capsys.readouterr()
    assert seen.out.count("\n") == 1
    assert seen.out.startswith('{"rows": [{"dataset": "d"')
    assert seen.err == ""


def test_names_are_separated_by_commas() -> None:
    assert names("vpl, lore,") == ["vpl", "lore"]
    assert names(None) == names(",") == []
