import pytest
import torch

from penchant import TrainingError
from penchant.fit.descent import HELD_OUT, DescentSettings, descend, split_people


class Point(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.at = torch.nn.Parameter(torch.zeros(()))


PLAIN = DescentSettings(steps=400, batch=2, rate=0.1, decay=0.0, check=1, patience=20)
ROWS = torch.arange(4)


def test_people_are_held_out_whole_and_a_tenth_of_them() -> None:
    people = [f"p{i % 30}" for i in range(120)]
    fitted, held_out = split_people(people, seed=0)
    assert sorted([*fitted.tolist(), *held_out.tolist()]) == list(range(120))
    left = {people[i] for i in held_out.tolist()}
    assert len(left) == 30 * HELD_OUT
    assert left.isdisjoint(people[i] for i in fitted.tolist())


def test_who_is_held_out_depends_on_the_seed_and_not_on_the_order_of_rows() -> None:
    people = [f"p{i}" for i in range(20)]

    def who(rows: list[str], seed: int) -> set[str]:
        return {rows[i] for i in split_people(rows, seed=seed)[1].tolist()}

    assert who(people, 0) == who(people[::-1], 0)
    assert len({frozenset(who(people, seed)) for seed in range(8)}) > 1


def test_one_of_two_people_is_held_out_and_one_alone_is_too_few() -> None:
    assert [len(rows) for rows in split_people(["a", "b", "b", "a"], seed=0)] == [2, 2]
    with pytest.raises(TrainingError, match="1 people"):
        split_people(["a", "a"], seed=0)


def test_the_module_is_left_where_the_held_out_people_are_told_best() -> None:
    point = Point()
    # training pulls to 3, the held-out people want 1
    ended = descend(
        point, lambda _: (point.at - 3) ** 2, lambda: (point.at.detach() - 1) ** 2, rows=ROWS, settings=PLAIN, seed=0
    )
    assert point.at.item() == pytest.approx(1, abs=0.1)
    assert ended.held_out == pytest.approx((point.at.item() - 1) ** 2, abs=1e-6)
    assert 0 < ended.steps < PLAIN.steps


def test_it_ends_after_so_many_steps_without_anything_better() -> None:
    point, taken = Point(), []

    def loss(rows: torch.Tensor) -> torch.Tensor:
        taken.append(rows.tolist())
        return (point.at + 3) ** 2

    ended = descend(point, loss, lambda: (point.at.detach() - 1) ** 2, rows=ROWS, settings=PLAIN, seed=0)
    assert ended.steps == 1
    assert len(taken) == 1 + PLAIN.patience
    assert all(len(set(rows)) == PLAIN.batch for rows in taken)


def test_a_last_look_is_taken_where_there_are_fewer_steps_than_between_looks() -> None:
    point = Point()
    settings = DescentSettings(steps=3, rate=0.1, check=25)
    ended = descend(
        point, lambda _: (point.at - 3) ** 2, lambda: point.at.detach() * 0 + 0.5, rows=ROWS, settings=settings, seed=0
    )
    assert (ended.steps, ended.held_out) == (3, 0.5)


def test_a_loss_that_is_no_number_is_said() -> None:
    point = Point()
    with pytest.raises(TrainingError, match="not a number at step 1"):
        descend(point, lambda _: point.at / 0, lambda: point.at, rows=ROWS, settings=PLAIN, seed=0)
