"""The ledger: a cache of a paid endpoint's answers in one SQLite file, so that no question is paid for twice.

The file contains hashes of questions and the text of answers; delete it together with the data. Each answer is written
to disk before it is used, so that a killed run can continue without paying again.
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
"""'penc': the application id that marks our files, so that we never write to another program's database."""
_LOCK_TIMEOUT_S = 30
"""Seconds that a process waits while another one writes."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    answer_tokens INTEGER NOT NULL,
    finish TEXT NOT NULL DEFAULT 'stop'
) WITHOUT ROWID
"""
_ADD_FINISH = "ALTER TABLE answers ADD COLUMN finish TEXT NOT NULL DEFAULT 'stop'"
"""For files of the first schema, which had no such column."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of an endpoint, and its cost in tokens."""

    text: str
    """Empty if the model gave no text."""
    prompt_tokens: int = 0
    answer_tokens: int = 0
    finish: str = "stop"
    """Why the answer ended, in the endpoint's word."""


class Ledger:
    """Maps the hash of a question to its answer. Several processes may share a file."""

    def __init__(self, path: Path) -> None:
        """Opens the file, or creates it, readable by its owner only.

        Raises:
            DataError: the file cannot be opened, or is not a ledger.
        """
        self.path = path
        with self._as_data_error():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            # answers arrive on another thread
            self._base = sqlite3.connect(path, timeout=_LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False)
            # tables first: a process that creates the file right now marks it before it adds tables
            tables = self._base.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            (mark,) = self._base.execute("PRAGMA application_id").fetchone()
            if mark != _APPLICATION and (tables or mark):
                self.close()
                raise DataError(f"{path} is another program's database; give the ledger a file of its own")
            self._base.execute(f"PRAGMA application_id = {_APPLICATION}")
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = FULL")  # paid answers survive a power cut
            self._base.execute("BEGIN IMMEDIATE")  # another process may add the column right now
            self._base.execute(_SCHEMA)
            if "finish" not in [row[1] for row in self._base.execute("PRAGMA table_info(answers)")]:
                self._base.execute(_ADD_FINISH)
            self._base.execute("COMMIT")

    def find(self, key: str) -> Answer | None:
        """The stored answer to a question; None if there is none."""
        with self._as_data_error():
            row = self._base.execute(
                "SELECT text, prompt_tokens, answer_tokens, finish FROM answers WHERE key = ?", (key,)
            ).fetchone()
        return None if row is None else Answer(*row)

    def keep(self, key: str, answer: Answer) -> Answer:
        """Stores an answer. If the question has an answer already, that one stays and is returned."""
        with self._as_data_error():
            self._base.execute(
                "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?)",
                (key, answer.text, answer.prompt_tokens, answer.answer_tokens, answer.finish),
            )
        return self.find(key) or answer

    def __len__(self) -> int:
        with self._as_data_error():
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
    def _as_data_error(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise DataError(f"{self.path}: not usable as a ledger ({error}); give another file") from error
