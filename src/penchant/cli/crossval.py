"""`penchant crossval`: aligns models to some people of a file and measures them on the others, fold by fold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli.aligned import progress
from penchant.cli.data import RejectedOption, directed, read, space_for
from penchant.cli.evaluate import encoder_measured
from penchant.cli.output import as_json, say, write_whole
from penchant.cli.simulate import SetOption
from penchant.cli.tables import show
from penchant.cli.train import aligned_to
from penchant.config import Recipe, load_recipe
from penchant.errors import ConfigError, DataError
from penchant.record import Record
from penchant.space import PreferenceSpace

if TYPE_CHECKING:
    from penchant.eval.score import Scored

METHODS = ("ica", "pba")
RUN = "run.json"
"""What the folds of a folder were asked for; folds of two runs are never put together."""


def command(
    data: Annotated[Path, typer.Option(help="Shards, Parquet, JSON or JSONL.")],
    out: Annotated[Path, typer.Option(help="Folder for the folds; what is finished there is not done again.")],
    recipe: Annotated[Path, typer.Option("--recipe", help="Recipe YAML.")] = Path("recipes/english.yaml"),
    folds: Annotated[int, typer.Option(min=2, help="By user: every person is tested once, by models of others.")] = 3,
    only: Annotated[
        str | None, typer.Option(help="Only these folds, e.g. 0,2; several processes can share the folds.")
    ] = None,
    attribute: Annotated[str | None, typer.Option(help="Only records whose attribute begins like this.")] = None,
    encoder: Annotated[bool, typer.Option("--encoder", help="Also the encoder scorer, on the same folds.")] = False,
    space: Annotated[str | None, typer.Option(help="Space name or .toml.")] = None,
    rejected: RejectedOption = None,
    overrides: SetOption = [],  # noqa: B006 - typer reads the default, nothing changes it
    json: Annotated[bool, typer.Option("--json", help="Rows as one JSON object on the last line.")] = False,
) -> None:
    """Measures ICA and PBA on people they were not trained on, over all people of a file."""
    from penchant.eval.crossval import SCORES, load_scores, together
    from penchant.eval.folds import refuse_small, user_folds
    from penchant.eval.measured import Measured
    from penchant.eval.score import Setting
    from penchant.shards.manifest import digest_of

    started = perf_counter()
    settings = load_recipe(recipe, overrides)
    where = space_for(data, space, directions=settings.directions)
    records = directed(_of_attribute(read(data, where, rejected=rejected), attribute), settings.directions)
    plan = user_folds(records, folds=folds, seed=settings.seed)
    if encoder:  # before hours of training, not after
        refuse_small(records, folds=folds)
    chosen = _folds(only, folds)
    source = {"data": data.name, "digest": digest_of(data), "space": where.digest, "attribute": attribute}
    _same_run(out, {**source, "folds": folds, "recipe": settings.model_dump()})
    for k in chosen:
        if not (out / f"fold-{k}" / SCORES).is_file():
            train, test = ([records[i] for i in places] for places in (plan[k].train, plan[k].test))
            _measure(settings, where, train, test, out / f"fold-{k}", name=f"fold {k}")
    missing = [k for k in range(folds) if not (out / f"fold-{k}" / SCORES).is_file()]
    if missing:
        say(f"not measured yet: folds {', '.join(map(str, missing))}; run again with --only {missing[0]}, or without")
    by_id = {record.record_id: record for record in records}
    done = [load_scores(out / f"fold-{k}", by_id) for k in range(folds) if k not in missing]
    setting = Setting(data.stem, settings.layout, settings.seed)
    measured = [Measured(setting, tuple(together(done)))]
    if encoder:
        measured += encoder_measured(records, data.stem, folds=folds, seed=settings.seed)
    show(measured, json=json, seconds={"crossval": perf_counter() - started}, seed=settings.seed)


def _same_run(out: Path, asked: dict[str, object]) -> None:
    """Refuses to go on in a folder whose folds were measured under other settings."""
    file, text = out / RUN, as_json(asked) + "\n"
    if file.is_file() and file.read_text(encoding="utf-8") != text:
        raise ConfigError(f"{file} is of other data or settings than these; give another --out, or the same as then")
    write_whole(file, text)


def _measure(
    recipe: Recipe, space: PreferenceSpace, train: Sequence[Record], test: Sequence[Record], out: Path, *, name: str
) -> None:
    """Trains what is not trained yet and keeps the scores of one fold."""
    from penchant.eval.crossval import save_scores
    from penchant.model.card import finished

    for method in METHODS:
        if finished(out / method) is None:
            say(f"== {name}, {method}")
            aligned_to(recipe, method, train, space, out / method, resume=True)
    say(f"== {name}, {len(test)} records of people never met")
    save_scores(out, _scores(recipe, space, test, out, name))


def _scores(recipe: Recipe, space: PreferenceSpace, test: Sequence[Record], out: Path, name: str) -> list[Scored]:
    from penchant.eval.benchmark import Bench
    from penchant.eval.score import Setting
    from penchant.model.local import LocalModel

    bench = Bench(
        setting=Setting(name, recipe.layout, recipe.seed),
        layout=recipe.layout,
        space=space,
        reference=LocalModel.load(recipe.base, name="reference"),
        policies={method: LocalModel.load(str(out / method), name=method) for method in METHODS},
        max_prompt_tokens=recipe.ica.max_prompt_tokens,
        swapped="all",
    )
    personas = recipe.evaluate.personas
    with progress(bench, bench.passes(personas)):
        return bench.score(test, personas)


def _of_attribute(records: list[Record], attribute: str | None) -> list[Record]:
    if attribute is None:
        return records
    kept = [record for record in records if record.provenance.attribute.startswith(attribute)]
    if not kept:
        known = sorted({record.provenance.attribute for record in records})
        raise DataError(f"no record has an attribute that begins with '{attribute}'; there are: {', '.join(known)}")
    return kept


def _folds(only: str | None, folds: int) -> list[int]:
    if only is None:
        return list(range(folds))
    try:
        chosen = [int(part) for part in only.split(",")]
    except ValueError:
        chosen = [-1]
    if not all(0 <= k < folds for k in chosen):
        raise ConfigError(f"--only {only}: give numbers of folds from 0 to {folds - 1}, separated by commas")
    return chosen
