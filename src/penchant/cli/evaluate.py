"""`penchant eval`: alignment accuracy on records, for aligned models or for the encoder scorer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli import learned, suites
from penchant.cli.aligned import METHODS, Aligned
from penchant.cli.data import DirectionsOption, RejectedOption, SpaceOption, directed, read, space_for
from penchant.cli.infer import AnnotatorOption, NeutralOption
from penchant.cli.language import JudgeOption, SummariesOption
from penchant.cli.output import again, given, say
from penchant.cli.tables import show
from penchant.errors import ConfigError
from penchant.record import Record
from penchant.render import LAYOUTS

if TYPE_CHECKING:
    from penchant.eval.measured import Measured
    from penchant.scorer.base import Fitter
    from penchant.scorer.belief import BeliefScorer

PERSONAS = ("ugc", "pair", "demo", "mixed")
IMPLICIT = {"reference", *METHODS, "layout", "max_prompt_tokens", "draws", "summaries", "neutral"}
"""Options that only aligned models are measured with."""
ENCODER = {"folds", "fit", "fit_data", "strict", "cache", "baselines"}
"""Options that only the encoder scorer is measured with."""
SCORERS = ("implicit", "encoder")
PersonasOption = Annotated[
    str | None,
    typer.Option(help=f"Settings, comma-separated; default: {','.join(PERSONAS)}; encoder: all there is."),
]
OutOption = Annotated[
    Path | None, typer.Option(help="Folder for report.html, results.json and results.jsonl of --suite all.")
]
DrawsOption = Annotated[
    int, typer.Option(min=0, help="pba: also average over so many directions drawn from each belief (pba_drawn).")
]
BaselinesOption = Annotated[
    str | None,
    typer.Option(
        help="encoder: fit vpl, lore beside it, comma-separated. --suite all, cost: folders of fitted scorers."
    ),
]
FitDataOption = Annotated[
    Path | None,
    typer.Option(help="encoder: other records to fit on, instead of folds; novel, all: what models were aligned on."),
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="all: replace an earlier report in --out.")]
RecipeOption = Annotated[
    Path | None, typer.Option(help="novel: how models adapt to examples; default: recipes/adapt.yaml.")
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
    fit_data: FitDataOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="encoder: no answer text in both fit and test.")] = False,
    cache: Annotated[Path | None, typer.Option(help="encoder: folder that keeps embeddings for later runs.")] = None,
    baselines: BaselinesOption = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many records.")] = None,
    space: SpaceOption = None,
    directions: DirectionsOption = "given",
    annotator: AnnotatorOption = None,
    neutral: NeutralOption = False,
    draws: DrawsOption = 0,
    summaries: SummariesOption = None,
    judge: JudgeOption = None,
    out: OutOption = None,
    overwrite: OverwriteOption = False,
    recipe: RecipeOption = None,
    suite: Annotated[str | None, typer.Option(help="Another table: " + ", ".join(suites.SUITES) + ".")] = None,
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
    aligned = None
    if reference is not None:
        policies = _policies(ica, pba, universal)
        beside = learned.folders(baselines) if suite is not None else ()
        aligned = Aligned(
            *(reference, policies, layout, max_prompt_tokens, annotator, draws, summaries, seed, neutral, beside)
        )
        aligned.require()
    asked = suites.Asked(again(context), seed, json, annotator, judge, out, fit_data, recipe, overwrite)
    if suite is not None:
        suites.require(suite, aligned, asked)
    where = space_for(data, space, directions=directions)
    records = read(data, where, split=split if fit is None else None, limit=limit, rejected=rejected)
    records = _of(attribute, _unstated(directed(records, directions), annotator), data)
    if suite is not None:
        suites.run(suite, records, where, data.stem, aligned, asked)
        return
    if aligned is None:
        measured = encoder_measured(
            records,
            data.stem,
            folds=folds,
            seed=seed,
            fit=fit,
            split=split,
            # its rejected rows would take the place of those of --data
            fit_on=read(fit_data, where) if fit_data is not None else [],
            personas=shown,
            strict=strict,
            cache=cache,
            believer=learned.believer_of(annotator, where),
            baselines=_baselines(baselines),
        )
    else:
        measured = [aligned.measured(records, where, data.stem, shown)]
    show(measured, json=json, seconds={"evaluate": perf_counter() - started}, seed=seed)


def _policies(ica: str | None, pba: str | None, universal: str | None) -> dict[str, str]:
    named = {"ica": ica, "pba" if pba is None else _bridge(pba): pba, "universal": universal}
    return {method: folder for method, folder in named.items() if folder is not None}


def _unstated(records: list[Record], annotator: Path | None) -> list[Record]:
    """The records without the profiles that they state, where somebody reads evidence: a profile would outrank it."""
    stated = sum(record.profile is not None for record in records)
    if annotator is None or not stated:
        return records
    say(f"the profiles that {stated:,} records state are left aside: directions are what --annotator reads")
    return [replace(record, profile=None) for record in records]


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
    if suite is not None and suite not in suites.SUITES:
        raise ConfigError(f"--suite {suite}: known are {', '.join(suites.SUITES)}")
    mode = suite or scorer
    models = ENCODER | {"scorer", "personas", "draws", "summaries"} | ({"neutral"} if suite == "bias" else set())
    unread = {"implicit": ENCODER, "encoder": IMPLICIT, "infer": models | IMPLICIT}.get(mode, models)
    own = {
        "judge": {"judge"},
        "all": {"out", "overwrite", "fit_data", "baselines"},
        "novel": {"recipe", "fit_data"},
        "cost": {"baselines"},
    }.get(mode, set())
    unread = (unread | {"judge", "out", "overwrite", "recipe"}) - own
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
    from penchant.method import METHODS
    from penchant.model.card import tags

    return next(iter(sorted(tags(Path(folder)) & {name for name, method in METHODS.items() if method.bridged})), "pba")


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
    baselines: Sequence[Fitter] = (),
) -> list[Measured]:
    """Margins of the encoder scorer, its controls and learned baselines, over folds or fitted elsewhere; by persona."""
    from penchant.encoder.cached import CachedEncoder
    from penchant.encoder.sentence import load_encoder
    from penchant.eval.folds import STRICT, encoder_scores
    from penchant.eval.measured import Measured
    from penchant.eval.score import Setting

    encoder = load_encoder() if cache is None else CachedEncoder(load_encoder(), cache)
    all_records = [*fit_on, *records]
    texts = learned.embedded(all_records, [record.persona for record in all_records], encoder)
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
            baselines=baselines,
            say=say,
        )
        measured.append(Measured(setting, tuple(scored)))
    return measured


def _baselines(text: str | None) -> list[Fitter]:
    if text is None:
        return []
    from penchant.fit import BASELINES

    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or not set(names) <= set(BASELINES):
        raise ConfigError(f"--baselines {text}: known are {', '.join(BASELINES)}")
    return [BASELINES[name] for name in dict.fromkeys(names)]


def _personas(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = (*PERSONAS, "behaviour", "all")
    if not names or not set(names) <= set(known):
        raise ConfigError(f"--personas {text}: known are {', '.join(known)}")
    return list(dict.fromkeys(names))
