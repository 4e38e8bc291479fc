"""`penchant train`: aligns a model to people by ICA or PBA, or to all of them at once; fits learned scorers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli import learned
from penchant.cli.data import RejectedOption, SpaceOption, directed, read, space_for
from penchant.cli.language import SummariesOption, summaries_of
from penchant.cli.output import as_json, bar, given, result, say, write_whole
from penchant.cli.simulate import SetOption
from penchant.config import Recipe, TrainSection, load_recipe
from penchant.errors import ConfigError

if TYPE_CHECKING:
    from penchant.record import Record
    from penchant.space import PreferenceSpace
    from penchant.train.trees import Grove


ReaderOption = Annotated[
    Path | None, typer.Option(help="encoder: reads directions, which it then weighs too; a folder or a recipe.")
]
CacheOption = Annotated[
    Path | None, typer.Option(help="vpl, lore, encoder: folder that keeps embeddings for later runs.")
]


def command(
    context: typer.Context,
    data: Annotated[Path, typer.Option(help="Shards, Parquet or JSONL with the training records.")],
    method: Annotated[
        str,
        typer.Option(
            help="ica, pba, pba_summary and pba_both (directions in words), or universal (nobody's). "
            "Without a base, over a sentence encoder: vpl, lore, encoder."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the aligned model, or for the scorer.")],
    recipe: Annotated[
        Path | None, typer.Option("--recipe", help="Recipe YAML; default recipes/demo.yaml, required with --model.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Base: folder or Hub id; default from the recipe.")] = None,
    space: SpaceOption = None,
    rejected: RejectedOption = None,
    ratings: Annotated[
        bool, typer.Option("--ratings", help="Train on the personas' single thumbs by KTO, instead of on pairs.")
    ] = False,
    lora: Annotated[bool, typer.Option("--lora", help="Train a LoRA adapter instead of all weights.")] = False,
    reference_cache: Annotated[
        Path | None, typer.Option(help="Keeps the base's log-probabilities for later runs; default: beside --out.")
    ] = None,
    summaries: SummariesOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last whole checkpoint.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a model or stopped run in --out.")] = False,
    overrides: SetOption = [],  # noqa: B006 - typer reads the default, nothing changes it
    annotator: ReaderOption = None,
    seed: Annotated[int, typer.Option(help="vpl, lore: of the weights and the people held out.")] = 0,
    cache: CacheOption = None,
    json: Annotated[bool, typer.Option("--json", help="Summary as one JSON line.")] = False,
) -> None:
    """Aligns a base model to people by DPO; the base is also the reference. Or fits a learned scorer."""
    if method in learned.LEARNED:
        learned.refuse_unread(method, given(context))
        where = (method, data, out)
        more = learned.More(space, rejected, seed, cache, annotator, overwrite)
        _tell(learned.fit(*where, more), json=json)
        return
    for name in sorted(learned.OPTIONS & given(context)):
        instead = f"its seed is the recipe's: --set seed={seed}" if name == "seed" else "leave it out"
        raise ConfigError(f"--{name} is not read when {method} is trained; {instead}")
    if model is not None and recipe is None:
        raise ConfigError(
            f"--model {model} needs a recipe of its own, as the demo's learning rate would ruin a pretrained model; "
            "add --recipe recipes/hub.yaml"
        )
    settings = load_recipe(recipe or Path("recipes/demo.yaml"), overrides)
    if model is not None:
        settings = settings.model_copy(update={"base": model})
    if lora:
        sections = {name: getattr(settings, name).model_copy(update={"use_peft": True}) for name in ("ica", "pba")}
        settings = settings.model_copy(update=sections)
    learned.refuse_scorer(out)
    if not (resume or overwrite):
        _refuse_begun(out)
    if resume and not _begun(out):
        say(f"nothing to go on with in {out}: starting anew")
    if summaries is not None and method not in ("pba_summary", "pba_both"):
        raise ConfigError(f"--summaries: {method} shows none; give --method pba_summary or pba_both")
    if ratings:
        if resume or reference_cache is not None or summaries is not None:
            raise ConfigError("--ratings takes no --resume, --reference-cache or --summaries; leave them out")
        _tell(run_ratings(settings, method, data, out, space=space, rejected=rejected), json=json)
        return
    summary = run(
        settings,
        method,
        data,
        out,
        space=space,
        rejected=rejected,
        resume=resume,
        reference_cache=reference_cache,
        summaries=summaries,
    )
    if summary is not None:
        _tell(summary, json=json)


def _tell(found: dict[str, object], *, json: bool) -> None:
    result(as_json(found) if json else "\n".join(f"{key}: {value}" for key, value in found.items()))


def run(
    recipe: Recipe,
    method: str,
    data: Path,
    out: Path,
    *,
    space: str | None = None,
    rejected: Path | None = None,
    resume: bool = False,
    reference_cache: Path | None = None,
    summaries: Path | None = None,
) -> dict[str, object] | None:
    """Trains one method; returns what was trained, or None in a process that another one speaks for."""
    from penchant.model.local import require_safetensors

    section_of(recipe, method)
    if Path(recipe.base).is_dir():  # before any row is read
        require_safetensors(Path(recipe.base))
    grove, records = planted(recipe, method, data, space=space, rejected=rejected)
    return aligned_to(
        recipe, method, records, grove.space, out, resume=resume, reference_cache=reference_cache, summaries=summaries
    )


def aligned_to(
    recipe: Recipe,
    method: str,
    records: Sequence[Record],
    space: PreferenceSpace,
    out: Path,
    *,
    resume: bool = False,
    reference_cache: Path | None = None,
    summaries: Path | None = None,
) -> dict[str, object] | None:
    """As `run`, for records that have been read."""
    from penchant.model.card import aligned_card
    from penchant.train.run import align
    from penchant.train.trees import refuse_unusable

    section = section_of(recipe, method)
    grove = grove_of(recipe, method, records, space)
    if summaries is not None:
        rows = grove.rows(section.max_steps * section.users_per_step)
        grove = replace(grove, summary=summaries_of(summaries, (grove.person(row).persona for row in rows)))
    with bar(len(grove.people), f"{method}: checking rows") as advance:
        bare = refuse_unusable(grove, progress=advance)
    if bare and grove.method.content != "none":
        say(f"{bare} of {len(grove.people)} people have no evidence: they are trained on the bare prompt")
    say(f"{method}: aligning {recipe.base} to {len(grove.people)} people, {len(records)} pairs")
    cache = reference_cache or out.parent / "reference"
    trained = align(grove, section, base=recipe.base, folder=out, resume=resume, reference_cache=cache)
    if not trained.speaks:
        return None
    write_whole(out / "README.md", aligned_card(recipe, method, section, trained.curve, records))
    return {
        "method": method,
        "model": str(out),
        "people": len(grove.people),
        "records": len(records),
        "rows": trained.rows,
        "pairs": trained.pairs,
        "rows_in_parts": trained.split,
        "loss": trained.curve[-1]["loss"],
    }


def _refuse_begun(out: Path) -> None:
    from penchant.model.card import finished

    if (weights := finished(out)) is not None:
        raise ConfigError(f"{weights} is a finished model; give another --out, or add --overwrite")
    if _begun(out):
        raise ConfigError(f"{out} holds a run that was stopped; go on with --resume, or add --overwrite to start anew")


def _begun(out: Path) -> bool:
    from penchant.train.started import last_checkpoint

    return last_checkpoint(out / "checkpoints") is not None


def run_ratings(
    recipe: Recipe, method: str, data: Path, out: Path, *, space: str | None, rejected: Path | None
) -> dict[str, object]:
    """Trains one method on single ratings; returns what was trained."""
    from penchant.model.card import aligned_card
    from penchant.train.ratings import align_to_ratings

    section = section_of(recipe, method)
    grove, records = planted(recipe, method, data, space=space, rejected=rejected)
    trained = align_to_ratings(grove, section, base=recipe.base, folder=out)
    card = aligned_card(recipe, method, section, trained.curve, records, ratings=trained.rows)
    write_whole(out / "README.md", card)
    return {"method": method, "model": str(out), "people": len(grove.people), "ratings": trained.rows}


def section_of(recipe: Recipe, method: str) -> TrainSection:
    """The settings of one method; ConfigError when it is not trained."""
    from penchant.method import METHODS

    sections: dict[str, TrainSection] = {
        "ica": recipe.ica,
        **{name: recipe.pba for name, method in METHODS.items() if method.bridged},
        "universal": recipe.ica,
    }
    if method not in sections:
        fitted = ", ".join(learned.LEARNED)
        raise ConfigError(
            f"--method {method}: only {', '.join(sections)} are trained; penchant train also fits {fitted}, no models"
        )
    return sections[method]


def planted(
    recipe: Recipe, method: str, data: Path, *, space: str | None, rejected: Path | None
) -> tuple[Grove, list[Record]]:
    """People of a file, ready to be trained on or exported, and their records."""
    where = space_for(data, space, directions=recipe.directions)
    records = directed(read(data, where, rejected=rejected), recipe.directions)
    return grove_of(recipe, method, records, where), records


def grove_of(recipe: Recipe, method: str, records: Sequence[Record], space: PreferenceSpace) -> Grove:
    """The people of some records, ready to be trained on."""
    from penchant.method import METHODS
    from penchant.model.local import load_tokenizer
    from penchant.render import BRIDGES
    from penchant.train.trees import Grove, people

    section = section_of(recipe, method)
    return Grove(
        people=people(records),
        space=space,
        method=METHODS[method],
        tokenizer=load_tokenizer(recipe.base),
        layout=recipe.layout,
        seed=recipe.seed,
        pairs_per_person=section.pairs_per_user,
        max_prompt_tokens=section.max_prompt_tokens,
        max_tree_tokens=section.max_tree_tokens,
        golden_share=section.golden_share if METHODS[method].content in BRIDGES else 0.0,
    )
