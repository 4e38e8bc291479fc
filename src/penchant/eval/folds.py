"""Assigns people to folds, so that every record is tested on models or scorers that were fitted on other people.

A fold lists the records to fit on and the records to test. Folds by user test each person in exactly one fold. People
who chose opposite answers to the same pair are tested in the same fold, if there are few of them.

People may share texts: an answer of a tested person may also occur, with its label, in the training rows. Then folds by
user leak, and only `text_disjoint` is free of leaks: it drops the training rows that share a text with a test row.

This module does not fit or score anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from penchant.errors import ConfigError, TrainingError
from penchant.message import Conversation
from penchant.record import Record
from penchant.scorer.encoder.features import PARTS as MIN_PEOPLE
from penchant.scorer.encoder.texts import PersonaTexts


@dataclass(frozen=True, slots=True)
class Fold:
    """Positions of the records to fit on, and of the records to test."""

    train: NDArray[np.int64]
    test: NDArray[np.int64]
    dropped: int = 0
    """Training rows left out because they share a text with a tested row."""


def people_of(records: Sequence[Record]) -> list[str]:
    """The person of each record; a record without a `user_id` is a person of its own."""
    return [record.person_id for record in records]


def user_folds(records: Sequence[Record], *, folds: int, seed: int) -> list[Fold]:
    """Each person's records are tested in exactly one fold, and trained on in the others.

    Opposite people (see `opposites`) are tested in the same fold, unless the folds would become too uneven. Fitted on
    one of two opposite people, a scorer without personas learns what the other one does not choose, and the
    preferences of the population no longer cancel.

    Raises:
        ConfigError: fewer than two folds, or too many for two people in each: personas are swapped within a fold.
    """
    people = np.asarray(people_of(records), dtype=np.str_)
    names = np.unique(people)
    if not 2 <= folds <= len(names) // 2:
        raise ConfigError(f"{folds} folds of {len(names)} people; give at least 2, and no more than {len(names) // 2}")
    order = np.random.default_rng(seed).permutation(names)
    group = dict(zip(names.tolist(), opposites(records, names.tolist()), strict=True))
    fold_of = _dealt(order.tolist(), group, folds)
    most, fewest = max(Counter(group.values()).values()), min(Counter(fold_of.values()).values())
    if most > len(names) // folds or fewest < 2:
        fold_of = _dealt(order.tolist(), {name: position for position, name in enumerate(names.tolist())}, folds)
    fold = np.array([fold_of[person] for person in people.tolist()])
    return [Fold(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(folds)]


def _dealt(order: Sequence[str], group: Mapping[str, int], folds: int) -> dict[str, int]:
    """Name -> fold. Groups are dealt out one by one, in the order of their first members."""
    positions = {number: position for position, number in enumerate(dict.fromkeys(group[name] for name in order))}
    return {name: positions[group[name]] % folds for name in order}


def opposites(records: Sequence[Record], names: Sequence[str]) -> list[int]:
    """The group of each name, (names,): people are linked where one chose what the other rejected, on the same pair."""
    position = {name: i for i, name in enumerate(names)}
    chose: dict[tuple[Conversation, str, str], list[int]] = {}
    for record in records:
        chose.setdefault((record.prompt, record.chosen, record.rejected), []).append(position[record.person_id])
    linked = [
        (mine[0], person)
        for (prompt, chosen, rejected), mine in chose.items()
        if (theirs := chose.get((prompt, rejected, chosen)))
        for person in (*mine, *theirs)
    ]
    links = np.array(linked, dtype=np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(len(names), len(names)))
    return list(connected_components(graph, directed=False)[1].tolist())


def refuse_small(records: Sequence[Record], *, folds: int) -> None:
    """Checks that every fold leaves enough people to fit the encoder scorer.

    Raises:
        ConfigError: too few people for this number of folds.
    """
    count = len(set(people_of(records)))
    fitted = count - -(-count // folds)
    if fitted < MIN_PEOPLE:
        raise ConfigError(
            f"{folds} folds of {count} people leave {fitted} to fit the encoder scorer on, and it needs {MIN_PEOPLE}; "
            f"give records of at least {2 * MIN_PEOPLE} people"
        )


def split_fold(records: Sequence[Record], fit_split: str, test_split: str) -> Fold:
    """One fold: fitted on one split, tested on another.

    Raises:
        ConfigError: a split has no records, or a person is in both.
    """
    splits = np.array([record.split for record in records], dtype=np.str_)
    fold = Fold(np.flatnonzero(splits == fit_split), np.flatnonzero(splits == test_split))
    for name, positions in ((fit_split, fold.train), (test_split, fold.test)):
        if not len(positions):
            raise ConfigError(f"no records of split '{name}'; there are: {', '.join(sorted(set(splits.tolist())))}")
    people = people_of(records)
    both = {people[i] for i in fold.train} & {people[i] for i in fold.test}
    if both:
        raise ConfigError(f"'{min(both)}' is in split '{fit_split}' and in '{test_split}'; fit on other people")
    return fold


def other_people(records: Sequence[Record], fitted: int) -> Fold:
    """One fold: fitted on the first `fitted` records, tested on the rest.

    Raises:
        ConfigError: a person is in both.
    """
    people = people_of(records)
    both = set(people[:fitted]) & set(people[fitted:])
    if both:
        raise ConfigError(f"'{min(both)}' is among the people fitted on and among those tested; fit on other people")
    return Fold(np.arange(fitted), np.arange(fitted, len(records)))


def text_disjoint(records: Sequence[Record], fold: Fold) -> Fold:
    """The fold without training rows that share an answer, or a text of the history, with a tested row."""
    texts = [{r.chosen, r.rejected, *PersonaTexts.of(r.persona).answers()} for r in records]
    tested = set().union(*(texts[i] for i in fold.test))
    kept = np.array([i for i in fold.train if texts[i].isdisjoint(tested)], dtype=np.int64)
    return Fold(kept, fold.test, dropped=len(fold.train) - len(kept))


def refuse_shared(records: Sequence[Record], plan: Sequence[Fold]) -> None:
    """Checks that every text-disjoint fold leaves enough people to fit the encoder scorer.

    Raises:
        TrainingError: too many texts are shared.
    """
    people = people_of(records)
    for number, fold in enumerate(plan):
        left = len({people[i] for i in fold.train})
        if left < MIN_PEOPLE:
            raise TrainingError(
                f"fold {number}: {fold.dropped:,} of {len(fold.train) + fold.dropped:,} rows to fit on share a text "
                f"with a tested person, and the rest are of {left} people where {MIN_PEOPLE} are needed; "
                "give more `folds` (with fewer people in each), or leave out `strict`"
            )


def dropped_rows(plan: Sequence[Fold]) -> str:
    """A sentence on the training rows that text-disjoint folds left out."""
    dropped = sum(fold.dropped for fold in plan)
    offered = dropped + sum(len(fold.train) for fold in plan)
    return (
        f"text-disjoint: {dropped:,} of {offered:,} training rows over {len(plan)} folds dropped, "
        "as they share a text with the tested people"
    )
