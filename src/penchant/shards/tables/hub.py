"""Reads data sets of the Hugging Face Hub as numbered rows: `hub:OWNER/NAME@REVISION#CONFIG/SPLIT`.

Revision, configuration and split are optional. Without a split every row names its own.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from penchant.errors import ConfigError, DataError
from penchant.shards.base import SourceRow

PREFIX = "hub:"
_NAME = re.compile(
    r"hub:(?P<name>[\w.-]{1,96}(?:/[\w.-]{1,96})?)(?:@(?P<revision>[\w./-]{1,200}))?"
    r"(?:#(?P<config>[\w. +-]{1,200})?(?:/(?P<split>[\w.]{1,200}))?)?"
)
_SHAPE = "write hub:OWNER/NAME, hub:OWNER/NAME@REVISION or hub:OWNER/NAME@REVISION#CONFIG/SPLIT"
_SECONDS = 10.0
_LOUD = ("datasets", "huggingface_hub", "urllib3", "httpx", "filelock", "fsspec")


@dataclass(frozen=True, slots=True)
class HubName:
    """A data set of the Hub."""

    name: str
    revision: str | None = None
    config: str | None = None
    split: str | None = None

    @classmethod
    def parse(cls, text: str) -> HubName:
        """The parts of `hub:OWNER/NAME@REVISION#CONFIG/SPLIT`.

        Raises:
            ConfigError: the text has another form.
        """
        found = _NAME.fullmatch(text)
        if found is None:
            raise ConfigError(f"`data` {text}: not a data set of the Hub; {_SHAPE}")
        return cls(**found.groupdict())


def hub_rows(text: str) -> Iterator[SourceRow]:
    """The rows of a data set, numbered from 0; downloaded once, then read from the local cache.

    Raises:
        ConfigError: the name has another form, or the package `datasets` is missing.
        DataError: the data set does not exist, needs a licence or a login, or cannot be reached.
    """
    wanted = HubName.parse(text)
    loaded = _loaded(wanted, text)
    parts = loaded.items() if hasattr(loaded, "items") else [(None, loaded)]
    number = 0
    for split, part in parts:
        for content in part:
            row = dict(content) if split is None else {"split": str(split), **content}
            yield SourceRow(f"row {number}", number, row)
            number += 1


def _loaded(wanted: HubName, text: str):  # type: ignore[no-untyped-def]
    try:
        import datasets
    except ImportError as error:
        raise ConfigError("reading the Hub needs the package datasets; run: pip install 'penchant[train]'") from error
    with _quiet(), _offline_if_unreachable(wanted, text):
        datasets.disable_progress_bars()
        return datasets.load_dataset(wanted.name, name=wanted.config, split=wanted.split, revision=wanted.revision)


@contextmanager
def _offline_if_unreachable(wanted: HubName, text: str) -> Iterator[None]:
    """Asks the Hub for the data set, once; without an answer the block uses the local cache alone.

    Raises:
        DataError: the Hub refuses, or the block fails.
    """
    import datasets
    from huggingface_hub import HfApi, constants

    before = (datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE)
    try:
        try:
            HfApi().dataset_info(wanted.name, revision=wanted.revision, timeout=_SECONDS)
        except Exception as error:
            if getattr(error, "response", None) is not None:
                raise
            datasets.config.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE = True
        yield
    except Exception as error:
        raise DataError(f"{text}: {_reason(error)}") from error
    finally:
        datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE = before


def _reason(error: Exception) -> str:
    """One sentence about why a data set cannot be read; the libraries below have some twenty kinds of errors."""
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and len(chain) < 10:
        chain.append(cause)  # type: ignore[arg-type]
    names = " ".join(type(one).__name__ for one in chain)
    said = str(error).split("\n")[0][:200]
    if "Gated" in names:
        return "its owner must grant access; ask on its page, then log in with `hf auth login`"
    if any(kind in names for kind in ("RepositoryNotFound", "RevisionNotFound")):
        return "there is no such data set or revision, or it is private; check the name, or log in"
    if any(kind in names for kind in ("Connect", "Offline", "Timeout", "MaxRetry", "gaierror", "Proxy")):
        return "the Hub cannot be reached and the data set is not in the local cache; check the network, or give a file"
    if "DatasetNotFound" in names:
        return "there is no such data set, or it is private, and no copy of it is in the local cache; check the name"
    if "BuilderConfig" in said or "Config name" in said:
        return f"{said}; name one after '#', as in hub:OWNER/NAME#CONFIG"
    if "split" in said.lower():
        return f"{said}; name one after '/', as in hub:OWNER/NAME#CONFIG/SPLIT"
    return f"cannot be read ({said}); download its files and give their path"


@contextmanager
def _quiet() -> Iterator[None]:
    """Holds back the retries and hints that the libraries log."""
    levels = {name: logging.getLogger(name).level for name in _LOUD}
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
