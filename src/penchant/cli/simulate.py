"""`penchant simulate`: a forum of simulated people as shards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.options import JsonOption, NeededRecipeOption, OverwriteOption, SetOption
from penchant.cli.output import CONSOLE, tell
from penchant.runs.simulate import simulate


def command(
    recipe: NeededRecipeOption = None,
    out: Annotated[Path, typer.Option(help="Folder for train/, test/ and space.toml.")] = Path("out/forum"),
    overrides: SetOption = [],  # noqa: B006 - typer reads the default, nothing changes it
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Simulate people in a forum.

    They have known preferences, and post, comment, choose and describe themselves.
    """
    tell(simulate(recipe=recipe, out=out, overwrite=overwrite, overrides=overrides, reporter=CONSOLE), json=json)
