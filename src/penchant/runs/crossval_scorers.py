"""Fits the encoder scorer and baselines on some people in a file; measures them and the controls on the others.

One call uses one seed; it does not average over seeds. Texts are embedded once for all folds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from penchant.errors import ConfigError, RecordError
from penchant.eval.questions.accuracy import CHOICES
from penchant.persona import Comment, Comparison, Demographics, Evidence, Persona, PersonaKind, Rating, Statement
from penchant.record import Record
from penchant.reporter import QUIET, Reporter
from penchant.rules import CONTROLS, swap_personas
from penchant.runs.data import Data, read
from penchant.runs.measurement import Measurement
from penchant.runs.question_inputs import DataChoice
from penchant.runs.scorers import believer_of, embedded

if TYPE_CHECKING:
    from penchant.encoder.base import Encoder, Progress
    from penchant.eval.folds import Fold
    from penchant.eval.measured import Measured
    from penchant.eval.score import Margins, Scored
    from penchant.scorer.base import Fitter
    from penchant.scorer.belief import BeliefScorer
    from penchant.scorer.encoder import Parts
    from penchant.scorer.encoder.texts import Texts

STRICT = ", text-disjoint"
"""Ends the dataset's name in rows of text-disjoint folds."""

_VARIANTS: Mapping[Parts, str] = {"both": "", "text": "text", "style": "style", "none": ""}
"""Variant of the method `encoder` for each part of its features; `none` is `encoder` with the persona `none`."""
_SHUFFLED: tuple[Parts, ...] = ("both", "text")
"""Parts that are also measured with another person's persona."""
_KINDS: dict[type[Evidence], str] = {
    Comment: "ugc",
    Comparison: "pair",
    Rating: "pair",
    Demographics: "demo",
    Statement: "demo",
}


def crossval_scorers(
    *,
    data: Path | Data,
    folds: int = 5,
    baselines: Sequence[str] = (),
    fit_split: str | None = None,
    split: str | None = None,
    fit_data: Path | None = None,
    strict: bool = False,
    cache: Path | None = None,
    personas: Sequence[str] = (),
    annotator: str | Path | None = None,
    attribute: str | None = None,
    limit: int | None = None,
    space: str | None = None,
    directions: str = "given",
    rejected: Path | None = None,
    seed: int = 0,
    reporter: Reporter = QUIET,
) -> Measurement:
    """Accuracy of the encoder scorer, its controls and baselines on people they were not fitted on.

    Args:
        folds: number of folds by user; not read with `fit_split` or `fit_data`.
        baselines: baselines to fit on the same folds: vpl, lore.
        fit_split, split: fit on one split and test on the other. `split` alone: folds over the records of that split.
        fit_data: other records to fit on; all records of `data` are tested.
        strict: text-disjoint folds; wants many folds (60), as training rows are dropped.
        cache: folder that keeps embeddings for later runs.
        personas: kinds of evidence, each measured alone; empty measures all evidence together.
        annotator: reads directions, which the scorer then weighs too; a folder or a recipe.
        attribute, limit, space, directions, rejected: which records are read, and how; see `runs.data`.
    Raises:
        ConfigError: settings that do not fit together or do not fit the records.
        TrainingError: too few people or rows are left to fit on.
    """
    started = perf_counter()
    fitters = _fitters(baselines)
    kinds = kinds_of(personas)
    if fit_data is not None and fit_split is not None:
        raise ConfigError("`fit_data` and `fit_split` both say what to fit on; give one of them")
    if fit_split is not None and split is None:
        raise ConfigError(f"`fit_split` {fit_split} needs `split`, the split to test on")
    choice = DataChoice(
        data=data,
        split=split if fit_split is None else None,
        attribute=attribute,
        limit=limit,
        space=space,
        directions=directions,
        rejected=rejected,
    )
    records, data_space = choice.read(read_anew=annotator is not None, reporter=reporter)
    measured = measure_encoder(
        records,
        data.stem,
        folds=folds,
        seed=seed,
        fit_split=fit_split,
        split=split,
        # without `rejected`, as its rows would take the place of those of `data`
        fit_on=read(fit_data, data_space, reporter=reporter) if fit_data is not None else [],
        kinds=kinds,
        strict=strict,
        cache=cache,
        believer=believer_of(annotator, data_space, reporter=reporter),
        baselines=fitters,
        reporter=reporter,
    )
    return Measurement.of(measured, seed=seed, seconds={"evaluate": perf_counter() - started}, reporter=reporter)


def kinds_of(personas: Sequence[str]) -> list[PersonaKind]:
    """Kinds of evidence by their names, each once.

    Raises:
        ConfigError: an unknown name.
    """
    kinds = [kind for name in dict.fromkeys(personas) for kind in CHOICES if kind == name]
    if len(kinds) < len(set(personas)):
        raise ConfigError(f"`personas` {','.join(personas)}: choose from {', '.join(CHOICES)}")
    return kinds


