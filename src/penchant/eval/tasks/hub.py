"""Downloads a dataset repository from the Hugging Face Hub at one commit.

A full commit hash is required: a branch or a tag may point to other files tomorrow, and nobody could repeat the
measurement.
"""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from penchant.errors import ConfigError, DataError

_PINNED = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)@(?P<commit>[0-9a-f]{40})")


def download(pinned: str, folder: Path) -> None:
    """Fetches a dataset repository into a folder; the folder appears complete or not at all.

    Args:
        pinned: `ORG/NAME@COMMIT`, with all 40 hexadecimal digits of the commit.
        folder: new or empty, as files that are there already may be of another commit.
    Raises:
        ConfigError: `pinned` has another form, the folder is not empty, or huggingface_hub is not installed.
        DataError: the repository cannot be fetched.
    """
    parts = _PINNED.fullmatch(pinned)
    if parts is None:
        raise ConfigError(
            f"`download` {pinned}: give ORG/NAME@COMMIT with all 40 hexadecimal digits of the commit, as branches and "
            "tags move"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"`download` fetches into a new folder, and {folder} is there; give another `data`")
    try:
        from huggingface_hub import snapshot_download
    except ModuleNotFoundError as error:
        raise ConfigError(f"`download` needs huggingface_hub; run pip install 'penchant[train]' ({error})") from error
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        # if the Hub cannot be reached, snapshot_download accepts whatever files the folder has
        with TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as empty:
            complete = Path(empty) / folder.name
            snapshot_download(parts["name"], repo_type="dataset", revision=parts["commit"], local_dir=complete)
            complete.replace(folder)
    except Exception as error:  # the errors of huggingface_hub differ by version
        raise DataError(
            f"cannot fetch {pinned} ({error}); check name, commit and network, or fetch it by hand into {folder}"
        ) from error
