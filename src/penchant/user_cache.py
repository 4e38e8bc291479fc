"""The user's cache folder: files that penchant can make again, such as a prepared model. Anybody may delete it."""

from __future__ import annotations

import os
from pathlib import Path


def user_cache() -> Path:
    """`penchant` below `$XDG_CACHE_HOME`, or below `~/.cache`; it need not exist."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "penchant"
