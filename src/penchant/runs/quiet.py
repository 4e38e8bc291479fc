"""Hides the progress bars that libraries draw."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Hides the bars of transformers, and of datasets where it is loaded; a run reports through its Reporter.

    A warning of transformers about a property that TRL and PEFT read is hidden too: no user can act on it.
    """
    from transformers.utils import logging

    bars, data_bars = logging.is_progress_bar_enabled(), _data_bars()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    if data_bars:
        _switch_data_bars(on=False)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*", category=FutureWarning)
            yield
    finally:
        if bars:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
        if data_bars:
            _switch_data_bars(on=True)


def _data_bars() -> bool:
    """Whether datasets is loaded and draws bars; importing it takes a second."""
    if "datasets" not in sys.modules:
        return False
    from datasets.utils import are_progress_bars_disabled

    return not are_progress_bars_disabled()


def _switch_data_bars(*, on: bool) -> None:
    from datasets.utils import disable_progress_bars, enable_progress_bars

    if on:
        enable_progress_bars()
    else:
        disable_progress_bars()
