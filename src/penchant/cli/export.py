"""`penchant export`: rendered preference pairs that `trl dpo --config` takes as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.data import RejectedOption, SpaceOption
from penchant.cli.output import as_json, bar, result, write_whole
from penchant.cli.simulate import SetOption
from penchant.cli.train import planted, section_of
from penchant.config import load_recipe
from penchant.errors import ConfigError

ROWS = "train.jsonl"
CONFIG = "dpo.yaml"


def command(
    data: Annotated[Path, typer.Option(help="Shards, Parquet or JSONL with the training records.")],
    method: Annotated[str, typer.Option(help="ica or pba: what of the person stands in the prompt.")],
    out: Annotated[Path, typer.Option(help=f"Folder for {ROWS} and {CONFIG}.")],
    recipe: Annotated[Path, typer.Option("--recipe", help="Recipe YAML.")] = Path("recipes/demo.yaml"),
    rounds: Annotated[int, typer.Option(min=1, help="Fresh draws of each person's evidence.")] = 1,
    model: Annotated[str | None, typer.Option(help="Base: folder or Hub id; default from the recipe.")] = None,
    space: SpaceOption = None,
    rejected: RejectedOption = None,
    overrides: SetOption = [],  # noqa: B006 - typer reads the default, nothing changes it
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier export in --out.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Counts as one JSON line.")] = False,
) -> None:
    """Writes conversations with a chosen and a rejected answer, as a method shows them, and a config for TRL.

    The rows are those that `penchant train` draws, round for round. Steps and batches are TRL's to set: its rows are
    pairs, ours people.
    """
    import torch

    from penchant.train.run import passed_on
    from penchant.train.trees import refuse_unusable

    if (out / CONFIG).exists() and not overwrite:
        raise ConfigError(f"{out / CONFIG} is there already; give another --out, or add --overwrite")
    settings = load_recipe(recipe, overrides)
    if model is not None:
        settings = settings.model_copy(update={"base": model})
    section = section_of(settings, method)
    grove, records = planted(settings, method, data, space=space, rejected=rejected)
    lines: list[str] = []
    with bar(len(grove.people) * rounds, f"{method}: rendering") as advance:
        refuse_unusable(grove)
        for row in grove.rows(len(grove.people) * rounds):
            lines.extend(as_json(pair) for pair in grove.conversations(row))
            advance(1)
    # TRL would cut or drop what is longer than max_length; the budget of the recipe has been kept already
    base = Path(settings.base)
    config = {
        "model_name_or_path": str(base.resolve()) if base.is_dir() else settings.base,
        "dataset_name": str(out.resolve()),
        "dataset_train_split": "train",
        "output_dir": str(out.resolve() / "model"),
        "max_length": None,
        "beta": section.beta,
        "learning_rate": section.learning_rate,
        "loss_type": section.loss_type,
        "seed": settings.seed,
    }
    config |= passed_on(section.trl, config)
    if not torch.cuda.is_available():
        # TRL takes for granted that there is a GPU
        config |= {"use_cpu": True, "bf16": False}
    write_whole(out / ROWS, "\n".join(lines) + "\n")
    write_whole(out / CONFIG, "".join(f"{key}: {as_json(value)}\n" for key, value in config.items()))
    counts = {"method": method, "people": len(grove.people), "records": len(records), "rows": len(lines)}
    counts |= {"file": str(out / ROWS), "config": str(out / CONFIG)}
    result(as_json(counts) if json else "\n".join(f"{key}: {value}" for key, value in counts.items()))
