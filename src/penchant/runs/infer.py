"""Writes records with the directions that an annotator reads from their evidence, shard by shard; `penchant infer`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.config import recipe_file
from penchant.errors import ConfigError
from penchant.record import Record
from penchant.reporter import QUIET, Reporter
from penchant.runs.annotators import (
    ENGLISH,
    folder_of,
    is_language_model,
    open_annotator,
    report_caution,
    report_set_aside,
)
from penchant.runs.beliefs import refuse_user
from penchant.runs.data import Data, as_data, refuse, report_losses, report_space, space_for, streamed
from penchant.space import SPACE_FILE, PreferenceSpace

if TYPE_CHECKING:
    from penchant.infer.base import Annotator, Reason
    from penchant.shards.base import Loaded
    from penchant.shards.unfinished import Unfinished

CHUNK = 1_000
"""Records that are read and written at a time; a run that is stopped loses at most these."""


@dataclass(frozen=True, slots=True)
class Source:
    """What decides the records that a run writes; a stopped run is resumed from the same source only."""

    data: Path | Data
    annotator: str | Path
    space: PreferenceSpace
    user: str | None = None
    limit: int | None = None
    neutral: bool = False

    def stamps(self) -> dict[str, str]:
        """Name -> digest or value; the names are keys of the progress file, so that older runs can be resumed."""
        from penchant.shards.manifest import digest_of

        model = is_language_model(self.annotator)
        annotator = recipe_file(self.annotator) if model else folder_of(self.annotator)
        return {
            "--data": as_data(self.data).digest(),
            "--annotator": digest_of(annotator),
            "--space": self.space.digest,
            "--user": str(self.user),
            "--limit": str(self.limit),
            "--neutral": str(self.neutral),
            "number of records a shard": str(CHUNK),
        }


@dataclass
class Selection:
    """The records of a path that are wanted, as a stream that can be started again."""

    loaded: Loaded
    user: str | None
    limit: int | None
    others: int = 0
    """Records of other people, in the pass that started last."""

    def __iter__(self) -> Iterator[Record]:
        self.others = 0
        for record in islice(self.loaded, self.limit):
            if self.user in (None, record.user_id, record.record_id):
                yield record
            else:
                self.others += 1

    def chunks(self) -> Iterator[list[Record]]:
        """The records in lists, one per shard."""
        stream = iter(self)
        while chunk := list(islice(stream, CHUNK)):
            yield chunk

    def dropped(self) -> dict[str, int]:
        """Reason -> rows of the last pass that are not among the records."""
        others = {f"not of user '{self.user}'": self.others} if self.others else {}
        return {**self.loaded.counts.dropped, **others}


def infer(
    *,
    data: Path | Data,
    out: Path,
    annotator: str | Path = ENGLISH,
    user: str | None = None,
    limit: int | None = None,
    space: str | None = None,
    rejected: Path | None = None,
    neutral: bool = False,
    resume: bool = False,
    overwrite: bool = False,
    reporter: Reporter = QUIET,
) -> dict[str, object]:
    """Writes records with inferred directions in place of those in the data, and their space, to a folder.

    Args:
        data: shards, Parquet, JSON or JSONL.
        annotator: see `open_annotator`.
        user: only this person: a user id, or the id of a record.
        limit: at most this many records of the data are read.
        rejected: a file that receives the rows left out; its name ends with `.rejected.jsonl`.
        neutral: make words of gender and age neutral before reading; the written texts are unchanged.
        resume: go on with a run that was stopped in `out`.
        overwrite: replace the records in `out`.
    Returns:
        Counts: rows, records, dropped (reason -> rows), distinct items of evidence; and the folder.
    Raises:
        ConfigError: the data holds one person and no records, or `out` is the data; nobody is called `user`.
        DataError: `out` holds records, or a stopped run of another source; or the data is unusable.
    """
    _require_out(as_data(data).path, out, resume=resume, overwrite=overwrite)  # before anything is read
    source = Source(data, annotator, space_for(data, space), user, limit, neutral)
    with streamed(data, source.space, rejected, reporter=reporter) as loaded:
        selection = Selection(loaded, user, limit)
        counts = _write(selection, source, out, resume=resume, overwrite=overwrite, reporter=reporter)
    report_space(data, source.space, space, reporter=reporter)
    return counts


def _require_out(data: Path, out: Path, *, resume: bool, overwrite: bool) -> None:
    from penchant.shards.person_file import is_individual
    from penchant.shards.unfinished import require_room

    if is_individual(data):
        raise ConfigError(f"{data} holds one person and no records that could be written; give records as `data`")
    if out.resolve() == data.resolve():
        raise ConfigError(f"{out} is what `data` is read from, and a resumed run needs it; give another `out`")
    if resume and overwrite:
        raise ConfigError("`resume` goes on with what is there, `overwrite` throws it away; give one of them")
    require_room(out, resume=resume, overwrite=overwrite)


def _write(
    selection: Selection, source: Source, out: Path, *, resume: bool, overwrite: bool, reporter: Reporter
) -> dict[str, object]:
    """Writes the records shard by shard; see `infer`."""
    items = _items_per_chunk(selection, reporter)
    if not any(items):
        reporter.note("no record has evidence; `history` others makes a person's other rows their evidence")
    reader = open_annotator(source.annotator, source.space, reporter=reporter)
    report_caution(reader.caution(), reporter=reporter)
    run = _begin(source, out, resume=resume, overwrite=overwrite, reporter=reporter)
    remaining = sum(items[len(run.shards) :])
    set_aside = _add_shards(run, selection, reader, neutral=source.neutral, items=remaining, reporter=reporter)
    report_set_aside(set_aside, remaining, reporter=reporter)
    manifest = run.finish(
        rows=selection.loaded.counts.rows,
        dropped=selection.dropped(),
        simulated=bool(selection.loaded.simulated),
        files={SPACE_FILE: source.space.as_toml()},
    )
    return {
        "rows": manifest.rows,
        "records": manifest.records,
        "dropped": dict(manifest.dropped),
        "items": sum(items),
        "folder": str(out),
    }


def _items_per_chunk(selection: Selection, reporter: Reporter) -> list[int]:
    """The number of distinct items of evidence in each chunk.

    No evidence is read in this pass: what is wrong with the data shows now, and not after hours.
    """
    from penchant.infer.annotate import items_of

    items = [len(items_of(chunk)) for chunk in selection.chunks()]
    report_losses(selection.loaded, reporter)
    if selection.others and not items:
        refuse_user(selection.user, next(iter(selection.loaded)).user_id)
    if not items:
        refuse(selection.loaded)
    if selection.limit is not None and not selection.loaded.counts.complete:
        reporter.note(f"{selection.loaded.path}: only the first {selection.limit:,} records are read, as `limit` says")
    return items


def _begin(source: Source, out: Path, *, resume: bool, overwrite: bool, reporter: Reporter) -> Unfinished:
    from penchant.shards.unfinished import Unfinished, stopped

    was_stopped = stopped(out)
    run = Unfinished.begin(out, source.space, source.stamps(), resume=resume, overwrite=overwrite)
    if resume and was_stopped:
        reporter.note(f"going on in {out} after {sum(shard.records for shard in run.shards):,} records")
    elif resume:
        reporter.note(f"nothing to go on with in {out}: starting anew")
    return run


def _add_shards(
    run: Unfinished, selection: Selection, reader: Annotator, *, neutral: bool, items: int, reporter: Reporter
) -> Counter[Reason]:
    """Writes the shards that a run does not have yet; returns how many items the annotator discounted, by reason."""
    from penchant.infer.annotate import items_of, read_items, reread

    set_aside: Counter[Reason] = Counter()
    with reporter.bar(items, "reading evidence") as advance:
        for chunk in islice(selection.chunks(), len(run.shards), None):
            fresh, evidence = _fresh(reader), items_of(chunk)
            read = read_items(evidence, fresh, neutral=neutral, progress=advance)
            set_aside.update(why for why in fresh.set_aside(evidence) if why)
            run.add(replace(record, persona=reread(record.persona, read)) for record in chunk)
    return set_aside


def _fresh(reader: Annotator) -> Annotator:
    """The annotator over an encoder with an empty cache.

    A cache would grow with the data. An encoder batches only texts that are not cached, so the last bits of a reading
    would also depend on where a run was stopped.
    """
    from penchant.encoder.pooled import PooledEncoder
    from penchant.infer.fitted import EncoderAnnotator

    if not isinstance(reader, EncoderAnnotator) or not isinstance(reader.encoder, PooledEncoder):
        return reader
    encoder = copy(reader.encoder)  # the weights are shared
    PooledEncoder.__init__(encoder)
    return replace(reader, encoder=encoder)
