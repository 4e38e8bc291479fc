"""`penchant COMMAND …`: registers the commands, and turns errors into one sentence and an exit code."""

from __future__ import annotations

import atexit
import inspect
import signal
import sys
from importlib import metadata
from typing import Annotated

import typer
from typer.models import CommandInfo

from penchant.cli import (
    audit,
    base_model,
    build,
    crossval,
    data,
    demo,
    evaluate,
    export,
    fit,
    generate,
    infer,
    rank,
    show,
    simulate,
    task,
    train,
)
from penchant.cli.foreign_options import refuse_foreign_options
from penchant.cli.old_spellings import refuse_old_spelling
from penchant.cli.output import as_flags, print_anything
from penchant.cli.reading import reads_data
from penchant.errors import PenchantError

_INTERRUPTED = 130

app = typer.Typer(
    name="penchant",
    help="Train language models to answer as each person prefers.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def top(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Train language models to answer as each person prefers."""
    if version:
        sys.stdout.write(f"penchant {metadata.version('penchant')}\n")
        raise typer.Exit
    if context.invoked_subcommand is None:
        sys.stdout.write(context.get_help() + "\n")


app.command("data")(data.command)
app.command("build")(build.command)
app.command("simulate")(simulate.command)
app.command("base")(base_model.command)
app.add_typer(fit.app, name="fit")
app.command("infer")(reads_data(infer.command))
app.command("train")(reads_data(train.command))
app.command("export")(reads_data(export.command))
app.command("generate")(reads_data(generate.command))
app.command("rank")(reads_data(rank.command))
app.command("audit")(reads_data(audit.command))
app.command("task")(task.command)
app.add_typer(evaluate.app, name="eval")
app.add_typer(crossval.app, name="crossval")
app.add_typer(show.app, name="show")
app.command("demo")(demo.command)


def _kept(verb: list[str]) -> str:
    """What a stopped command leaves behind, and how to continue."""
    options = {name for group in app.registered_commands if [group.name] == verb for name in _options(group)}
    if "resume" in options:
        return "--resume goes on after its last whole checkpoint or shard, if there is one"
    return "files that were whole are kept, and none is half written"


def _options(command: CommandInfo) -> set[str]:
    return set(inspect.signature(command.callback).parameters) if command.callback is not None else set()


def main() -> None:
    """Entry point; an error is printed as one sentence and exits with 2, an interrupt with 130."""
    print_anything()
    try:
        refuse_old_spelling(sys.argv[1:])
        refuse_foreign_options(typer.main.get_command(app), sys.argv[1:])
        app(prog_name="penchant")
    except PenchantError as error:
        # a message may quote that of another library, over several lines
        sys.stderr.write(f"penchant: {as_flags(' '.join(str(error).split()))}\n")
        raise SystemExit(2) from None
    except OSError as error:
        where = error.filename or "a file"
        sys.stderr.write(f"penchant: cannot use {where}: {error.strerror}; check the path, permissions and space\n")
        raise SystemExit(2) from None
    except UnicodeEncodeError as error:
        sys.stderr.write(
            f"penchant: the character {error.object[error.start : error.start + 1]!a} cannot be used in the encoding "
            f"{error.encoding} of this terminal; set PYTHONUTF8=1 and run the command again\n"
        )
        raise SystemExit(2) from None
    except SystemExit as ended:
        # typer turns an interrupt into this code before it gets here
        if ended.code == _INTERRUPTED:
            sys.stderr.write(f"penchant: interrupted; {_kept(sys.argv[1:2])}\n")
        raise
    finally:
        # output is done: Ctrl-C during shutdown exits quietly
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_DFL)
