"""A dataset repository of the Hugging Face Hub at one commit.

Nothing but a full commit hash is taken: a branch or a tag may name other files tomorrow, and a number measured on them
could not be measured again.
"""

from __future__ import annotations

import re
from pathlib import Path

from penchant.errors import ConfigError, DataError

_PINNED = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)@(?P<commit>[0-9a-f]{40})")


def download(pinned: str, folder: Path) -> None:
    """Fetches a dataset repository into a folder.

    Args:
        pinned: `ORG/NAME@COMMIT`, the commit by its 40 hexadecimal digits.
    Raises:
        ConfigError: not of this form, or huggingface_hub is not installed.
        DataError: it cannot be fetched.
    """
    parts = _PINNED.fullmatch(pinned)
    if parts is None:
        raise ConfigError(
            f"--download {pinned}: give ORG/NAME@COMMIT with all 40 hexadecimal digits of the commit, as branches and "
            "tags move"
        )
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ModuleNotFoundError as error:
        raise ConfigError(f"--download needs huggingface_hub; run pip install 'penchant[train]' ({error})") from error
    try:
        snapshot_download(parts["name"], repo_type="dataset", revision=parts["commit"], local_dir=folder)
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise DataError(
            f"cannot fetch {pinned} ({error}); check name, commit and network, or fetch it by hand into {folder}"
        ) from error
