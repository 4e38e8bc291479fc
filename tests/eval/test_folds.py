"""Plans of folds; what is fitted and measured on them is in tests/runs/test_crossval_scorers.py."""

from dataclasses import replace

import numpy as np
import pytest

from penchant import Comment, Comparison, ConfigError, Persona, Rating, Record, TrainingError
from penchant.eval.folds import (
    Fold,
    dropped_rows,
    other_people,
    refuse_shared,
    refuse_small,
    split_fold,
    text_disjoint,
    user_folds,
)


def test_every_record_is_tested_once_and_never_with_its_person_in_training(planted: list[Record]) -> None:
    plan = user_folds(planted, folds=5, seed=1)
    assert sorted(np.concatenate([fold.test for fold in plan]).tolist()) == list(range(len(planted)))
    for fold in plan:
        assert sorted([*fold.train, *fold.test]) == list(range(len(planted)))
        assert not {planted[i].user_id for i in fold.train} & {planted[i].user_id for i in fold.test}


def test_folds_depend_on_the_seed_and_not_on_the_order_of_people(planted: list[Record]) -> None:
    def sets(records: list[Record], seed: int) -> list[set[str]]:
        return [{records[i].record_id for i in fold.test} for fold in user_folds(records, folds=3, seed=seed)]

    assert sets(planted, 0) == sets(planted[::-1], 0)
    assert sets(planted, 0) != sets(planted, 1)


def test_opposite_people_are_tested_in_the_same_fold_where_they_are_few(planted: list[Record]) -> None:
    mirrored = [
        replace(r, record_id=f"{r.record_id}-m", user_id=f"{r.user_id}-m", chosen=r.rejected, rejected=r.chosen)
        for r in planted
    ]
    both = [*planted, *mirrored]
    plan = user_folds(both, folds=4, seed=0)
    assert sorted(np.concatenate([fold.test for fold in plan]).tolist()) == list(range(len(both)))
    for fold in plan:
        whose = [both[i].person_id for i in fold.test]
        assert {name.removesuffix("-m") for name in whose} == {name for name in whose if not name.endswith("-m")}
        assert len(whose) == len(both) // 4


def test_people_who_are_all_linked_are_folded_one_by_one(planted: list[Record]) -> None:
    names = sorted({record.person_id for record in planted})
    asked = replace(planted[0], chosen="a", rejected="b")
    turned = replace(asked, chosen="b", rejected="a")
    shared = [replace((asked, turned)[i % 2], record_id=f"s{i}", user_id=name) for i, name in enumerate(names)]
    plan = user_folds([*planted, *shared], folds=4, seed=0)
    alone = user_folds(planted, folds=4, seed=0)
    for one, other in zip(plan, alone, strict=True):
        assert [i for i in one.test if i < len(planted)] == other.test.tolist()


def test_records_without_a_user_are_folded_one_by_one(planted: list[Record]) -> None:
    nameless = [replace(record, user_id=None) for record in planted]
    sizes = [len(fold.test) for fold in user_folds(nameless, folds=48, seed=0)]
    assert sizes == [2] * 48


@pytest.mark.parametrize("folds", [-1, 0, 1, 13])
def test_folds_that_leave_nobody_to_swap_with_are_refused(planted: list[Record], folds: int) -> None:
    with pytest.raises(ConfigError, match="at least 2, and no more than 12"):
        user_folds(planted, folds=folds, seed=0)


def test_a_split_fold_takes_two_splits_and_leaves_the_rest(planted: list[Record]) -> None:
    third = [replace(record, split="test") if record.user_id == "person-23" else record for record in planted]
    fold = split_fold(third, "train", "dev")
    assert {third[i].split for i in fold.train} == {"train"}
    assert {third[i].split for i in fold.test} == {"dev"}
    assert len(fold.train) + len(fold.test) == len(planted) - 4


@pytest.mark.parametrize(
    ("fit", "test", "said"), [("nope", "dev", "'nope'; there are: dev, train"), ("dev", "dev", "is in split")]
)
def test_splits_that_are_empty_or_share_a_person_are_refused(planted, fit: str, test: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        split_fold(planted, fit, test)


def pair(user: str, chosen: str, rejected: str, *evidence) -> Record:
    return Record(f"{user}-{chosen}", user, "the same prompt", chosen, rejected, Persona(evidence))


def test_text_disjoint_drops_rows_that_share_an_answer_or_history_but_not_a_prompt() -> None:
    records = [
        pair("tested", "a", "b", Comment("post", "wrote"), Comparison("p", "c", "d")),
        pair("target", "b", "x"),
        pair("history", "k", "l", Comparison("p", "m", "c")),
        pair("comment", "m", "n", Comment("p", "wrote")),
        pair("answer as history", "o", "p", Rating("q", "a", liked=False)),
        pair("same prompt and post", "q", "r", Comment("post", "else")),
    ]
    fold = text_disjoint(records, Fold(np.arange(1, 6), np.array([0])))
    assert fold.train.tolist() == [5]
    assert fold.test.tolist() == [0]
    assert fold.dropped == 4


def test_a_fold_of_other_people_fits_on_the_first_records_and_tests_the_rest(planted: list[Record]) -> None:
    fold = other_people(planted, 8)
    assert fold.train.tolist() == list(range(8))
    assert fold.test.tolist() == list(range(8, len(planted)))
    with pytest.raises(ConfigError, match="'person-1' is among the people fitted on and among those tested"):
        other_people(planted, 7)


def test_plans_that_leave_too_few_people_to_fit_on_are_refused(planted: list[Record]) -> None:
    few = [record for record in planted if record.user_id in sorted({r.user_id for r in planted})[:5]]
    with pytest.raises(ConfigError, match="2 folds of 5 people leave 2 to fit"):
        refuse_small(few, folds=2)
    refuse_small(planted, folds=2)
    fold = Fold(np.arange(8), np.arange(8, 12), dropped=2)
    with pytest.raises(TrainingError, match="fold 0: 2 of 10 rows to fit on share a text .* leave out `strict`"):
        refuse_shared(planted, [fold])
    assert dropped_rows([fold]).startswith("text-disjoint: 2 of 10 training rows over 1 folds dropped")
