"""`penchant train`: aligns a model to people by ICA or PBA."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.data import RejectedOption, read, space_for
from penchant.cli.output import as_json, bar, result, say, write_whole
from penchant.cli.simulate import SetOption
from penchant.config import Recipe, TrainSection, load_recipe
from penchant.errors import ConfigError


def command(
    data: Annotated[Path, typer.Option(help="Shards, Parquet or JSONL with the training records.")],
    method: Annotated[str, typer.Option(help="ica or pba.")],
    out: Annotated[Path, typer.Option(help="Folder for the aligned model.")],
    recipe: Annotated[
        Path | None, typer.Option("--recipe", help="Recipe YAML; default recipes/demo.yaml, required with --model.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Base: folder or Hub id; default from the recipe.")] = None,
    space: Annotated[
        str | None, typer.Option(help="Space name or .toml; default: beside the data, else alignx90.")
    ] = None,
    rejected: RejectedOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last whole checkpoint.")] = False,
    overrides: SetOption = [],  # noqa: B006 - typer reads the default, nothing changes it
    json: Annotated[bool, typer.Option("--json", help="Summary as one JSON line.")] = False,
) -> None:
    """Aligns a base model to people by DPO; the base is also the reference."""
    if model is not None and recipe is None:
        raise ConfigError(
            f"--model {model} needs a recipe of its own, as the demo's learning rate would ruin a pretrained model; "
            "add --recipe recipes/hub.yaml"
        )
    settings = load_recipe(recipe or Path("recipes/demo.yaml"), overrides)
    if model is not None:
        settings = settings.model_copy(update={"base": model})
    summary = run(settings, method, data, out, space=space, rejected=rejected, resume=resume)
    result(as_json(summary) if json else "\n".join(f"{key}: {value}" for key, value in summary.items()))


def run(
    recipe: Recipe,
    method: str,
    data: Path,
    out: Path,
    *,
    space: str | None = None,
    rejected: Path | None = None,
    resume: bool = False,
) -> dict[str, object]:
    """Trains one method; returns what was trained."""
    from penchant.method import METHODS
    from penchant.model.card import aligned_card
    from penchant.model.local import load_tokenizer
    from penchant.train.run import align
    from penchant.train.trees import Grove, people, refuse_unusable

    sections: dict[str, TrainSection] = {"ica": recipe.ica, "pba": recipe.pba}
    if method not in sections:
        raise ConfigError(f"--method {method}: only {' and '.join(sections)} are trained")
    section = sections[method]
    where = space_for(data, space)
    records = read(data, where, rejected=rejected)
    tokenizer = load_tokenizer(recipe.base)
    grove = Grove(
        people=people(records),
        space=where,
        method=METHODS[method],
        tokenizer=tokenizer,
        layout=recipe.layout,
        seed=recipe.seed,
        pairs_per_person=section.pairs_per_user,
        max_prompt_tokens=section.max_prompt_tokens,
        golden_share=section.golden_share if method == "pba" else 0.0,
    )
    with bar(len(grove.people), f"{method}: checking rows") as advance:
        refuse_unusable(grove, progress=advance)
    say(f"{method}: aligning {recipe.base} to {len(grove.people)} people, {len(records)} pairs")
    trained = align(grove, section, base=recipe.base, folder=out, resume=resume)
    write_whole(out / "README.md", aligned_card(recipe, method, section, trained.curve, records))
    return {
        "method": method,
        "model": str(out),
        "people": len(grove.people),
        "records": len(records),
        "rows": trained.rows,
        "pairs": trained.pairs,
        "loss": trained.curve[-1]["loss"],
    }
