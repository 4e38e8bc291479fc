"""Writes preference pairs with rendered prompts, and a config file; `trl dpo --config` accepts both unchanged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from penchant.config import Recipe, TrainSection
from penchant.errors import ConfigError
from penchant.model.smollm2 import located
from penchant.reporter import QUIET, Reporter
from penchant.runs.data import Data
from penchant.runs.recipe import recipe_for
from penchant.runs.train import read_training_set, report_usable, section_of
from penchant.shards.atomic import write_text

ROWS = "train.jsonl"
CONFIG = "dpo.yaml"


def export(
    *,
    data: Path | Data,
    method: str,
    recipe: str | Path | None,
    out: Path,
    rounds: int = 1,
    model: str | None = None,
    template: str | None = None,
    space: str | None = None,
    rejected: Path | None = None,
    overwrite: bool = False,
    overrides: Sequence[str] = (),
    reporter: Reporter = QUIET,
) -> dict[str, object]:
    """Writes conversations with a chosen and a rejected answer, as the method renders them, and a config for TRL.

    The rows are those that `runs.train` draws, round for round. Steps and batches are left to TRL: its rows are pairs,
    those of `runs.train` are people.

    Args:
        data: the training records.
        rounds: how often the evidence of each person is drawn.
        model: folder or Hub id of the base, in place of the recipe's.
        template: chat template in place of the base's own; prompts are made to suit it.
        rejected: receives the rows left out.
    Returns:
        Method, counts of people, records and rows, and the paths of both files.
    Raises:
        ConfigError: a method that is not trained, or `out` holds an export that is not to be replaced.
        TrainingError: a record cannot be rendered.
    """
    from penchant.train.run import checked_trl_keys
    from penchant.train.usable import usable

    if (out / CONFIG).exists() and not overwrite:
        raise ConfigError(f"{out / CONFIG} exists already; give another `out`, or set `overwrite`")
    settings = recipe_for(recipe, overrides, model=model, template=template)
    section = section_of(settings, method)
    people, _ = read_training_set(settings, method, data, space=space, rejected=rejected, reporter=reporter)
    lines: list[str] = []
    checked = usable(people)
    report_usable(checked, reporter=reporter)
    people = checked.training_set
    count = len(people.people) * rounds
    with reporter.bar(count, f"{method}: rendering") as advance:
        for row in people.rows(count):
            lines.extend(_line(pair) for pair in people.conversations(row))
            advance(1)
    config = _config(settings, section, out)
    config |= checked_trl_keys(section.trl, config)
    config |= _without_gpu()
    write_text(out / ROWS, "\n".join(lines) + "\n")
    write_text(out / CONFIG, "".join(f"{key}: {_line(value)}\n" for key, value in config.items()))
    counts: dict[str, object] = {"method": method, "people": len(people.people)}
    counts["records"] = sum(map(len, people.people))
    return {**counts, "rows": len(lines), "file": str(out / ROWS), "config": str(out / CONFIG)}


def _config(recipe: Recipe, section: TrainSection, out: Path) -> dict[str, Any]:
    base = Path(located(recipe.base))
    return {
        "model_name_or_path": str(base.resolve()) if base.is_dir() else recipe.base,
        "dataset_name": str(out.resolve()),
        "dataset_train_split": "train",
        "output_dir": str(out.resolve() / "model"),
        # TRL would cut or drop longer rows; the recipe's budget has been kept already
        "max_length": None,
        "beta": section.beta,
        "learning_rate": section.learning_rate,
        "loss_type": section.loss_type,
        "seed": recipe.seed,
    }


def _without_gpu() -> dict[str, Any]:
    """Keys for a machine without a GPU, as TRL takes one for granted."""
    import torch

    return {} if torch.cuda.is_available() else {"use_cpu": True, "bf16": False}


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
