"""`penchant VERB …`: registers the verbs and is the one place where errors become a sentence and an exit code."""

from __future__ import annotations

import sys

import typer

from penchant.cli import base, demo, evaluate, show, simulate, train
from penchant.errors import PenchantError

app = typer.Typer(
    name="penchant",
    help="Aligns language models to each person instead of to the average person.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("simulate")(simulate.command)
app.command("base")(base.command)
app.command("train")(train.command)
app.command("eval")(evaluate.command)
app.add_typer(show.app, name="show")
app.command("demo")(demo.command)


def main() -> None:
    """Entry point; a PenchantError is printed as one sentence and exits with 2, an interrupt with 130."""
    try:
        app()
    except PenchantError as error:
        sys.stderr.write(f"penchant: {error}\n")
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        sys.stderr.write("penchant: interrupted; what was complete is kept\n")
        raise SystemExit(130) from None
