"""Turns the data of a benchmark into records, and counts every row as kept or dropped.

`penchant eval` scores the records. This module knows the layout in which AlignX publishes its benchmarks, and no single
benchmark.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from penchant.errors import DataError
from penchant.message import as_text
from penchant.persona import Comment, Comparison, Rating
from penchant.record import Provenance, Record
from penchant.shards import alignx
from penchant.shards.base import Counts, SourceRow
from penchant.space import PreferenceSpace

TEST = "test"
"""The split of the pairs that are measured."""
DUPLICATE = "a row before it has the same prompt, answers and persona"
OWN_TARGET = "its own prompt stands in the history shown"


@dataclass(frozen=True, slots=True)
class Built:
    """The records of a benchmark, and the counts of everything that was read."""

    records: tuple[Record, ...]
    counts: Counts
    """rows = kept + the sum of dropped; kept is the number of records. Each task defines its rows."""


@dataclass(frozen=True, slots=True)
class Task:
    """One benchmark."""

    name: str
    what: str
    """The benchmark in one sentence."""
    source: str
    """Where the data is, and its paper."""
    licence: str
    """The licence stated there. Data without a stated licence may be read from a path, and must not be passed on."""
    metric: str
    personas: str
    """The kind of evidence that the metric is defined for, as in `penchant eval accuracy --personas`."""
    published: tuple[str, ...]
    """Names of the published files."""
    simulated: bool
    """Whether the people are simulated."""
    load: Callable[[Path, PreferenceSpace, int], Built]
    """(file or folder, space of its profiles, seed) -> records. Raises DataError when the data cannot be read."""


def cleaned(records: Iterable[Record]) -> tuple[list[Record], Counter[str]]:
    """The usable records, and the number of dropped ones by reason.

    Exact duplicates are dropped, and records whose evidence is about their own prompt: a comment under it, a choice or
    a thumb on its answers gives the answer away.
    """
    kept: list[Record] = []
    dropped: Counter[str] = Counter()
    seen = set()
    for record in records:
        content = (record.user_id, record.prompt, record.chosen, record.rejected, record.persona)
        if content in seen:
            dropped[DUPLICATE] += 1
        elif _shows_target(record):
            dropped[OWN_TARGET] += 1
        else:
            kept.append(record)
        seen.add(content)
    return kept, dropped


def _shows_target(record: Record) -> bool:
    prompts = (item.prompt for item in record.persona.evidence if isinstance(item, Comment | Comparison | Rating))
    return any(prompt.strip() == record.task.strip() for prompt in prompts)


def by_prompt(records: Iterable[Record]) -> list[Record]:
    """The records, with a user made from the prompt where a record names none.

    An interval over users is then an interval over prompts. Published rows repeat few prompts many times, and would
    count as independent if each were a person of its own.
    """
    return [replace(r, user_id=f"prompt-{_digest(as_text(r.prompt))}") if r.user_id is None else r for r in records]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def provenance(
    task: Task, attribute: str, *, licence: str | None = None, source: str | None = None, **more: str
) -> Provenance:
    """The provenance of a record of a task.

    Args:
        licence, source: those of this data, where they differ from the task's.
        more: texts for analysis; they are kept in the meta.
    """
    meta = {
        "licence": licence or task.licence,
        "source": source or task.source,
        "simulated_users": task.simulated,
        **more,
    }
    return Provenance(dataset=task.name, attribute=attribute, meta=json.dumps(meta, ensure_ascii=False))


def published_files(path: Path, names: Sequence[str]) -> list[Path]:
    """The published files at a path: the path itself if it is a file, else the files of the folder among `names`.

    Raises:
        DataError: the path does not exist, or the folder has none of the files.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise DataError(f"{path}: no such file or folder; check the path")
    files = [path / name for name in names if (path / name).is_file()]
    if not files:
        raise DataError(f"{path}: has none of {', '.join(names)}; it has: {listing(path)}")
    return files


def listing(folder: Path) -> str:
    """The first few names in a folder, for a message."""
    names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    more = ["…"] if len(names) > 8 else []
    return ", ".join(names[:8] + more) or "nothing"


def read_published(task: Task, path: Path, files: Iterable[Path], space: PreferenceSpace) -> Built:
    """The records of files in the published AlignX layout, one per row, cleaned within their file.

    If a row has the sentence that its persona was made from, the sentence goes to the meta. Equal rows of different
    files are all kept, as each file is a setting of its own.

    Raises:
        DataError: a file has another layout (the first missing key is named), or no file has a usable row.
    """
    records: list[Record] = []
    dropped: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for file in files:
        loaded = alignx.read(file, space, split=TEST)
        kept, left_out = cleaned(loaded.records())
        dropped.update(loaded.counts.dropped)
        dropped.update(left_out)
        lost.update(loaded.counts.lost_items)
        for record in by_prompt(kept):
            sentence = record.provenance.attribute
            more = {"persona": sentence} if sentence else {}
            records.append(replace(record, provenance=provenance(task, file.stem, **more)))
    return built(path, records, dropped, lost)


def built(
    path: Path, records: Iterable[Record], dropped: Mapping[str, int], lost: Mapping[str, int] | None = None
) -> Built:
    """Records with their counts.

    Args:
        path: the data that was read, for the message.
        dropped: reason -> rows that do not become records.
        lost: reason -> items left out of rows that do.
    Raises:
        DataError: there is no record; the message names the reasons.
    """
    kept = tuple(records)
    rows = len(kept) + sum(dropped.values())
    counts = Counts(rows, len(kept), dict(dropped), dict(lost or {}), complete=True)
    if not kept:
        raise DataError(f"{path}: no record comes of it; {counts.summary()}")
    return Built(kept, counts)


def require_keys(content: Mapping[str, object], keys: Iterable[str], *, what: str) -> None:
    """Refuses an object that lacks one of `keys`.

    Args:
        what: the name of the object, with an article.
    Raises:
        DataError: names the first missing key.
    """
    for key in keys:
        if key not in content:
            raise DataError(f"not {what}, it has no '{key}'; it has: {', '.join(content) or 'nothing'}")


@contextmanager
def placed(path: Path, row: SourceRow) -> Iterator[None]:
    """Adds the file and the row to a DataError that the block raises."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{path}: {row.location}: {error}") from error
