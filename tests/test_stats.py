from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import RecordError
from penchant.stats import accuracy, clustered_error, correctness, difference, finite, holm, sign_flip, spread

margins = st.lists(st.floats(-5, 5), min_size=1, max_size=30)


def test_a_tie_counts_one_half() -> None:
    assert correctness(np.array([2.0, -0.1, 0.0, -0.0])).tolist() == [1, 0, 0.5, 0.5]
    found = accuracy(np.array([2.0, -0.1, 0.0, -0.0]), list("abcd"))
    assert (found.value, found.n, found.users, found.ties) == (0.5, 4, 4, 2)


@given(margins)
def test_swapping_all_answers_turns_accuracy_over(values: list[float]) -> None:
    users = [str(i % 4) for i in range(len(values))]
    ours, theirs = accuracy(np.array(values), users), accuracy(-np.array(values), users)
    assert ours.value == pytest.approx(1 - theirs.value)
    assert ours.ties == theirs.ties


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_margin_that_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(RecordError, match="1 of 3 margins are not finite"):
        accuracy(np.array([1.0, bad, 1.0]), list("abc"))


def test_where_all_are_right_the_interval_says_how_few_people_there_are() -> None:
    few, many = (accuracy(np.ones(40), [str(i % people) for i in range(40)]) for people in (4, 40))
    assert few.ci95 == (pytest.approx(0.51, abs=0.01), 1)
    assert many.ci95 == (pytest.approx(0.91, abs=0.01), 1)
    assert accuracy(-np.ones(40), [str(i % 4) for i in range(40)]).ci95 == (0, pytest.approx(0.49, abs=0.01))


def test_no_records_are_refused() -> None:
    with pytest.raises(RecordError, match="no records"):
        accuracy(np.array([]), [])


