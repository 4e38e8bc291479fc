"""Aligns models to some people in a file and measures the models on the other people, fold by fold.

Finished folds are skipped. Several processes can work on one folder.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from penchant.config import Recipe
from penchant.errors import ConfigError, TrainingError
from penchant.record import Record
from penchant.reporter import QUIET, Reporter
from penchant.runs.crossval_scorers import measure_encoder
from penchant.runs.data import Data, as_data, directed, of_attribute, read, space_for
from penchant.runs.measurement import Measurement
from penchant.runs.quiet import quiet_libraries
from penchant.runs.recipe import recipe_for
from penchant.runs.train import align_records, training_set
from penchant.shards.atomic import write_text
from penchant.space import PreferenceSpace

if TYPE_CHECKING:
    from penchant.eval.folds import Fold
    from penchant.eval.score import Scored

RECIPE = "english"
ALIGNED = ("ica", "pba")
_TRIED = 100
"""So many records are tried before training."""
RUN = "run.json"
"""Data and settings that the folds of a folder were measured with; folds of two runs are never put together."""


def crossval_models(
    *,
    data: Path | Data,
    out: Path,
    recipe: str | Path = RECIPE,
    model: str | None = None,
    template: str | None = None,
    lora: bool = False,
    methods: Sequence[str] = ALIGNED,
    folds: int = 3,
    only: Sequence[int] | None = None,
    attribute: str | None = None,
    encoder: bool = False,
    space: str | None = None,
    rejected: Path | None = None,
    overrides: Sequence[str] = (),
    reporter: Reporter = QUIET,
) -> Measurement:
    """Accuracy of ICA and PBA on people they were not trained on, over all people of a file.

    Args:
        out: folder for the folds.
        model, template, lora: the base in place of the recipe's, its chat template, and adapters; see `runs.train`.
        methods: what to align and measure, of ALIGNED.
        folds: folds by user; each person is tested once, by models of other people.
        only: numbers of the folds to measure in this run; None measures all.
        attribute: only records of this subset; see `runs.data.of_attribute`.
        encoder: measure the encoder scorer too, on the same folds.
        rejected: receives the rows left out.
        overrides: `section.key=value`, applied to the recipe.
    Returns:
        The rows of all folds that are finished, then those of the encoder scorer.
    Raises:
        ConfigError: folds that do not fit the records, or `out` holds folds of other data or settings.
        DataError: no record has such an attribute, or no fold is measured.
    """
    from penchant.eval.crossval import SCORES, load_scores, together
    from penchant.eval.folds import refuse_small, user_folds
    from penchant.eval.measured import Measured
    from penchant.eval.score import Setting

    started, data = perf_counter(), as_data(data)
    settings = recipe_for(recipe, overrides, model=model, template=template, lora=lora)
    data_space = space_for(data, space, directions=settings.directions)
    records = of_attribute(read(data, data_space, rejected=rejected, reporter=reporter), attribute, data)
    records = directed(records, settings.directions)
    plan = user_folds(records, folds=folds, seed=settings.seed)
    if encoder:  # before hours of training, not after
        refuse_small(records, folds=folds)
    numbers = _fold_numbers(only, folds)
    _require_shown(settings, methods, [records[i] for i in plan[0].train], data_space)
    source = {"data": data.name, "digest": data.digest(), "space": data_space.digest, "attribute": attribute}
    source["methods"] = ",".join(methods)
    _require_same_run(out, {**source, "folds": folds, "recipe": settings.model_dump()})
    for k in numbers:
        if not (out / f"fold-{k}" / SCORES).is_file():
            out_k = out / f"fold-{k}"
            _measure(settings, data_space, records, methods=methods, fold=plan[k], out=out_k, reporter=reporter)
    missing = [k for k in range(folds) if not (out / f"fold-{k}" / SCORES).is_file()]
    if missing:
        left = ", ".join(map(str, missing))
        reporter.note(f"not measured yet: folds {left}; run again with `only` {missing[0]}, or without")
    by_id = {record.record_id: record for record in records}
    finished = [load_scores(out / f"fold-{k}", by_id) for k in range(folds) if k not in missing]
    setting = Setting(data.stem, settings.layout, settings.seed)
    measured = [Measured(setting, tuple(together(finished)))]
    if encoder:
        measured += measure_encoder(records, data.stem, folds=folds, seed=settings.seed, reporter=reporter)
    seconds = {"crossval": perf_counter() - started}
    return Measurement.of(measured, seed=settings.seed, seconds=seconds, reporter=reporter)


def _require_shown(recipe: Recipe, methods: Sequence[str], records: Sequence[Record], space: PreferenceSpace) -> None:
    """Refuses, before hours of training, a method that can show none of the evidence."""
    from penchant.train.usable import usable

    for method in methods:
        if method not in ALIGNED:
            raise ConfigError(f"`methods` {','.join(methods)}: choose from {', '.join(ALIGNED)}")
        try:
            usable(training_set(recipe, method, records[:_TRIED], space))
        except TrainingError as error:
            others = ",".join(one for one in methods if one != method)
            advice = f"; leave {method} out with `methods` {others}" if others else ""
            raise ConfigError(f"{error}{advice}") from error


def _require_same_run(out: Path, run: dict[str, object]) -> None:
    """Refuses to go on in a folder whose folds were measured under other settings."""
    file, text = out / RUN, json.dumps(run, ensure_ascii=False) + "\n"
    if file.is_file() and file.read_text(encoding="utf-8") != text:
        raise ConfigError(f"{file} is of other data or settings than these; give another `out`, or the same settings")
    write_text(file, text)


def _measure(
    recipe: Recipe,
    space: PreferenceSpace,
    records: Sequence[Record],
    *,
    methods: Sequence[str],
    fold: Fold,
    out: Path,
    reporter: Reporter,
) -> None:
    """Trains the models of one fold that are not trained yet, and keeps the scores of its tested people."""
    from penchant.eval.crossval import save_scores
    from penchant.model.card import finished

    train, test = ([records[i] for i in positions] for positions in (fold.train, fold.test))
    name = out.name.replace("-", " ")
    for method in methods:
        if finished(out / method) is None:
            reporter.note(f"== {name}, {method}")
            align_records(recipe, method, train, space=space, out=out / method, resume=True, reporter=reporter)
    reporter.note(f"== {name}, {len(test)} records of people in no training fold")
    save_scores(out, _scores(recipe, space, test, methods=methods, out=out, name=name, reporter=reporter))


def _scores(
    recipe: Recipe,
    space: PreferenceSpace,
    test: Sequence[Record],
    *,
    methods: Sequence[str],
    out: Path,
    name: str,
    reporter: Reporter,
) -> list[Scored]:
    from penchant.eval.bench import Bench
    from penchant.eval.questions.base import Inputs
    from penchant.eval.score import Setting
    from penchant.model.local import LocalModel

    with quiet_libraries():
        bench = Bench(
            setting=Setting(name, recipe.layout, recipe.seed),
            layout=recipe.layout,
            space=space,
            reference=LocalModel.load(recipe.base, name="reference", template=recipe.template),
            policies={method: LocalModel.load(str(out / method), name=method) for method in methods},
            max_prompt_tokens=recipe.ica.max_prompt_tokens,
            swapped="all",
        )
    personas = recipe.evaluate.personas
    with Inputs(records=test, space=space, bench=bench, reporter=reporter).passes(bench.passes(personas)):
        return bench.score(test, personas)


def _fold_numbers(only: Sequence[int] | None, folds: int) -> list[int]:
    if only is None:
        return list(range(folds))
    if not only or not all(0 <= k < folds for k in only):
        numbers = ",".join(map(str, only))
        raise ConfigError(f"`only` {numbers}: give numbers of folds from 0 to {folds - 1}, separated by commas")
    return list(only)
