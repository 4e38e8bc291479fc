import json
from dataclasses import replace

import pytest

from penchant.eval.rows import Row, WorstGroup, not_finite, share_of_gain, table

ROW = Row(
    dataset="set",
    method="pba",
    variant="",
    role="personal",
    persona="pair",
    attribute="all",
    phrasing="known",
    layout="user_first",
    seed=0,
    accuracy=2 / 3,
    ci95=(0.5, 5 / 6),
    n=12,
    users=4,
    ties=1,
    ceiling=0.875,
    macro=0.7,
    worst_decile=0.25,
)


def test_a_row_is_json_with_every_field() -> None:
    found = json.loads(json.dumps(ROW.as_json()))
    assert list(found) == list(Row.__dataclass_fields__)
    assert (found["accuracy"], found["ci95"], found["ceiling"]) == (0.666667, [0.5, 0.833333], 0.875)


def test_the_worst_group_is_named_in_json_and_has_a_column_where_one_is_known() -> None:
    grouped = replace(ROW, worst_group=WorstGroup("opposed", 1 / 3))
    assert json.loads(json.dumps(grouped.as_json()))["worst_group"] == {"attribute": "opposed", "accuracy": 0.333333}
    assert ROW.as_json()["worst_group"] is None
    head, _, first, second = table([grouped, ROW]).splitlines()
    assert head.endswith("worst group %")
    assert (first.split()[-2:], second.split()[-1]) == (["opposed", "33.3"], "-")
    assert "worst group" not in table([ROW])


def test_what_is_not_finite_has_a_column_where_there_is_any_and_a_sentence() -> None:
    broken = replace(ROW, not_finite=3)
    head, _, first, second = table([broken, ROW]).splitlines()
    assert head.endswith("not finite")
    assert (first.split()[-1], second.split()[-1]) == ("3", "0")
    assert broken.as_json()["not_finite"] == 3
    assert "not finite" not in table([ROW])
    said = not_finite([broken, ROW, replace(broken, attribute="opposed")])
    assert said == "pairs left out, as their margins are no finite numbers: pba, pair, known: 3 of 15"
    assert not_finite([ROW]) is None


def test_an_unknown_ceiling_stays_unknown() -> None:
    unknown = replace(ROW, ceiling=None)
    assert unknown.as_json()["ceiling"] is None
    assert share_of_gain(unknown) is None


def test_the_share_of_gain_is_counted_from_chance() -> None:
    assert share_of_gain(replace(ROW, accuracy=0.6875)) == pytest.approx(0.5)
    assert share_of_gain(replace(ROW, accuracy=0.5)) == 0
    assert (share_of_gain(replace(ROW, accuracy=0.4)) or 0) < 0


def test_a_table_has_a_line_for_each_row_with_percentages() -> None:
    lines = table([ROW, replace(ROW, method="chance", ceiling=None)]).splitlines()
    assert len(lines) == 4
    assert lines[0].split()[:3] == ["dataset", "method", "persona"]
    for part in ("66.7", "50.0 to 83.3", "25.0", "87.5"):
        assert part in lines[2]
    assert "None" not in lines[3]
    assert len({len(line) for line in lines[:3]}) == 1


def test_a_table_of_nothing_is_its_head() -> None:
    assert len(table([]).splitlines()) == 2


def test_a_variant_is_printed_behind_its_method() -> None:
    raw = replace(ROW, variant="raw", role="reading")
    assert (ROW.label, raw.label) == ("pba", "pba_raw")
    assert "pba_raw" in table([raw])
    assert (raw.as_json()["method"], raw.as_json()["variant"], raw.as_json()["role"]) == ("pba", "raw", "reading")
