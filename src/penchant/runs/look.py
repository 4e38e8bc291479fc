"""Looks at a file before anything runs: its layout, its people, and what would be left out; `penchant data`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.message import as_dicts
from penchant.persona import Rating
from penchant.record import Question, Record
from penchant.reporter import QUIET, Reporter
from penchant.runs.data import Data, as_data, individual, opened, space_for

if TYPE_CHECKING:
    from penchant.shards.base import Entry
    from penchant.shards.person_file import Individual

NOTE_EVERY = 100_000
"""Rows between two notes of progress."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a file holds."""

    path: Path
    layout: str
    columns: Mapping[str, str]
    """What is read -> the column that it is read from; empty where the keys are penchant's own."""
    kept_aside: tuple[str, ...]
    """Columns that nothing reads; they are kept with each record as `meta`."""
    rows: int
    pairs: int
    questions: int
    ratings: int
    """Single answers with a thumb."""
    liked: int
    """Ratings that are thumbs up."""
    people: int
    named: int
    """People whom the file names; the others are records without a person."""
    items: Mapping[str, float]
    """`least`, `median` and `most` entries of a person whom the file names."""
    evidence: int
    """Items of evidence beside the pairs, ratings and questions themselves."""
    dropped: Mapping[str, int]
    """Reason -> rows that would be left out."""
    silent: Mapping[str, int]
    """Reason -> parts of kept rows that state no preference, such as a tie."""
    lost: Mapping[str, int]
    """Reason -> items of evidence left out of kept rows."""
    first: Entry | None

    @property
    def records(self) -> int:
        """Everything that can be used: pairs, questions and ratings."""
        return self.pairs + self.questions + self.ratings

    def as_json(self) -> dict[str, object]:
        """The findings as plain values."""
        return {
            "data": str(self.path),
            "layout": self.layout,
            "columns": dict(self.columns),
            "kept_aside": list(self.kept_aside),
            "rows": self.rows,
            "records": self.records,
            "pairs": self.pairs,
            "questions": self.questions,
            "ratings": self.ratings,
            "liked": self.liked,
            "people": self.people,
            "people_named": self.named,
            "items_per_person": dict(self.items),
            "evidence": self.evidence,
            "dropped": dict(self.dropped),
            "silent": dict(self.silent),
            "lost_items": dict(self.lost),
            "first": self.first_values(),
        }

    def first_values(self) -> dict[str, Any] | None:
        """Person, prompt and answers of the first entry; a thumb up is a chosen answer, a thumb down a rejected one."""
        entry = self.first
        if isinstance(entry, Record | Question):
            answers = {"chosen": entry.chosen, "rejected": entry.rejected} if isinstance(entry, Record) else {}
            prompt = as_dicts(entry.prompt)
            return {"user_id": entry.user_id, "prompt": prompt, "chosen": None, "rejected": None, **answers}
        if entry is not None and isinstance(rating := entry.items[0].evidence, Rating):
            sides = {"chosen": rating.answer, "rejected": None}
            if not rating.liked:
                sides = {"chosen": None, "rejected": rating.answer}
            name = entry.user_id if entry.named else None
            return {"user_id": name, "prompt": as_dicts(rating.conversation), **sides}
        return None


def look(
    *,
    data: Path | Data,
    space: str | None = None,
    rejected: Path | None = None,
    limit: int | None = None,
    reporter: Reporter = QUIET,
) -> Look:
    """Reads a file once, in bounded memory, and says what is in it.

    Args:
        rejected: a file that receives the rows left out; its name ends with `.rejected.jsonl`.
        limit: look at this many entries at most.
    Raises:
        DataError: the path is missing, broken or in no known layout.
        ConfigError: `columns` names a column that is not there, or makes no preference.
    """
    if (person := individual(data, space_for(data, space), reporter=reporter)) is not None:
        return _of_one(as_data(data).path, person)
    kinds: Counter[str] = Counter()
    of_person: Counter[str] = Counter()
    unnamed = evidence = liked = 0
    first: Entry | None = None
    with opened(data, space_for(data, space), rejected) as loaded:
        for number, entry in enumerate(loaded.entries(), start=1):
            if first is None or (not isinstance(first, Record) and isinstance(entry, Record)):
                first = entry
            if isinstance(entry, Record | Question):
                kinds["pairs" if isinstance(entry, Record) else "questions"] += 1
                evidence += len(entry.persona.items)
                name = entry.user_id
            else:
                thumbs = sum(isinstance(item.evidence, Rating) for item in entry.items)
                kinds["ratings"] += thumbs
                liked += sum(isinstance(item.evidence, Rating) and item.evidence.liked for item in entry.items)
                evidence += len(entry.items) - thumbs
                name = entry.user_id if entry.named else None
            if name is None:
                unnamed += 1
            else:
                of_person[name] += 1
            if number % NOTE_EVERY == 0:
                reporter.note(f"{data}: {number:,} read")
            if number == limit:
                break
    counts = loaded.counts
    sizes = sorted(of_person.values())
    return Look(
        path=as_data(data).path,
        layout=loaded.layout,
        columns=dict(loaded.fields),
        kept_aside=loaded.ignored,
        rows=counts.rows,
        pairs=kinds["pairs"],
        questions=kinds["questions"],
        ratings=kinds["ratings"],
        liked=liked,
        people=len(of_person) + unnamed,
        named=len(of_person),
        items={"least": sizes[0], "median": sizes[len(sizes) // 2], "most": sizes[-1]} if sizes else {},
        evidence=evidence,
        dropped=dict(counts.dropped),
        silent=dict(counts.silent),
        lost=dict(counts.lost_items),
        first=first,
    )


def _of_one(path: Path, person: Individual) -> Look:
    """The file of one person, which other commands take as their data or as a user."""
    count = len(person.persona.items)
    return Look(
        path=path,
        layout="one person",
        columns={},
        kept_aside=(),
        rows=count + len(person.lost),
        pairs=0,
        questions=0,
        ratings=0,
        liked=0,
        people=1,
        named=1,
        items={"least": count, "median": count, "most": count},
        evidence=count,
        dropped={},
        silent={},
        lost=dict(Counter(person.lost.values())),
        first=None,
    )
