import numpy as np
import pytest

from penchant import Provenance, Record, RecordError
from penchant.eval.rows import Row, WorstGroup
from penchant.eval.score import GROUP_USERS, Scored, Setting, groups

SETTING = Setting("set", "user_first", 0)


def record(user: str | None, attribute: str = "", phrasing: str = "", number: int = 0) -> Record:
    provenance = Provenance(attribute=attribute, phrasing=phrasing)
    return Record(f"{user}-{attribute}-{phrasing}-{number}", user, "q", "yes", "no", provenance=provenance)


def rows(method: str, persona: str, records: list[Record], margins, ceiling=None) -> list[Row]:
    return Scored(method, persona, tuple(records), margins, ceiling).rows(SETTING)


def limit_rows(method: str, persona: str, records: list[Record], expected) -> list[Row]:
    scored = Scored(method, persona, tuple(records), expected - 0.5, expected, role="limit", expected=True)
    return scored.rows(SETTING)


def test_all_records_come_first_then_each_attribute() -> None:
    found = list(groups([record("a", "score"), record("b", "membership"), record("c", "score")]))
    assert [(group.attribute, group.phrasing) for group in found] == [("all", "-"), ("membership", "-"), ("score", "-")]
    assert [group.keep.tolist() for group in found] == [[True] * 3, [False, True, False], [True, False, True]]


def test_one_attribute_alone_is_not_told_twice() -> None:
    assert [group.attribute for group in groups([record("a", "score"), record("b", "score")])] == ["all"]
    assert [group.attribute for group in groups([record("a"), record("b")])] == ["all"]


def test_phrasings_are_kept_apart() -> None:
    found = list(groups([record("a", "x", "known"), record("a", "y", "known"), record("b", "x", "unseen")]))
    assert [(group.attribute, group.phrasing) for group in found] == [
        ("all", "known"),
        ("x", "known"),
        ("y", "known"),
        ("all", "unseen"),
    ]
    assert found[1].keep.tolist() == [True, False, False]


def test_a_row_is_counted_on_its_own_group() -> None:
    records = [record("a", "score"), record("a", "score", number=1), record("b", "membership"), record("c", "score")]
    found = rows("pba", "pair", records, np.array([1.0, 0.0, -1.0, 2.0]))
    by_attribute = {row.attribute: row for row in found}
    whole, score = by_attribute["all"], by_attribute["score"]
    assert (whole.accuracy, whole.n, whole.users, whole.ties) == (0.625, 4, 3, 1)
    assert (score.accuracy, score.n, score.users, score.ties) == (2.5 / 3, 3, 2, 1)
    assert by_attribute["membership"].accuracy == 0
    assert {(row.dataset, row.layout, row.seed, row.method, row.persona) for row in found} == {
        ("set", "user_first", 0, "pba", "pair")
    }


def test_records_without_a_user_count_as_people_of_their_own() -> None:
    (found,) = rows("pba", "pair", [record(None, number=i) for i in range(3)], np.ones(3))
    assert found.users == 3


def test_the_ceiling_is_the_mean_over_the_group() -> None:
    records = [record("a", "score"), record("b", "membership")]
    found = {r.attribute: r.ceiling for r in rows("pba", "pair", records, np.ones(2), np.array([0.9, 0.5]))}
    assert found == {"all": pytest.approx(0.7), "score": 0.9, "membership": 0.5}
    (unknown,) = rows("pba", "pair", [record("a")], np.ones(1))
    assert unknown.ceiling is None


def test_a_limit_is_its_own_accuracy_and_not_a_draw() -> None:
    (found,) = limit_rows("coverage", "pair", [record("a"), record("b")], np.array([0.9, 0.5]))
    assert (found.accuracy, found.ceiling, found.ties) == (pytest.approx(0.7), pytest.approx(0.7), 0)
    assert found.ci95 == (found.accuracy, found.accuracy)


