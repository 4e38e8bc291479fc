"""`penchant simulate`: a forum of simulated people as shards."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.data import recipe_space
from penchant.cli.output import as_json, result, say, write_whole
from penchant.config import Recipe, load_recipe
from penchant.errors import ConfigError
from penchant.space import SPACE_FILE

RecipeOption = Annotated[Path, typer.Option("--recipe", help="Recipe YAML.")]
SetOption = Annotated[list[str], typer.Option("--set", help="Override: section.key=value; repeatable.")]


def command(
    recipe: RecipeOption = Path("recipes/demo.yaml"),
    out: Annotated[Path, typer.Option(help="Folder for train/, test/ and space.toml.")] = Path("out/forum"),
    overrides: SetOption = [],  # noqa: B006 - typer reads the default, nothing changes it
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a forum in --out.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Counts and limits as one JSON line.")] = False,
) -> None:
    """Simulates a forum: people with known preferences who post, comment, choose and describe themselves."""
    settings = load_recipe(recipe, overrides)
    if (out / SPACE_FILE).exists() and not overwrite:
        raise ConfigError(f"{out} holds a forum already; give another --out, or add --overwrite")
    counts = run(settings, out)
    result(as_json(counts) if json else "\n".join(f"{key}: {value}" for key, value in counts.items()))


def run(recipe: Recipe, out: Path) -> dict[str, object]:
    """Writes the forum's shards; returns counts and the limits of what can be known (all of it simulated)."""
    from penchant.forum.population import ForumSettings
    from penchant.forum.simulate import simulate
    from penchant.shards import parquet

    space = recipe_space(recipe)
    settings = ForumSettings(**recipe.forum.model_dump(), seed=recipe.seed)
    say(f"simulating a forum over {len(space)} dimensions (people, posts and choices are invented by a program)")
    forum = simulate(space, settings)
    write_whole(out / SPACE_FILE, space.as_toml())
    counts: dict[str, object] = {"simulated": True, "space": space.name, "settings": asdict(settings)}
    for split in ("train", "test"):
        records = forum.split(split)
        parquet.write(records, out / split, space=space, seed=recipe.seed, simulated=True, overwrite=True)
        counts[split] = {"records": len(records), "users": len({record.user_id for record in records})}
    counts["golden ceiling"] = round(1 - settings.noise, 4)
    return counts
