"""`penchant simulate`: writes a forum of simulated people as shards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.options import JsonOption, OverwriteOption, set_option
from penchant.cli.output import CONSOLE, tell
from penchant.runs.simulate import simulate


def command(
    recipe: Annotated[str | None, typer.Option(help="demo, forum90, or a YAML file.  [required]")] = None,
    out: Annotated[Path, typer.Option(help="Folder for train/, test/ and space.toml.")] = Path("out/forum"),
    overrides: Annotated[list[str], set_option("forum.train_users=500")] = [],  # noqa: B006 - typer only reads it
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Simulate people in a forum.

    They have known preferences, and post, comment, choose and describe themselves.
    """
    tell(simulate(recipe=recipe, out=out, overwrite=overwrite, overrides=overrides, reporter=CONSOLE), json=json)
