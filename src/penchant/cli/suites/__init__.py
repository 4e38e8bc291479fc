"""`penchant eval --suite NAME`: tables of one question each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from penchant.cli import learned
from penchant.cli.aligned import Aligned
from penchant.cli.data import read
from penchant.cli.language import judge_of
from penchant.cli.output import as_json, result
from penchant.cli.suites import bias, control, cost, infer, limited, novel, whole
from penchant.cli.suites import judge as judged
from penchant.cli.suites.wording import by_phrasing
from penchant.cli.tables import show
from penchant.config import load_recipe
from penchant.errors import ConfigError
from penchant.record import Record
from penchant.space import PreferenceSpace

SUITES = ("infer", "novel", "limited", "control", "bias", "cost", "judge", "all")


@dataclass(frozen=True, slots=True)
class Asked:
    """What suites are asked with, besides records and aligned models."""

    command: str
    """What was typed, quoted in reports."""
    seed: int
    json: bool
    annotator: Path | None = None
    judge: Path | None = None
    out: Path | None = None
    fit_data: Path | None = None
    """What the models were aligned on."""
    recipe: Path | None = None
    overwrite: bool = False
    """Whether a report in `out` may be replaced."""


def require(suite: str, aligned: Aligned | None, asked: Asked) -> None:
    """Refuses, before any data is read, what one of SUITES cannot be asked.

    Raises:
        ConfigError: something that it needs is not named, or its report is there already.
    """
    if suite == "infer":
        infer.named(asked.annotator)
        return
    if aligned is None or not aligned.policies:
        raise ConfigError(f"--suite {suite} measures aligned models; name --reference and --ica or --pba")
    if suite == "judge" and asked.judge is None:
        raise ConfigError("--suite judge asks a language model; name its recipe with --judge")
    if suite == "all" and asked.out is None:
        raise ConfigError("--suite all writes a report; name a folder for it with --out")
    if suite == "all" and asked.out is not None and (asked.out / whole.REPORT).exists() and not asked.overwrite:
        raise ConfigError(f"{asked.out / whole.REPORT} is there already; give another --out, or add --overwrite")
    if suite == "novel" and asked.fit_data is None:
        raise ConfigError(
            "--suite novel must know what is new; name the records that the models were aligned on with --fit-data"
        )
    if suite == "bias":
        bias.require_reader(aligned.policies, asked.annotator)


def run(
    suite: str,
    records: Sequence[Record],
    space: PreferenceSpace,
    dataset: str,
    aligned: Aligned | None,
    asked: Asked,
) -> None:
    """Runs one of SUITES, which `require` let through, and prints it; with `json` as one object on the last line.

    Raises:
        DataError: records of people who are not simulated, where the truth must be known.
    """
    annotator, judge, out, seed, json = asked.annotator, asked.judge, asked.out, asked.seed, asked.json
    if aligned is None:  # only one suite measures none
        infer.run(records, space, annotator=annotator, seed=seed, json=json)
        return
    if suite == "all" and out is not None:
        fit_on = None if asked.fit_data is None else read(asked.fit_data, space)
        whole.run(
            records,
            space,
            dataset,
            out,
            aligned=aligned,
            annotator=annotator,
            fit_on=fit_on,
            command=asked.command,
            json=json,
        )
        return
    # before any model is loaded, as nothing may be novel, or a key be missing
    recipe = new = None
    if suite == "novel" and asked.fit_data is not None:
        recipe = load_recipe(asked.recipe or Path("recipes/adapt.yaml"), [])
        new = novel.find(records, asked.fit_data, space, seed=aligned.seed)
    rivals = learned.opened(aligned.beside, space, annotator)
    endpoint = None if judge is None else judge_of(judge)
    started = perf_counter()
    bench = aligned.bench(records, space, dataset)
    if endpoint is not None:
        judged.run(bench, by_phrasing(records), endpoint, json=json)
    elif recipe is not None and new is not None:
        measured = novel.measure(bench, new, aligned=aligned, recipe=recipe)
        show([measured], json=json, seconds={suite: perf_counter() - started}, seed=seed)
    elif suite == "limited":
        measured = limited.measure(bench, records)
        show([measured], json=json, seconds={suite: perf_counter() - started}, seed=seed)
    elif suite == "control":
        turned = control.measure(bench, records, annotator)
        wordings = {wording: [one.as_json() for one in part] for wording, part in turned.items()}
        _tell(suite, {"wordings": wordings}, control.lines(turned), seed=seed, json=json)
    elif suite == "cost":
        spent = cost.measure(bench, records, rivals)
        methods = {one.method: one.as_json() for one in spent}
        _tell(suite, {"methods": methods}, cost.lines(spent), seed=seed, json=json)
    else:
        found = bias.measure(bench, records, annotator)
        methods = {name: one.as_json() for name, one in found.items()}
        _tell(suite, {"methods": methods}, bias.lines(found), seed=seed, json=json)


def _tell(suite: str, found: Mapping[str, Any], lines: Iterable[str], *, seed: int, json: bool) -> None:
    from penchant.model.card import versions

    if json:
        result(as_json({"suite": suite, "seed": seed, **found, "versions": versions()}))
    else:
        result("\n".join(lines))
