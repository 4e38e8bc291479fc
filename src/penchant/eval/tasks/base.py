"""What a benchmark is here: data -> records, with every row accounted for. Scoring is `penchant eval`'s.

Knows the layout that AlignX publishes its benchmarks in, and nothing of any one benchmark.
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
from penchant.persona import Comment, Comparison, Rating
from penchant.record import Provenance, Record
from penchant.shards import alignx
from penchant.shards.base import Counts, Row
from penchant.space import PreferenceSpace

TEST = "test"
"""The split of what is asked about."""
DUPLICATE = "a row before it has the same prompt, answers and persona"
OWN_TARGET = "its own prompt stands in the history shown"


@dataclass(frozen=True, slots=True)
class Built:
    """The records of a benchmark, and what became of everything that was read."""

    records: tuple[Record, ...]
    counts: Counts
    """rows = kept + the sum of dropped, and kept = the number of records; each task says what its rows are."""


@dataclass(frozen=True, slots=True)
class Task:
    """One benchmark."""

    name: str
    what: str
    """In one sentence."""
    source: str
    """Where the data is found, and the paper it is of."""
    licence: str
    """As found there; what states none may be read from a path and not passed on."""
    metric: str
    personas: str
    """The setting of `penchant eval --personas` that the metric is of."""
    published: tuple[str, ...]
    """Names of the files as they are published."""
    simulated: bool
    """Whether the people are simulated."""
    load: Callable[[Path, PreferenceSpace, int], Built]
    """(file or folder, space of its profiles, seed) -> records. Raises DataError when it cannot be read."""


def cleaned(records: Iterable[Record]) -> tuple[list[Record], Counter[str]]:
    """The records worth asking about, and how many of the others there were, by reason.

    Left out are exact duplicates, and records whose evidence is about the very prompt that is asked: a comment under
    it, a choice or a thumb on answers to it gives the answer away.
    """
    kept: list[Record] = []
    dropped: Counter[str] = Counter()
    seen = set()
    for record in records:
        asked = (record.user_id, record.prompt, record.chosen, record.rejected, record.persona)
        if asked in seen:
            dropped[DUPLICATE] += 1
        elif _shows_target(record):
            dropped[OWN_TARGET] += 1
        else:
            kept.append(record)
        seen.add(asked)
    return kept, dropped


def _shows_target(record: Record) -> bool:
    about = (item.prompt for item in record.persona.evidence if isinstance(item, Comment | Comparison | Rating))
    return any(prompt.strip() == record.prompt.strip() for prompt in about)


def by_prompt(records: Iterable[Record]) -> list[Record]:
    """Records that name no user with one made of their prompt, so that an interval over users is one over prompts.

    Published rows repeat few prompts many times: as people of their own they would count as independent. Whoever is
    named stays.
    """
    return [replace(r, user_id=f"prompt-{_digest(r.prompt)}") if r.user_id is None else r for r in records]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def provenance(
    task: Task, attribute: str, *, licence: str | None = None, source: str | None = None, **more: str
) -> Provenance:
    """Where a record of a task came from.

    Args:
        licence, source: of this very data, where they are not those of the task.
        more: texts for analysis, kept in the meta.
    """
    meta = {
        "licence": licence or task.licence,
        "source": source or task.source,
        "simulated_users": task.simulated,
        **more,
    }
    return Provenance(dataset=task.name, attribute=attribute, meta=json.dumps(meta, ensure_ascii=False))


def published_files(path: Path, names: Sequence[str]) -> list[Path]:
    """The published files at a path: the path itself if it is a file, else those of `names` that the folder holds.

    Raises:
        DataError: nothing there, or none of them.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise DataError(f"{path}: no such file or folder; check the path")
    found = [path / name for name in names if (path / name).is_file()]
    if not found:
        raise DataError(f"{path}: has none of {', '.join(names)}; it has: {listing(path)}")
    return found


def listing(folder: Path) -> str:
    """What a folder holds, for a message: its first few names."""
    names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    return ", ".join([*names[:8], *(["…"] if len(names) > 8 else [])]) or "nothing"


def read_published(task: Task, path: Path, files: Iterable[Path], space: PreferenceSpace) -> Built:
    """The records of files in the published AlignX layout; one row each, cleaned within their file.

    The sentence that a row's persona was made from, where there is one, goes to the meta. Rows of different files stay
    apart even where they show the same: a file is one setting.

    Raises:
        DataError: a file in another layout, with the first key it lacks, or no usable row in any of them.
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
        path: what was read, for the message.
        dropped: reason -> rows that are no records.
        lost: reason -> items left out of rows that are.
    Raises:
        DataError: there is no record; the reasons are named.
    """
    kept = tuple(records)
    rows = len(kept) + sum(dropped.values())
    counts = Counts(rows, len(kept), dict(dropped), dict(lost or {}), complete=True)
    if not kept:
        raise DataError(f"{path}: no record comes of it; {counts.summary()}")
    return Built(kept, counts)


def require_keys(content: Mapping[str, object], keys: Iterable[str], *, what: str) -> None:
    """Raises DataError at the first of `keys` that an object lacks.

    Args:
        what: what the object should be, with an article.
    """
    for key in keys:
        if key not in content:
            raise DataError(f"not {what}, it has no '{key}'; it has: {', '.join(content) or 'nothing'}")


@contextmanager
def placed(path: Path, row: Row) -> Iterator[None]:
    """Inside the block, a DataError says in which row of which file it is."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{path}: {row.location}: {error}") from error
