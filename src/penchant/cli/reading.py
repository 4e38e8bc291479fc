"""Options that say how `--data` is read, the same for every command: columns, history from rows, further evidence."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from penchant.cli import options as shared
from penchant.runs.data import Data

READING: dict[str, Any] = {
    "columns": shared.ColumnsOption,
    "history": shared.HistoryOption,
    "evidence": shared.EvidenceOption,
}
"""Name of the option -> its type; each is None when it is not given."""


def data_of(data: Path | None, options: dict[str, Any]) -> Path | Data | None:
    """The data as it is to be read; takes the options of READING out of `options`."""
    stated = {name: options.pop(name, None) for name in READING}
    if data is None or not any(value is not None for value in stated.values()):
        return data
    return Data(data, **stated)


def reads_data(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the options of READING after `data`; the command itself gets them as one `Data`."""

    @functools.wraps(command)
    def run(*args: Any, data: Path, **options: Any) -> None:
        command(*args, data=data_of(data, options), **options)

    signature = inspect.signature(command, eval_str=True)
    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in signature.parameters.values()]
    place = next(index for index, one in enumerate(parameters) if one.name == "data") + 1
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in READING.items()
    ]
    run.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*parameters[:place], *more, *parameters[place:]], return_annotation=None
    )
    return run