def test_the_interval_is_over_users_and_not_over_rows() -> None:
    # ten people of 100 rows each; everybody is either always right or always wrong
    right = np.repeat([1.0, -1.0] * 5, 100)
    by_user = accuracy(right, [str(i // 100) for i in range(1000)])
    by_row = accuracy(right, [str(i) for i in range(1000)])
    assert by_user.value == by_row.value == 0.5
    wide, narrow = (high - low for low, high in (by_user.ci95, by_row.ci95))
    # the two binomial spreads: 2 * 1.96 * sqrt(0.25 / people)
    assert wide == pytest.approx(0.62, abs=0.08)
    assert narrow == pytest.approx(0.062, abs=0.008)


def test_a_person_with_many_rows_weighs_by_their_rows() -> None:
    # accuracy is over rows; only the interval is over people
    assert accuracy(np.array([1.0] * 9 + [-1.0]), ["a"] * 9 + ["b"]).value == 0.9


def test_one_person_alone_has_an_interval_of_no_width() -> None:
    found = accuracy(np.array([1.0, -1.0]), ["a", "a"])
    assert found.ci95 == (0.5, 0.5)


def test_the_interval_holds_the_value_and_depends_on_the_seed_alone() -> None:
    values, users = np.array([1.0, 1.0, -1.0, 1.0, -1.0, 1.0]), list("aabbcd")
    found = accuracy(values, users, seed=3)
    assert found.ci95[0] <= found.value <= found.ci95[1]
    assert found == accuracy(values, users, seed=3)
    renamed = accuracy(values, list("wwxxyz"), seed=3)
    assert renamed == found


def test_a_difference_is_paired_and_its_interval_is_over_users() -> None:
    rng = np.random.default_rng(0)
    users = [str(i // 10) for i in range(600)]
    one = rng.normal(size=600)
    mean, (low, high) = difference(one, one, users)
    assert (mean, low, high) == (0.0, 0.0, 0.0)
    # one method loses every tenth pair that the other wins: far less spread than two independent accuracies have
    two = np.where(np.arange(600) % 10 == 0, -np.abs(one), one)
    mean, (low, high) = difference(one, two, users)
    assert mean == pytest.approx(accuracy(one, users).value - accuracy(two, users).value)
    assert low <= mean <= high
    assert 0 < high - low < 0.05
    back, (below, above) = difference(two, one, users)
    assert (back, below, above) == pytest.approx((-mean, -high, -low))


def test_a_difference_that_all_people_share_is_no_chance_and_one_that_none_do_is() -> None:
    users = [str(i // 4) for i in range(80)]
    better, worse = np.ones(80), np.where(np.arange(80) % 2, 1.0, -1.0)
    assert sign_flip(better, worse, users) < 0.001
    assert sign_flip(better, better, users) == 1.0
    assert sign_flip(worse, better, users) == sign_flip(better, worse, users)


def test_the_test_is_over_people_and_not_over_rows() -> None:
    # two people of a hundred rows each: of four ways to flip, two are as large
    one, two = np.ones(200), -np.ones(200)
    assert sign_flip(one, two, [str(i // 100) for i in range(200)]) == 0.5
    assert sign_flip(one, two, [str(i) for i in range(200)]) == pytest.approx(2 * 0.5**200)


@given(st.lists(st.tuples(st.sampled_from([-1.0, 0.0, 1.0]), st.sampled_from([-1.0, 0.0, 1.0]), st.integers(0, 7))))
def test_every_way_to_flip_is_counted(rows: list[tuple[float, float, int]]) -> None:
    rows = [*rows, (1.0, -1.0, 8)]
    one, two = (np.array([row[side] for row in rows]) for side in (0, 1))
    users = [str(user) for *_, user in rows]
    own = [sum((a - b) / 2 for a, b, user in rows if user == who) for who in sorted({user for *_, user in rows})]
    sums = [abs(sum(s * d for s, d in zip(signs, own, strict=True))) for signs in product((-1, 1), repeat=len(own))]
    assert sign_flip(one, two, users) == pytest.approx(np.mean(np.array(sums) >= abs(sum(own)) - 1e-9))


def test_of_very_many_people_neither_interval_nor_test_draws_anybody() -> None:
    rng = np.random.default_rng(0)
    users = np.repeat(np.arange(4001), rng.integers(1, 6, size=4001))
    margins = np.where(rng.random(len(users)) < 0.6, 1.0, -1.0)
    some = users < 4000
    drawn = accuracy(margins[some], [str(user) for user in users[some]])
    known = accuracy(margins, [str(user) for user in users])
    assert known.ci95 == pytest.approx(drawn.ci95, abs=1e-3)
    # a hundred thousand people, a pair each: a difference of d pairs among m has the tail of a binomial
    people = [str(i) for i in range(100_000)]
    one, two = np.ones(100_000), np.ones(100_000)
    one[:500], two[:400], two[500:1000] = -1.0, -1.0, -1.0
    assert accuracy(one, people).ci95 == pytest.approx((0.99456, 0.99544), abs=1e-5)
    exact = 2 * sum(comb(600, k) for k in range(500, 601)) / 2**600
    assert sign_flip(one, two, people) == pytest.approx(exact, abs=1e-14)


def test_where_there_is_no_difference_one_test_in_twenty_says_there_is() -> None:
    rng = np.random.default_rng(0)
    users = [str(i // 5) for i in range(150)]
    found = [sign_flip(rng.normal(size=150), rng.normal(size=150), users) for _ in range(300)]
    assert np.mean(np.array(found) <= 0.05) == pytest.approx(0.05, abs=0.03)


def test_holm_corrects_by_rank_and_never_turns_an_order_around() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_people_count_alike_and_the_worst_tenth_is_told() -> None:
    margins = np.array([1.0] * 90 + [-1.0] * 5 + [1.0, -1.0])
    users = ["a"] * 90 + [f"p{i}" for i in range(5)] + ["q", "q"]
    found = spread(correctness(margins), users)
    assert found.macro == pytest.approx((1 + 0 + 0.5) / 7, abs=1e-9)
    assert found.worst_decile == 0
    many = spread(np.where(np.arange(40) < 3, 0.0, 1.0), [str(i) for i in range(40)])
    assert many.worst_decile == pytest.approx(0.25)
    with pytest.raises(RecordError, match="no records"):
        spread(np.array([]), [])


def test_a_clustered_error_is_that_computed_by_hand_and_that_of_rows_where_each_is_a_user() -> None:
    # mean 1/2; users are off by 1 and -1 in sum, so sqrt((1 + 1) * 2 / 1) / 4
    assert clustered_error([1, 1, 0, 0], list("aabb")) == pytest.approx(0.5)
    values = [1, 0, 0.5, 1, 1]
    assert clustered_error(values, list("abcde")) == pytest.approx(np.std(values, ddof=1) / np.sqrt(5))
    assert clustered_error([1, 0, 1, 0], list("aabb")) == 0
    assert np.isnan(clustered_error([1, 0], list("aa")))


def test_only_where_all_margins_are_numbers_a_record_is_kept_and_one_must_be() -> None:
    one, two = np.array([1.0, np.nan, 0.0]), np.array([1.0, 2.0, np.inf])
    assert finite(one, two, of="x").tolist() == [True, False, False]
    assert finite(one[:0], of="x").tolist() == []
    with pytest.raises(RecordError, match="x: none of 1 margins is a finite number; check the model's weights"):
        finite(one[1:2], of="x")
