"""`penchant eval`: alignment accuracy on records, for aligned models or for the encoder scorer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli import suites
from penchant.cli.data import DirectionsOption, RejectedOption, directed, read, space_for
from penchant.cli.infer import AnnotatorOption, inferred
from penchant.cli.language import SummariesOption, summaries_of
from penchant.cli.output import as_json, bar, given, result, say
from penchant.errors import ConfigError
from penchant.record import Record
from penchant.render import LAYOUTS, Layout
from penchant.space import PreferenceSpace

if TYPE_CHECKING:
    from penchant.eval.measured import Measured, Results
    from penchant.scorer.belief import BeliefScorer

PERSONAS = ("ugc", "pair", "demo", "mixed")
METHODS = ("ica", "pba", "universal")
IMPLICIT = {"reference", *METHODS, "layout", "max_prompt_tokens", "draws", "summaries"}
"""Options that only aligned models are measured with."""
ENCODER = {"folds", "fit", "fit_data", "strict", "cache"}
"""Options that only the encoder scorer is measured with."""
SCORERS = ("implicit", "encoder")
PersonasOption = Annotated[
    str | None,
    typer.Option(help=f"Settings, comma-separated; default: {','.join(PERSONAS)}; encoder: all there is."),
]
BudgetOption = Annotated[int | None, typer.Option(min=1, help="Evidence beyond it is dropped, counted.")]


def command(
    context: typer.Context,
    data: Annotated[Path, typer.Option(help="Shards, Parquet, JSON or JSONL.")],
    scorer: Annotated[str, typer.Option(help="implicit (aligned models) or encoder.")] = "implicit",
    reference: Annotated[str | None, typer.Option(help="implicit: the base that the models were aligned from.")] = None,
    ica: Annotated[str | None, typer.Option(help="implicit: model aligned by ICA.")] = None,
    pba: Annotated[str | None, typer.Option(help="implicit: model aligned by PBA, over any bridge.")] = None,
    universal: Annotated[str | None, typer.Option(help="implicit: model aligned to everybody at once.")] = None,
    personas: PersonasOption = None,
    layout: Annotated[str, typer.Option(help=" or ".join(LAYOUTS))] = "user_first",
    max_prompt_tokens: BudgetOption = None,
    folds: Annotated[int, typer.Option(min=2, help="encoder: folds by user over all rows.")] = 5,
    fit: Annotated[str | None, typer.Option(help="encoder: split to fit on, instead of folds.")] = None,
    split: Annotated[str | None, typer.Option(help="Only records of this split; with --fit, the one tested.")] = None,
    attribute: Annotated[str | None, typer.Option(help="Only records of this subset, as tables name it.")] = None,
    fit_data: Annotated[Path | None, typer.Option(help="encoder: other records to fit on, instead of folds.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="encoder: no answer text in both fit and test.")] = False,
    cache: Annotated[Path | None, typer.Option(help="encoder: folder that keeps embeddings for later runs.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many records.")] = None,
    space: Annotated[
        str | None, typer.Option(help="Space name or .toml; default: beside the data, else alignx90.")
    ] = None,
    directions: DirectionsOption = "given",
    annotator: AnnotatorOption = None,
    draws: Annotated[
        int, typer.Option(min=0, help="pba: also average over so many directions drawn from each belief (pba_drawn).")
    ] = 0,
    summaries: SummariesOption = None,
    suite: Annotated[str | None, typer.Option(help="Another table: infer (needs --annotator).")] = None,
    rejected: RejectedOption = None,
    seed: Annotated[int, typer.Option(help="Of draws, folds and resampling.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Rows as one JSON object on the last line.")] = False,
) -> None:
    """Measures alignment accuracy per method, persona and control, with intervals over users."""
    started = perf_counter()
    _refuse_unread(suite, scorer, given(context))
    shown = _personas(personas) if personas is not None else list(PERSONAS if scorer == "implicit" else ())
    if suite is None and scorer == "implicit" and reference is None:
        raise ConfigError("--scorer implicit needs --reference, the base that the models were aligned from")
    _refuse(pba, summaries=summaries, draws=draws, fit=fit, fit_data=fit_data, split=split)
    where = space_for(data, space, directions=directions)
    records = read(data, where, split=split if fit is None else None, limit=limit, rejected=rejected)
    records = _of(attribute, directed(records, directions), data)
    if suite is not None:
        suites.run(suite, records, where, annotator=annotator, seed=seed, json=json)
        return
    if reference is None:
        measured = encoder_measured(
            records,
            data.stem,
            folds=folds,
            seed=seed,
            fit=fit,
            split=split,
            fit_on=read(fit_data, where, rejected=rejected) if fit_data is not None else [],
            personas=shown,
            strict=strict,
            cache=cache,
            believer=believer_of(annotator, where),
        )
    else:
        measured = implicit_measured(
            records,
            where,
            dataset=data.stem,
            reference=reference,
            policies=_policies(ica, pba, universal),
            personas=shown,
            layout=layout,
            max_prompt_tokens=max_prompt_tokens,
            seed=seed,
            annotator=annotator,
            draws=draws,
            summaries=summaries,
        )
    show(measured, json=json, seconds={"evaluate": perf_counter() - started}, seed=seed)


def _policies(ica: str | None, pba: str | None, universal: str | None) -> dict[str, str]:
    named = {"ica": ica, "pba" if pba is None else _bridge(pba): pba, "universal": universal}
    return {method: folder for method, folder in named.items() if folder is not None}


def _of(attribute: str | None, records: list[Record], data: Path) -> list[Record]:
    """The records of one subset: of a dimension (`plain_warm`) or of one of its poles (`plain_warm/warm`)."""
    if attribute is None:
        return records
    named = [(record, record.provenance.attribute) for record in records]
    kept = [record for record, name in named if attribute in (name, name.split("/")[0])]
    if not kept:
        known = sorted({name.split("/")[0] for _, name in named})
        raise ConfigError(f"{data} has no record of '{attribute}'; there are: {', '.join(known)}")
    return kept


def _refuse_unread(suite: str | None, scorer: str, options: set[str]) -> None:
    if scorer not in SCORERS:
        raise ConfigError(f"--scorer {scorer}: known are {', '.join(SCORERS)}")
    mode = suite or scorer
    unread = {"implicit": ENCODER, "encoder": IMPLICIT}.get(mode, IMPLICIT | ENCODER | {"scorer", "personas"})
    for name in sorted(unread & options):
        flag = name.replace("_", "-")
        raise ConfigError(f"--{flag} is not read when {mode} is measured; leave it out")


def _refuse(
    pba: str | None, *, summaries: Path | None, draws: int, fit: str | None, fit_data: Path | None, split: str | None
) -> None:
    if summaries is not None and (pba is None or _bridge(pba) == "pba"):
        raise ConfigError("--summaries is shown to a model aligned by pba_summary or pba_both; name one with --pba")
    if draws and pba is None:
        raise ConfigError("--draws averages over the directions of pba; name its model with --pba")
    if fit_data is not None and fit is not None:
        raise ConfigError("--fit-data and --fit both say what to fit on; give one of them")
    if fit is not None and split is None:
        raise ConfigError(f"--fit {fit} needs --split, the split to test on")


def _bridge(folder: str) -> str:
    """The form of pba that a model was aligned by, as its card says."""
    from penchant.method import BRIDGED
    from penchant.model.card import tags

    return next(iter(sorted(tags(Path(folder)) & BRIDGED.keys())), "pba")


def show(measured: Sequence[Measured], *, json: bool, seconds: dict[str, float], seed: int) -> None:
    """Prints the main rows and contrasts as tables, or everything as one JSON object on the last line."""
    from penchant.eval import contrasts
    from penchant.eval.measured import Results
    from penchant.eval.rows import is_variant, table
    from penchant.model.card import versions

    found = Results.of(measured)
    if json:
        result(as_json(summary(found, seconds=seconds, seed=seed, versions=versions())))
        return
    main = [row for row in found.rows if row.attribute == "all" and not is_variant(row.method)]
    result(table(main))
    if found.contrasts:
        result("\n" + contrasts.table(found.contrasts))
    if len(main) < len(found.rows):
        say(f"{len(found.rows) - len(main)} more rows, of subsets and variants of the metric, are in --json")


def summary(found: Results, *, seconds: dict[str, float], seed: int, versions: dict[str, str]) -> dict[str, object]:
    """The content of results.json."""
    spent = {stage: round(value, 2) for stage, value in seconds.items()}
    told = {"rows": [row.as_json() for row in found.rows], "contrasts": [one.as_json() for one in found.contrasts]}
    return {**told, "seconds": spent, "seed": seed, "versions": versions}


def implicit_measured(
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
    annotator: Path | None = None,
    draws: int = 0,
    summaries: Path | None = None,
) -> list[Measured]:
    """Margins of aligned models, their controls and limits, as one measurement."""
    from penchant.eval.benchmark import Bench
    from penchant.eval.benchmark import show as draw
    from penchant.eval.measured import Measured
    from penchant.eval.score import Setting
    from penchant.forum.observer import observer_of
    from penchant.infer.read import reread
    from penchant.model.card import tags
    from penchant.model.local import LocalModel

    for method, folder in policies.items():
        others = tags(Path(folder)) & {other for other in METHODS if other != method}
        if others:
            say(f"{folder} was aligned by {', '.join(others)} as its card says, and is measured as {method}")
    if layout not in LAYOUTS:
        raise ConfigError(f"--layout {layout}: known are {', '.join(LAYOUTS)}")
    written: Layout = "paper" if layout == "paper" else "user_first"
    rule = observer_of(records)
    if rule is not None:
        say(f"simulated records; golden directions explain {100 * (1 - rule.noise):.1f} % of choices")
    for persona in personas:
        bare = sum(not known.evidence for known in draw(records, persona, seed=seed).personas)
        if bare:
            say(f"{bare} of {len(records)} records show nothing under '{persona}': they are asked the bare prompt")
    bench = Bench(
        setting=Setting(dataset if rule is None else records[0].provenance.dataset, layout, seed),
        layout=written,
        space=space,
        reference=LocalModel.load(reference, name="reference"),
        policies={name: LocalModel.load(folder, name=name) for name, folder in policies.items()},
        max_prompt_tokens=max_prompt_tokens,
        rule=rule,
        golden=all(record.golden is not None for record in records),
        draws=draws,
    )
    if annotator is not None:
        found = inferred(records, space, annotator).items
        bench.believed = lambda persona: reread(persona, found)
    if summaries is not None:
        told, blind = bench.shown(records, personas)
        bench.summary = summaries_of(summaries, (known for shown in (*told, *blind) for known in shown.personas))
    passes = bench.passes(personas)
    with bar(passes, "evaluating") as advance:
        bench.done = lambda _name: advance(1)
        scored = bench.score(records, personas)
    if bench.dropped:
        say(f"the budget of {max_prompt_tokens} tokens left out {bench.dropped} items of evidence over {passes} passes")
    return [Measured(bench.setting, tuple(scored))]


def encoder_measured(
    records: Sequence[Record],
    dataset: str,
    *,
    folds: int,
    seed: int,
    fit: str | None = None,
    split: str | None = None,
    fit_on: Sequence[Record] = (),
    personas: Sequence[str] = (),
    strict: bool = False,
    cache: Path | None = None,
    believer: BeliefScorer | None = None,
) -> list[Measured]:
    """Margins of the encoder scorer and its controls, over folds by user or fitted on other records; by persona."""
    from penchant.encoder.cached import CachedEncoder
    from penchant.encoder.sentence import load_encoder
    from penchant.eval.folds import STRICT, encoder_scores
    from penchant.eval.measured import Measured
    from penchant.eval.score import Setting
    from penchant.scorer.cases import Texts, texts_of

    encoder = load_encoder() if cache is None else CachedEncoder(load_encoder(), cache)
    all_records = [*fit_on, *records]
    distinct = texts_of(all_records, [record.persona for record in all_records])
    with bar(len(distinct), "embedding texts") as advance:
        texts = Texts.of(distinct, encoder, progress=advance)
    setting, measured = Setting(dataset + STRICT * strict, "-", seed), []
    for kind in personas or (None,):
        scored = encoder_scores(
            records,
            encoder,
            folds=folds,
            seed=seed,
            fit_split=fit,
            test_split=split,
            fit_on=fit_on,
            kind=kind,  # type: ignore[arg-type]  # checked by _personas
            texts=texts,
            strict=strict,
            believer=believer,
            say=say,
        )
        measured.append(Measured(setting, tuple(scored)))
    return measured


def believer_of(annotator: Path | None, space: PreferenceSpace) -> BeliefScorer | None:
    """What reads directions for the encoder scorer; None where no annotator is given."""
    if annotator is None:
        return None
    from penchant.cli.infer import load
    from penchant.scorer.belief import BeliefScorer

    opened = load(annotator, space)
    return BeliefScorer(opened, opened.prior)


def _personas(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = (*PERSONAS, "behaviour", "all")
    if not names or not set(names) <= set(known):
        raise ConfigError(f"--personas {text}: known are {', '.join(known)}")
    return list(dict.fromkeys(names))
