"""Loads the recipe of a run, with overrides applied."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from penchant.config import Recipe, TrainSection, load_recipe, shipped_recipes
from penchant.errors import ConfigError


def recipe_for(
    source: str | Path | None,
    overrides: Sequence[str] = (),
    *,
    model: str | None = None,
    template: str | None = None,
    lora: bool = False,
) -> Recipe:
    """A recipe with overrides.

    Args:
        source: the name of a shipped recipe, or the path of a YAML file.
        overrides: `section.key=value`.
        model: folder or Hub id of the base, in place of the recipe's.
        template: chat template in place of the base's own.
        lora: train LoRA adapters instead of all weights.
    Raises:
        ConfigError: no recipe is named, or it cannot be used (see `config.load_recipe`).
    """
    if not source:
        raise ConfigError(
            "`recipe` is missing: take hub for a pretrained model, as another model's learning rate would ruin it, "
            f"or demo for the simulated forum; there are {', '.join(shipped_recipes())}, or give a YAML file"
        )
    recipe = load_recipe(source, overrides)
    if model is not None:
        recipe = recipe.model_copy(update={"base": model})
    if template is not None:
        recipe = recipe.model_copy(update={"template": template})
    if lora:
        recipe = recipe.model_copy(update={name: _as_adapter(recipe, name, overrides) for name in ("ica", "pba")})
    return recipe


def _as_adapter(recipe: Recipe, name: str, overrides: Sequence[str]) -> TrainSection:
    """The settings of one method for a LoRA adapter, at its own learning rate unless an override names one."""
    section: TrainSection = getattr(recipe, name)
    changes: dict[str, object] = {"use_peft": True}
    if not any(override.startswith(f"{name}.learning_rate=") for override in overrides):
        changes["learning_rate"] = section.lora_learning_rate
    return section.model_copy(update=changes)
