import pytest
import torch

from penchant import Record, TrainingError
from penchant.encoder.fake import FakeEncoder
from penchant.fit.descent import HELD_OUT, Descent, Ended, Given, apart, descend
from penchant.record import people_digest
from penchant.scorer.encoder.texts import Texts, texts_of


class Point(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.at = torch.nn.Parameter(torch.zeros(()))


PLAIN = Descent(steps=400, batch=2, rate=0.1, decay=0.0, check=1, patience=20)
ROWS = torch.arange(4)


def test_people_are_held_out_whole_and_a_tenth_of_them() -> None:
    people = [f"p{i % 30}" for i in range(120)]
    fitted, held = apart(people, seed=0)
    assert sorted([*fitted.tolist(), *held.tolist()]) == list(range(120))
    left = {people[i] for i in held.tolist()}
    assert len(left) == 30 * HELD_OUT
    assert left.isdisjoint(people[i] for i in fitted.tolist())


def test_who_is_held_out_depends_on_the_seed_and_not_on_the_order_of_rows() -> None:
    people = [f"p{i}" for i in range(20)]

    def who(rows: list[str], seed: int) -> set[str]:
        return {rows[i] for i in apart(rows, seed=seed)[1].tolist()}

    assert who(people, 0) == who(people[::-1], 0)
    assert len({frozenset(who(people, seed)) for seed in range(8)}) > 1


def test_one_of_two_people_is_held_out_and_one_alone_is_too_few() -> None:
    assert [len(rows) for rows in apart(["a", "b", "b", "a"], seed=0)] == [2, 2]
    with pytest.raises(TrainingError, match="1 people"):
        apart(["a", "a"], seed=0)


def test_the_module_is_left_where_the_held_out_people_are_told_best() -> None:
    point = Point()
    # training pulls to 3, the held-out people want 1
    ended = descend(point, lambda _: (point.at - 3) ** 2, lambda: (point.at.detach() - 1) ** 2, ROWS, PLAIN, seed=0)
    assert point.at.item() == pytest.approx(1, abs=0.1)
    assert ended.held_out == pytest.approx((point.at.item() - 1) ** 2, abs=1e-6)
    assert 0 < ended.steps < PLAIN.steps


def test_it_ends_after_so_many_steps_without_anything_better() -> None:
    point, taken = Point(), []

    def loss(rows: torch.Tensor) -> torch.Tensor:
        taken.append(rows.tolist())
        return (point.at + 3) ** 2

    ended = descend(point, loss, lambda: (point.at.detach() - 1) ** 2, ROWS, PLAIN, seed=0)
    assert ended.steps == 1
    assert len(taken) == 1 + PLAIN.patience
    assert all(len(set(rows)) == PLAIN.batch for rows in taken)


def test_a_last_look_is_taken_where_there_are_fewer_steps_than_between_looks() -> None:
    point = Point()
    settings = Descent(steps=3, rate=0.1, check=25)
    ended = descend(point, lambda _: (point.at - 3) ** 2, lambda: point.at.detach() * 0 + 0.5, ROWS, settings, seed=0)
    assert (ended.steps, ended.held_out) == (3, 0.5)


def test_a_loss_that_is_no_number_is_said() -> None:
    point = Point()
    with pytest.raises(TrainingError, match="not a number at step 1"):
        descend(point, lambda _: point.at / 0, lambda: point.at, ROWS, PLAIN, seed=0)


def test_what_is_given_is_counted_by_records_and_looked_at_without_the_people_held_out(planted: list[Record]) -> None:
    shown = [record.persona for record in planted]
    texts = Texts.of(texts_of(planted, shown), FakeEncoder(8))
    given = Given.of(planted, shown, texts, seed=0)
    # two choices are shown beside each of four records of 24 people
    assert (given.records, len(given.pairs), len(given.people)) == (96, 288, 288)
    held = set(given.people) - {given.people[row] for row in given.fitted.tolist()}
    assert len(held) == 3
    assert len(given.told) == 3 * 12
    others = [record for record in planted if record.user_id not in held]
    alone = Given.of(others, [record.persona for record in others], texts, seed=0)
    whole = torch.cat([alone.pairs.asked_N3[alone.fitted], alone.told.asked_N3]).unique(dim=0)
    assert torch.equal(given.pairs.asked_N3[given.fitted].unique(dim=0), whole)
    fit = given.fit("any settings", Ended(7, 0.25))
    assert (fit.records, fit.people, fit.settings) == (96, 24, "any settings")
    assert fit.people_digest == people_digest(planted)
    assert fit.remark == "best after 7 steps (held-out loss 0.250)"
