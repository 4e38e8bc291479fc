"""The encoder scorer on people it was not fitted on: folds by user, its controls, and a text-disjoint variant.

Folds by user are not enough where people share texts: a test person's very answers may occur, labelled, with people
of the training folds. `strict` drops such training rows; where texts are shared its figure is the honest one. People
who were asked the same pair and chose the other answer are tested in the same fold where they are few. Every figure is
of one seed; averaging over seeds is the caller's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from penchant.controls import CONTROLS, swap_personas
from penchant.encoder.base import Encoder, Progress
from penchant.errors import ConfigError, RecordError, TrainingError
from penchant.eval.score import Margins, Scored
from penchant.fit.encoder import fit_parts
from penchant.persona import Comment, Comparison, Demographics, Evidence, Persona, PersonaKind, Rating, Statement
from penchant.record import Record
from penchant.scorer.base import Fitter
from penchant.scorer.belief import BeliefScorer
from penchant.scorer.encoder import NAMES, Parts, pair_features
from penchant.scorer.encoder.features import PARTS as FEWEST
from penchant.scorer.encoder.texts import PersonaTexts, Texts, texts_of

STRICT = ", text-disjoint"
"""Ends the dataset's name in rows of the strict variant."""
SHUFFLED: tuple[Parts, ...] = ("both", "text")
"""The parts that are also shown somebody else's persona."""

_KINDS: dict[type[Evidence], str] = {
    Comment: "ugc",
    Comparison: "pair",
    Rating: "pair",
    Demographics: "demo",
    Statement: "demo",
}


@dataclass(frozen=True, slots=True)
class Fold:
    """Places of records to fit on and to test."""

    train: NDArray[np.int64]
    test: NDArray[np.int64]
    dropped: int = 0
    """Training rows left out because they share a text with the tested ones."""


def people_of(records: Sequence[Record]) -> list[str]:
    """Whose each record is; a record without a `user_id` is a person of its own."""
    return [record.person_id for record in records]


