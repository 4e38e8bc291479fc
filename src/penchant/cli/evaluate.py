"""`penchant eval`: alignment accuracy on records, for aligned models or for the encoder scorer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli.data import read, space_for
from penchant.cli.output import as_json, bar, result, say
from penchant.errors import ConfigError
from penchant.record import Record
from penchant.render import LAYOUTS, Layout
from penchant.space import PreferenceSpace

if TYPE_CHECKING:
    from penchant.eval.rows import Row

PERSONAS = ("ugc", "pair", "demo", "mixed")


def command(
    data: Annotated[Path, typer.Option(help="Shards, Parquet, JSON or JSONL.")],
    scorer: Annotated[str, typer.Option(help="implicit (aligned models) or encoder.")] = "implicit",
    reference: Annotated[str | None, typer.Option(help="implicit: the base that the models were aligned from.")] = None,
    ica: Annotated[str | None, typer.Option(help="implicit: model aligned by ICA.")] = None,
    pba: Annotated[str | None, typer.Option(help="implicit: model aligned by PBA.")] = None,
    personas: Annotated[str, typer.Option(help="implicit: settings, comma-separated.")] = ",".join(PERSONAS),
    layout: Annotated[str, typer.Option(help=" or ".join(LAYOUTS))] = "user_first",
    max_prompt_tokens: Annotated[
        int | None, typer.Option(help="Budget; evidence beyond it is dropped, counted.")
    ] = None,
    folds: Annotated[int, typer.Option(help="encoder: folds by user over all rows.")] = 5,
    fit: Annotated[str | None, typer.Option(help="encoder: split to fit on, instead of folds.")] = None,
    split: Annotated[str | None, typer.Option(help="Only records of this split; with --fit, the one tested.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="encoder: no answer text in both fit and test.")] = False,
    limit: Annotated[int | None, typer.Option(help="At most so many records.")] = None,
    space: Annotated[
        str | None, typer.Option(help="Space name or .toml; default: beside the data, else alignx90.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of draws, folds and resampling.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Rows as one JSON object on the last line.")] = False,
) -> None:
    """Measures alignment accuracy per method, persona and control, with intervals over users."""
    started = perf_counter()
    where = space_for(data, space)
    records = read(data, where, limit=limit)
    if scorer == "encoder":
        rows = encoder_rows(records, data.stem, folds=folds, seed=seed, fit=fit, split=split, strict=strict)
    elif scorer == "implicit":
        if reference is None:
            raise ConfigError("--scorer implicit needs --reference, the base that the models were aligned from")
        chosen = [record for record in records if split in (None, record.split)]
        policies = {name: folder for name, folder in (("ica", ica), ("pba", pba)) if folder is not None}
        rows = implicit_rows(
            chosen,
            where,
            dataset=data.stem,
            reference=reference,
            policies=policies,
            personas=_personas(personas),
            layout=layout,
            max_prompt_tokens=max_prompt_tokens,
            seed=seed,
        )
    else:
        raise ConfigError(f"--scorer {scorer}: known are implicit and encoder")
    show(rows, json=json, seconds={"evaluate": perf_counter() - started}, seed=seed)


def show(rows: Sequence[Row], *, json: bool, seconds: dict[str, float], seed: int) -> None:
    """Prints rows as a table, or as one JSON object on the last line."""
    from penchant.eval.rows import table
    from penchant.model.card import versions

    if json:
        result(as_json(summary(rows, seconds=seconds, seed=seed, versions=versions())))
    else:
        result(table(rows))


def summary(
    rows: Sequence[Row], *, seconds: dict[str, float], seed: int, versions: dict[str, str]
) -> dict[str, object]:
    """The content of results.json."""
    spent = {stage: round(value, 2) for stage, value in seconds.items()}
    return {"rows": [row.as_json() for row in rows], "seconds": spent, "seed": seed, "versions": versions}


def implicit_rows(
    records: Sequence[Record],
    space: PreferenceSpace,
    *,
    dataset: str,
    reference: str,
    policies: dict[str, str],
    personas: Sequence[str] = PERSONAS,
    layout: str = "user_first",
    max_prompt_tokens: int | None = None,
    seed: int = 0,
) -> list[Row]:
    """Rows of aligned models, their controls and limits."""
    from penchant.eval.benchmark import Bench
    from penchant.eval.score import Setting
    from penchant.forum.observer import observer_of
    from penchant.model.local import LocalModel

    if layout not in LAYOUTS:
        raise ConfigError(f"--layout {layout}: known are {', '.join(LAYOUTS)}")
    written: Layout = "paper" if layout == "paper" else "user_first"
    rule = observer_of(records)
    if rule is not None:
        say(f"simulated records; golden directions explain {100 * (1 - rule.noise):.1f} % of choices")
    bench = Bench(
        setting=Setting(dataset, layout, seed),
        layout=written,
        space=space,
        reference=LocalModel.load(reference, name="reference"),
        policies={name: LocalModel.load(folder, name=name) for name, folder in policies.items()},
        max_prompt_tokens=max_prompt_tokens,
        rule=rule,
        golden=all(record.golden is not None for record in records),
    )
    passes = bench.passes(personas)
    with bar(passes, "evaluating") as advance:
        bench.done = lambda _name: advance(1)
        rows = bench.run(records, personas)
    if bench.dropped:
        say(f"the budget of {max_prompt_tokens} tokens left out {bench.dropped} items of evidence over {passes} passes")
    return rows


def encoder_rows(
    records: Sequence[Record],
    dataset: str,
    *,
    folds: int,
    seed: int,
    fit: str | None = None,
    split: str | None = None,
    strict: bool = False,
) -> list[Row]:
    """Rows of the encoder scorer and its controls over folds by user."""
    from penchant.encoder.sentence import load_encoder
    from penchant.eval.folds import encoder_rows as folded

    return folded(
        records,
        load_encoder(),
        folds=folds,
        seed=seed,
        dataset=dataset,
        fit_split=fit,
        test_split=split if fit is not None else None,
        strict=strict,
    )


def _personas(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = sorted(set(names) - set(PERSONAS))
    if unknown or not names:
        raise ConfigError(f"--personas {text}: known are {', '.join(PERSONAS)}")
    return names
