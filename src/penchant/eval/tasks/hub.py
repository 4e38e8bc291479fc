"""A dataset repository of the Hugging Face Hub at one commit.

Nothing but a full commit hash is taken: a branch or a tag may name other files tomorrow, and a number measured on them
could not be measured again.
"""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from penchant.errors import ConfigError, DataError

_PINNED = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)@(?P<commit>[0-9a-f]{40})")


def download(pinned: str, folder: Path) -> None:
    """Fetches a dataset repository into a folder, whole or not at all.

    Args:
        pinned: `ORG/NAME@COMMIT`, the commit by its 40 hexadecimal digits.
        folder: new, or empty: what stands there already may be of another commit.
    Raises:
        ConfigError: not of this form, the folder holds something, or huggingface_hub is not installed.
        DataError: it cannot be fetched.
    """
    parts = _PINNED.fullmatch(pinned)
    if parts is None:
        raise ConfigError(
            f"--download {pinned}: give ORG/NAME@COMMIT with all 40 hexadecimal digits of the commit, as branches and "
            "tags move"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"--download fetches into a new folder, and {folder} is there; give another --data")
    try:
        from huggingface_hub import snapshot_download
    except ModuleNotFoundError as error:
        raise ConfigError(f"--download needs huggingface_hub; run pip install 'penchant[train]' ({error})") from error
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        # where the Hub cannot be reached, snapshot_download takes whatever a folder holds for what was asked
        with TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as empty:
            whole = Path(empty) / folder.name
            snapshot_download(parts["name"], repo_type="dataset", revision=parts["commit"], local_dir=whole)
            whole.replace(folder)
    except Exception as error:  # what carries it, and so what it raises, differs by version of huggingface_hub
        raise DataError(
            f"cannot fetch {pinned} ({error}); check name, commit and network, or fetch it by hand into {folder}"
        ) from error
