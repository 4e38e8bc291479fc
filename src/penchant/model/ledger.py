"""What was asked of a paid endpoint and what it answered, in one SQLite file: nothing is paid for twice.

A question is kept as a hash, its answer as text, so delete the file when the data goes. Every answer is on disk before
it is used: a run that is killed goes on from here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from penchant.errors import DataError

_APPLICATION = 0x70656E63
"""'penc': marks the file as ours, so that no other database is written to."""
_PATIENCE_S = 30
"""Of one process for the others that write."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    answer_tokens INTEGER NOT NULL
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of an endpoint, and what it cost."""

    text: str
    """Empty when the model gave none."""
    prompt_tokens: int = 0
    answer_tokens: int = 0


class Ledger:
    """Hash of a question -> its answer. Several processes may share a file."""

    def __init__(self, path: Path) -> None:
        """Opens the file, or makes it, readable by its owner alone.

        Raises:
            DataError: the file cannot be opened, or is something else.
        """
        self.path = path
        with self._said():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            # the endpoint answers on a thread of its own
            self._base = sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False)
            # tables first: whoever makes the file at this moment marks it before there are any
            tables = self._base.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            (mark,) = self._base.execute("PRAGMA application_id").fetchone()
            if mark != _APPLICATION and (tables or mark):
                self.close()
                raise DataError(f"{path} is another program's database; give the ledger a file of its own")
            self._base.execute(f"PRAGMA application_id = {_APPLICATION}")
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = FULL")  # what was paid for survives a power cut
            self._base.execute(_SCHEMA)

    def find(self, key: str) -> Answer | None:
        """The answer to a question, if it was given before."""
        with self._said():
            row = self._base.execute(
                "SELECT text, prompt_tokens, answer_tokens FROM answers WHERE key = ?", (key,)
            ).fetchone()
        return None if row is None else Answer(*row)

    def keep(self, key: str, answer: Answer) -> Answer:
        """Writes an answer down for good; the first one to a question stays, and is given back."""
        with self._said():
            self._base.execute(
                "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?)",
                (key, answer.text, answer.prompt_tokens, answer.answer_tokens),
            )
        return self.find(key) or answer

    def __len__(self) -> int:
        with self._said():
            (count,) = self._base.execute("SELECT count(*) FROM answers").fetchone()
        return int(count)

    def close(self) -> None:
        """Closes the file."""
        self._base.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise DataError(f"{self.path}: no ledger can be kept there ({error}); give another file") from error
