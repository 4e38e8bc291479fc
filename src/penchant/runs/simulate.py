"""Simulates a forum and writes its records as shards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from penchant.config import Recipe
from penchant.errors import ConfigError
from penchant.reporter import QUIET, Reporter
from penchant.runs.data import recipe_space
from penchant.runs.recipe import recipe_for
from penchant.shards.atomic import write_text
from penchant.space import SPACE_FILE


def simulate(
    *,
    recipe: str | Path | None,
    out: Path,
    overwrite: bool = False,
    overrides: Sequence[str] = (),
    reporter: Reporter = QUIET,
) -> dict[str, object]:
    """Simulates the forum of a recipe; see `write_forum`.

    Raises:
        ConfigError: settings that cannot be used, or `out` holds a forum that is not to be replaced.
    """
    settings = recipe_for(recipe, overrides)
    if (out / SPACE_FILE).exists() and not overwrite:
        raise ConfigError(f"{out} holds a forum already; give another `out`, or set `overwrite`")
    return write_forum(settings, out, reporter=reporter)


def write_forum(recipe: Recipe, out: Path, *, reporter: Reporter = QUIET) -> dict[str, object]:
    """Writes the forum's shards to `train/` and `test/`, and its space to `space.toml`.

    Returns:
        Counts of records and users, and the limits of what can be known; everything is simulated.
    """
    from penchant.forum.population import ForumSettings
    from penchant.forum.simulate import simulate as simulated
    from penchant.shards import parquet

    space = recipe_space(recipe)
    settings = ForumSettings(**recipe.forum.model_dump(), seed=recipe.seed)
    reporter.note(
        f"simulating a forum over {len(space)} dimensions (people, posts and choices are invented by a program)"
    )
    forum = simulated(space, settings)
    write_text(out / SPACE_FILE, space.as_toml())
    counts: dict[str, object] = {"simulated": True, "space": space.name, "settings": asdict(settings)}
    for split in ("train", "test"):
        records = forum.split(split)
        parquet.write(records, out / split, space=space, seed=recipe.seed, simulated=True, overwrite=True)
        counts[split] = {"records": len(records), "users": len({record.user_id for record in records})}
    counts["golden ceiling"] = round(1 - settings.noise, 4)
    return counts