def user_folds(records: Sequence[Record], *, folds: int, seed: int) -> list[Fold]:
    """Each person's records are tested in exactly one fold, and trained on in the others.

    So are those of their opposites, unless the folds would be too uneven for it: fitted on one of two opposite
    people, a scorer that knows no person learns what the other one does not choose, and everybody's leanings no longer
    cancel.

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
        fold_of = _dealt(order.tolist(), {name: place for place, name in enumerate(names.tolist())}, folds)
    fold = np.array([fold_of[person] for person in people.tolist()])
    return [Fold(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(folds)]


def _dealt(order: Sequence[str], group: Mapping[str, int], folds: int) -> dict[str, int]:
    """Name -> fold: groups are dealt out one by one, in the order in which their first member comes."""
    places = {one: place for place, one in enumerate(dict.fromkeys(group[name] for name in order))}
    return {name: places[group[name]] % folds for name in order}


def opposites(records: Sequence[Record], names: Sequence[str]) -> list[int]:
    """Per name, a number that only those share who are linked by pairs in which one chose what the other rejected."""
    place = {name: i for i, name in enumerate(names)}
    asked: dict[tuple[str, str, str], list[int]] = {}
    for record in records:
        asked.setdefault((record.prompt, record.chosen, record.rejected), []).append(place[record.person_id])
    linked = [
        (mine[0], one)
        for (prompt, chosen, rejected), mine in asked.items()
        if (theirs := asked.get((prompt, rejected, chosen)))
        for one in (*mine, *theirs)
    ]
    links = np.array(linked, dtype=np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(len(names), len(names)))
    return list(connected_components(graph, directed=False)[1].tolist())


def refuse_small(records: Sequence[Record], *, folds: int) -> None:
    """Checks that every fold leaves the encoder scorer as many people as it needs to be fitted.

    Raises:
        ConfigError: too few people for this number of folds.
    """
    count = len(set(people_of(records)))
    fitted = count - -(-count // folds)
    if fitted < FEWEST:
        raise ConfigError(
            f"{folds} folds of {count} people leave {fitted} to fit the encoder scorer on, and it needs {FEWEST}; "
            f"give records of at least {2 * FEWEST} people"
        )


def split_fold(records: Sequence[Record], fit_split: str, test_split: str) -> Fold:
    """One fold: fitted on one split, tested on another.

    Raises:
        ConfigError: a split has no records, or somebody is in both.
    """
    splits = np.array([record.split for record in records], dtype=np.str_)
    fold = Fold(np.flatnonzero(splits == fit_split), np.flatnonzero(splits == test_split))
    for name, places in ((fit_split, fold.train), (test_split, fold.test)):
        if not len(places):
            raise ConfigError(f"no records of split '{name}'; there are: {', '.join(sorted(set(splits.tolist())))}")
    people = people_of(records)
    both = {people[i] for i in fold.train} & {people[i] for i in fold.test}
    if both:
        raise ConfigError(f"'{min(both)}' is in split '{fit_split}' and in '{test_split}'; fit on other people")
    return fold


def text_disjoint(records: Sequence[Record], fold: Fold) -> Fold:
    """The fold without training rows that share an answer, or a text of the history, with a tested row."""
    own = [{r.chosen, r.rejected, *PersonaTexts.of(r.persona).answers()} for r in records]
    tested = set().union(*(own[i] for i in fold.test))
    kept = np.array([i for i in fold.train if own[i].isdisjoint(tested)], dtype=np.int64)
    return Fold(kept, fold.test, dropped=len(fold.train) - len(kept))


def kind_shown(personas: Sequence[Persona]) -> str:
    """The kind of evidence there is: ugc, pair or demo when it is the only one, else `all`.

    Raises:
        RecordError: no persona has any evidence.
    """
    kinds = {_KINDS[type(item)] for persona in personas for item in persona.evidence}
    if not kinds:
        raise RecordError("no record shows anything of its person; the encoder scorer needs records with a persona")
    return kinds.pop() if len(kinds) == 1 else "all"


def encoder_scores(
    records: Sequence[Record],
    encoder: Encoder,
    *,
    folds: int = 5,
    seed: int = 0,
    strict: bool = False,
    fit_split: str | None = None,
    test_split: str | None = None,
    fit_on: Sequence[Record] = (),
    kind: PersonaKind | None = None,
    texts: Texts | None = None,
    believer: BeliefScorer | None = None,
    baselines: Sequence[Fitter] = (),
    progress: Progress | None = None,
    say: Callable[[str], None] | None = None,
) -> list[Scored]:
    """Margins of the encoder scorer, of the same head without a persona and with another's, and of every control.

    Args:
        folds: by user, over all records; unused with `fit_split`. `strict` wants many (60), as it drops training rows.
        strict: text-disjoint; tables then end the dataset's name with `STRICT`.
        fit_split, test_split: both: fit on one, test on the other. `test_split` alone: folds over that split only.
        fit_on: other records; fit on all of these, test on all of `records` (of `test_split`, if given).
        kind: show this kind of evidence alone, in fitting and in testing; None shows all that there is.
        texts: a table that has every text of the records, if there is one; else it is made.
        believer: reads directions, which the scorer then weighs too.
        baselines: fitted on the same folds and the same table of texts; their rows come last.
        progress: told how many more texts are embedded.
        say: told one line about training rows that `strict` dropped, and one about every fit of a baseline.
    Raises:
        ConfigError: folds or splits that do not fit the records.
        RecordError: no record has any evidence.
        TrainingError: too few people or rows are left to fit on.
    """
    if fit_split is not None and test_split is None:
        raise ConfigError(f"fit_split '{fit_split}' without a split to test on; give test_split too")
    if fit_split is None and test_split is not None:
        records = [record for record in records if record.split == test_split]
    if kind is not None:
        records, fit_on = (_showing(some, kind, seed) for some in (records, fit_on))
    if fit_on:
        records = [*fit_on, *records]
        plan = [_other_people(records, len(fit_on))]
    elif fit_split is not None and test_split is not None:
        plan = [split_fold(records, fit_split, test_split)]
    else:
        refuse_small(records, folds=folds)
        plan = user_folds(records, folds=folds, seed=seed)
    if strict:
        plan = [text_disjoint(records, fold) for fold in plan]
        if say is not None:
            say(_dropped(plan))
        _refuse_shared(records, plan)
    if texts is None:
        texts = Texts.of(texts_of(records, [record.persona for record in records]), encoder, progress=progress)
    found = _margins(records, encoder, plan, texts, seed=seed, believer=believer)
    rivals = _rivals(records, baselines, plan, texts, seed=seed, say=say)
    tested = np.sort(np.concatenate([fold.test for fold in plan]))
    return list(_scored([records[i] for i in tested], tested, found, rivals, kind))


def _refuse_shared(records: Sequence[Record], plan: Sequence[Fold]) -> None:
    """Raises TrainingError when so many texts are shared that a text-disjoint fold has hardly anybody to fit on."""
    people = people_of(records)
    for number, fold in enumerate(plan):
        left = len({people[i] for i in fold.train})
        if left < FEWEST:
            raise TrainingError(
                f"fold {number}: {fold.dropped:,} of {len(fold.train) + fold.dropped:,} rows to fit on share a text "
                f"with a tested person, and the rest are of {left} people where {FEWEST} are needed; "
                "give more folds (with fewer people in each), or leave out --strict"
            )


def _showing(records: Sequence[Record], kind: PersonaKind, seed: int) -> list[Record]:
    """The records with one kind of evidence alone."""
    people = people_of(records)
    return [
        replace(record, persona=record.persona.select(kind, seed=f"{seed}:{person}"))
        for record, person in zip(records, people, strict=True)
    ]


def _other_people(records: Sequence[Record], fitted: int) -> Fold:
    """One fold: fitted on the first so many records, tested on the rest."""
    people = people_of(records)
    both = set(people[:fitted]) & set(people[fitted:])
    if both:
        raise ConfigError(f"'{min(both)}' is among the people fitted on and among those tested; fit on other people")
    return Fold(np.arange(fitted), np.arange(fitted, len(records)))


def _dropped(plan: Sequence[Fold]) -> str:
    dropped = sum(fold.dropped for fold in plan)
    offered = dropped + sum(len(fold.train) for fold in plan)
    return (
        f"text-disjoint: {dropped:,} of {offered:,} training rows over {len(plan)} folds dropped, "
        "as they share a text with the tested people"
    )


def _margins(
    records: Sequence[Record],
    encoder: Encoder,
    plan: Sequence[Fold],
    texts: Texts,
    *,
    seed: int,
    believer: BeliefScorer | None,
) -> dict[tuple[Parts, bool], Margins]:
    """(part, whether another's persona is shown) -> margins, (records,); not a number where a record is not tested."""
    found: dict[tuple[Parts, bool], Margins] = {(part, False): np.full(len(records), np.nan) for part in NAMES}
    found |= {(part, True): np.full(len(records), np.nan) for part in SHUFFLED}
    for fold in plan:
        train, test = [records[i] for i in fold.train], [records[i] for i in fold.test]
        scorers = fit_parts(train, [record.persona for record in train], encoder, texts, believer=believer)
        lens = scorers["both"].lens
        shown = {
            swapped: pair_features(lens, texts, test, personas, believer)
            for swapped, personas in _shown(test, seed).items()
        }
        for (part, swapped), margins in found.items():
            margins[fold.test] = scorers[part].weigh(shown[swapped])
    return found


def _rivals(
    records: Sequence[Record],
    baselines: Sequence[Fitter],
    plan: Sequence[Fold],
    texts: Texts,
    *,
    seed: int,
    say: Callable[[str], None] | None,
) -> dict[tuple[str, bool], Margins]:
    """(baseline, whether another's persona is shown) -> margins, as `_margins` has them."""
    found = {(one.name, swapped): np.full(len(records), np.nan) for one in baselines for swapped in (False, True)}
    for number, fold in enumerate(plan):
        train, test = [records[i] for i in fold.train], [records[i] for i in fold.test]
        for one in baselines:
            fitted = one.fit(train, [record.persona for record in train], texts, seed)
            if say is not None:
                say(f"fold {number}: {fitted.remark}")
            for swapped, personas in _shown(test, seed).items():
                found[one.name, swapped][fold.test] = fitted.table_margins(texts, test, personas)
    return found


def _shown(test: Sequence[Record], seed: int) -> dict[bool, list[Persona]]:
    """Whether another's persona is shown -> what is shown beside each record.

    Swapped among the tested people, so that nothing of the donor was fitted on either.
    """
    named = [replace(r, user_id=person) for r, person in zip(test, people_of(test), strict=True)]
    return {False: [r.persona for r in test], True: [r.persona for r in swap_personas(named, seed=seed)]}


def _scored(
    records: Sequence[Record],
    tested: NDArray[np.int64],
    found: dict[tuple[Parts, bool], Margins],
    rivals: dict[tuple[str, bool], Margins],
    kind: PersonaKind | None,
) -> Iterator[Scored]:
    personas = [record.persona for record in records]
    shown = kind or kind_shown(personas)
    grouped = tuple(_grouped(record) for record in records)
    yield Scored("chance", "none", grouped, np.zeros(len(records)), None)
    for name, control in CONTROLS.items():
        yield Scored(name, shown, grouped, control(records, personas), None)
    for (part, swapped), margins in found.items():
        persona = "shuffled" if swapped else "none" if part == "none" else shown
        yield Scored(NAMES[part], persona, grouped, margins[tested], None)
    for (name, swapped), margins in rivals.items():
        yield Scored(name, "shuffled" if swapped else shown, grouped, margins[tested], None)


def _grouped(record: Record) -> Record:
    """The record under its dimension alone (`plain_warm/warm` -> `plain_warm`); a pole by itself has few people."""
    dimension = record.provenance.attribute.split("/")[0]
    return replace(record, provenance=replace(record.provenance, attribute=dimension))