def _fitters(names: Sequence[str]) -> list[Fitter]:
    from penchant.fit import BASELINES

    if not set(names) <= set(BASELINES):
        raise ConfigError(f"`baselines` {','.join(names)}: choose from {', '.join(BASELINES)}")
    return [BASELINES[name] for name in dict.fromkeys(names)]


def measure_encoder(
    records: Sequence[Record],
    dataset: str,
    *,
    folds: int,
    seed: int,
    fit_split: str | None = None,
    split: str | None = None,
    fit_on: Sequence[Record] = (),
    kinds: Sequence[PersonaKind] = (),
    strict: bool = False,
    cache: Path | None = None,
    believer: BeliefScorer | None = None,
    baselines: Sequence[Fitter] = (),
    reporter: Reporter = QUIET,
) -> list[Measured]:
    """Measures records that have been read; see `crossval_scorers`."""
    from penchant.encoder.cached import CachedEncoder
    from penchant.encoder.sentence import load_encoder
    from penchant.eval.measured import Measured
    from penchant.eval.score import Setting

    encoder = load_encoder() if cache is None else CachedEncoder(load_encoder(), cache)
    all_records = [*fit_on, *records]
    texts = embedded(all_records, [record.persona for record in all_records], encoder, reporter=reporter)
    setting, measured = Setting(dataset + STRICT * strict, "-", seed), []
    for kind in kinds or (None,):
        scored = encoder_scores(
            records,
            encoder,
            folds=folds,
            seed=seed,
            fit_split=fit_split,
            test_split=split,
            fit_on=fit_on,
            kind=kind,
            texts=texts,
            strict=strict,
            believer=believer,
            baselines=baselines,
            note=reporter.note,
        )
        measured.append(Measured(setting, tuple(scored)))
    return measured


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
    note: Callable[[str], None] | None = None,
) -> list[Scored]:
    """Margins of the encoder scorer, of the same head without a persona and with another's, and of every control.

    Args:
        folds: by user, over all records; not read with `fit_split`.
        strict: text-disjoint; wants many folds (60), as training rows are dropped.
        fit_split, test_split: both: fit on one, test on the other. `test_split` alone: folds over that split only.
        fit_on: other records; fit on all of these, test on all of `records` (of `test_split`, if given).
        kind: show this kind of evidence alone, in fitting and in testing; None shows all evidence.
        texts: a table with every text of the records; None makes one.
        believer: reads directions, which the scorer then weighs too.
        baselines: fitted on the same folds and the same table of texts; their rows come last.
        progress: called with the number of texts embedded since the last call.
        note: called with a sentence on training rows that `strict` dropped, and with one on every fit of a baseline.
    Raises:
        ConfigError: folds or splits that do not fit the records.
        RecordError: no record has any evidence.
        TrainingError: too few people or rows are left to fit on.
    """
    from penchant.eval.folds import dropped_rows, refuse_shared, text_disjoint
    from penchant.scorer.encoder.texts import Texts, texts_of

    if fit_split is not None and test_split is None:
        raise ConfigError(f"fit_split '{fit_split}' without a split to test on; give test_split too")
    if fit_split is None and test_split is not None:
        records = [record for record in records if record.split == test_split]
    if kind is not None:
        records, fit_on = (_of_kind(part, kind, seed) for part in (records, fit_on))
    records = [*fit_on, *records]
    plan = _plan(records, folds=folds, seed=seed, splits=(fit_split, test_split), fitted=len(fit_on))
    if strict:
        plan = [text_disjoint(records, fold) for fold in plan]
        if note is not None:
            note(dropped_rows(plan))
        refuse_shared(records, plan)
    if texts is None:
        texts = Texts.of(texts_of(records, [record.persona for record in records]), encoder, progress=progress)
    ours = _encoder_margins(records, encoder, plan, texts=texts, seed=seed, believer=believer)
    rivals = _baseline_margins(records, baselines, plan, texts=texts, seed=seed, note=note)
    tested = np.sort(np.concatenate([fold.test for fold in plan]))
    return list(_scores(records, tested, kind, ours=ours, rivals=rivals))


def _plan(
    records: Sequence[Record], *, folds: int, seed: int, splits: tuple[str | None, str | None], fitted: int
) -> list[Fold]:
    """The folds to fit and test on; `fitted` is the number of leading records that are only fitted on."""
    from penchant.eval.folds import other_people, refuse_small, split_fold, user_folds

    fit_split, test_split = splits
    if fitted:
        return [other_people(records, fitted)]
    if fit_split is not None and test_split is not None:
        return [split_fold(records, fit_split, test_split)]
    refuse_small(records, folds=folds)
    return user_folds(records, folds=folds, seed=seed)