def test_margins_that_are_no_finite_numbers_are_counted_and_never_averaged() -> None:
    records = [record("a", "x"), record("a", "x", number=1), record("b", "x"), record("c", "y"), record("d", "z")]
    margins = np.array([1.0, np.nan, -1.0, np.inf, 1.0])
    found = {row.attribute: row for row in rows("pba", "pair", records, margins, np.linspace(0.5, 0.9, 5))}
    assert (found["all"].accuracy, found["all"].n, found["all"].users, found["all"].not_finite) == (2 / 3, 3, 3, 2)
    assert found["all"].ceiling == pytest.approx((0.5 + 0.7 + 0.9) / 3)
    assert (found["x"].accuracy, found["x"].n, found["x"].not_finite) == (0.5, 2, 1)
    # of y nothing is left, and the row of all counts it
    assert set(found) == {"all", "x", "z"}
    alone = rows(
        "pba",
        "pair",
        [r for r, m in zip(records, margins, strict=True) if np.isfinite(m)],
        np.array([1.0, -1.0, 1.0]),
    )
    assert (alone[0].macro, alone[0].worst_decile, alone[0].ci95) == (
        found["all"].macro,
        found["all"].worst_decile,
        found["all"].ci95,
    )


def test_a_method_without_any_finite_margin_is_named_with_its_setting() -> None:
    with pytest.raises(RecordError, match="^pba under 'pair': none of 2 margins is a finite number; check the model"):
        rows("pba", "pair", [record("a"), record("b")], np.array([np.inf, np.nan]))
    records = [record("a", phrasing="known"), record("b", phrasing="unseen")]
    with pytest.raises(RecordError, match="ica under 'ugc', unseen phrasings: none of 1 margins"):
        rows("ica", "ugc", records, np.array([1.0, np.nan]))


def test_people_count_alike_in_the_macro_mean_and_a_limit_has_its_own() -> None:
    records = [record("a", number=i) for i in range(3)] + [record("b")]
    (found,) = rows("pba", "pair", records, np.array([1.0, 1.0, 1.0, -1.0]))
    assert (found.accuracy, found.macro, found.worst_decile) == (0.75, 0.5, 0.0)
    (limit,) = limit_rows("coverage", "pair", records, np.array([0.9, 0.9, 0.9, 0.5]))
    assert (limit.macro, limit.worst_decile) == (pytest.approx(0.7), 0.5)


def of_groups(**people: int) -> list[Record]:
    return [record(f"{name}{i}", name) for name, count in people.items() for i in range(count)]


def test_the_worst_group_is_the_worst_of_those_with_enough_people_and_told_of_all_records_only() -> None:
    records = of_groups(good=GROUP_USERS, bad=GROUP_USERS, few=GROUP_USERS - 1)
    margins = np.array([1.0] * GROUP_USERS + [1.0, *[-1.0] * (GROUP_USERS - 1)] + [-1.0] * (GROUP_USERS - 1))
    whole, *parts = rows("pba", "pair", records, margins)
    assert whole.worst_group == WorstGroup("bad", 1 / GROUP_USERS)
    assert [part.worst_group for part in parts] == [None] * 3
    expected = np.where(margins > 0, 0.9, 0.6)
    limit, *_ = limit_rows("coverage", "pair", records, expected)
    assert limit.worst_group is not None
    assert limit.worst_group.accuracy == pytest.approx((0.9 + 0.6 * (GROUP_USERS - 1)) / GROUP_USERS)


def test_one_group_is_no_worst_and_each_phrasing_has_its_own() -> None:
    alone = of_groups(good=GROUP_USERS, few=GROUP_USERS - 1)
    assert rows("pba", "pair", alone, np.ones(len(alone)))[0].worst_group is None
    records = [
        record(f"{phrasing}{name}{i}", name, phrasing)
        for phrasing in ("known", "unseen")
        for name in ("one", "two")
        for i in range(GROUP_USERS)
    ]
    right = [(r.provenance.phrasing == "known") == (r.provenance.attribute == "one") for r in records]
    found = rows("pba", "pair", records, np.where(right, 1.0, -1.0))
    assert {row.phrasing: row.worst_group for row in found if row.attribute == "all"} == {
        "known": WorstGroup("two", 0.0),
        "unseen": WorstGroup("one", 0.0),
    }