def kind_shown(personas: Sequence[Persona]) -> str:
    """The kind of evidence in some personas: ugc, pair or demo when it is the only one, else `all`.

    Raises:
        RecordError: no persona has any evidence.
    """
    kinds = {_KINDS[type(item)] for persona in personas for item in persona.evidence}
    if not kinds:
        raise RecordError("no record has any evidence of its person; the encoder scorer needs records with a persona")
    return kinds.pop() if len(kinds) == 1 else "all"


def _of_kind(records: Sequence[Record], kind: PersonaKind, seed: int) -> list[Record]:
    """The records with one kind of evidence alone."""
    return [
        replace(record, persona=record.persona.select(kind, seed=f"{seed}:{record.person_id}")) for record in records
    ]


def _encoder_margins(
    records: Sequence[Record],
    encoder: Encoder,
    plan: Sequence[Fold],
    *,
    texts: Texts,
    seed: int,
    believer: BeliefScorer | None,
) -> dict[tuple[Parts, bool], Margins]:
    """(part, whether another's persona is shown) -> margins, (records,); not a number where a record is not tested."""
    from penchant.fit.encoder import fit_parts
    from penchant.scorer.encoder import pair_features

    margins: dict[tuple[Parts, bool], Margins] = {(part, False): np.full(len(records), np.nan) for part in _VARIANTS}
    margins |= {(part, True): np.full(len(records), np.nan) for part in _SHUFFLED}
    for fold in plan:
        train, test = [records[i] for i in fold.train], [records[i] for i in fold.test]
        scorers = fit_parts(train, [record.persona for record in train], encoder, texts, believer=believer)
        lens = scorers["both"].lens
        features = {
            swapped: pair_features(lens, texts, test, personas, believer)
            for swapped, personas in _personas(test, seed).items()
        }
        for (part, swapped), values in margins.items():
            values[fold.test] = scorers[part].weigh(features[swapped])
    return margins


def _baseline_margins(
    records: Sequence[Record],
    baselines: Sequence[Fitter],
    plan: Sequence[Fold],
    *,
    texts: Texts,
    seed: int,
    note: Callable[[str], None] | None,
) -> dict[tuple[str, bool], Margins]:
    """(baseline, whether another's persona is shown) -> margins, as in `_encoder_margins`."""
    margins = {(one.name, swapped): np.full(len(records), np.nan) for one in baselines for swapped in (False, True)}
    for number, fold in enumerate(plan):
        train, test = [records[i] for i in fold.train], [records[i] for i in fold.test]
        for baseline in baselines:
            fitted = baseline.fit(train, [record.persona for record in train], texts, seed)
            if note is not None:
                note(f"fold {number}: {fitted.remark}")
            for swapped, personas in _personas(test, seed).items():
                margins[baseline.name, swapped][fold.test] = fitted.table_margins(texts, test, personas)
    return margins


def _personas(test: Sequence[Record], seed: int) -> dict[bool, list[Persona]]:
    """Whether personas are swapped -> the persona shown with each record.

    They are swapped among the tested people, so that nothing was fitted on the donors either.
    """
    named = [replace(record, user_id=record.person_id) for record in test]
    swapped = [record.persona for record in swap_personas(named, seed=seed)]
    return {False: [record.persona for record in test], True: swapped}


def _scores(
    records: Sequence[Record],
    tested: NDArray[np.int64],
    kind: PersonaKind | None,
    *,
    ours: Mapping[tuple[Parts, bool], Margins],
    rivals: Mapping[tuple[str, bool], Margins],
) -> Iterator[Scored]:
    from penchant.eval.score import Scored

    tested_records = [records[i] for i in tested]
    personas = [record.persona for record in tested_records]
    shown = kind or kind_shown(personas)
    grouped = tuple(_grouped(record) for record in tested_records)
    yield Scored("chance", "none", grouped, margins=np.zeros(len(tested_records)), role="limit")
    for name, control in CONTROLS.items():
        yield Scored(name, shown, grouped, margins=control(tested_records, personas), role="control")
    for (part, swapped), margins in ours.items():
        yield Scored(
            method="encoder",
            persona="shuffled" if swapped else "none" if part == "none" else shown,
            records=grouped,
            margins=margins[tested],
            variant=_VARIANTS[part],
            # a scorer of one part is a rival of the whole scorer
            role="baseline" if _VARIANTS[part] else "personal",
        )
    for (name, swapped), margins in rivals.items():
        yield Scored(name, "shuffled" if swapped else shown, grouped, margins=margins[tested], role="baseline")


def _grouped(record: Record) -> Record:
    """The record under its dimension alone (`plain_warm/warm` -> `plain_warm`), as a single pole has few people."""
    dimension = record.provenance.attribute.split("/")[0]
    return replace(record, provenance=replace(record.provenance, attribute=dimension))
