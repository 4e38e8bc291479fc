"""`penchant infer`: what evidence says of people, as beliefs with their reasons, or as annotated records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from penchant.cli.beliefs import Inferred, Known, tell, with_care
from penchant.cli.data import (
    RejectedOption,
    SpaceOption,
    individual,
    opened,
    read,
    refuse,
    say_losses,
    say_space,
    space_for,
)
from penchant.cli.language import annotator_of
from penchant.cli.output import as_json, bar, result, say
from penchant.encoder import open_encoder
from penchant.errors import ConfigError
from penchant.persona import Evidence
from penchant.record import Record
from penchant.space import SPACE_FILE, PreferenceSpace

if TYPE_CHECKING:
    from penchant.infer.base import Annotator, Reason
    from penchant.shards.base import Loaded

CHUNK = 1_000
"""Records that are read and written at a time: what is held in memory, and what is lost when a run is stopped."""

NeutralOption = Annotated[
    bool, typer.Option("--neutral", help="Evidence is read, and shown to models, without words of gender and age.")
]
AnnotatorOption = Annotated[
    Path | None,
    typer.Option(
        "--annotator", help="Reads directions from the evidence, in place of those given: a folder or a recipe."
    ),
]


def command(
    data: Annotated[Path, typer.Option(help="Shards, Parquet, JSON or JSONL; or one person's JSON.")],
    annotator: Annotated[Path, typer.Option(help="Folder of `penchant annotator`, or recipe of a language model.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the records with inferred directions, instead of beliefs.")
    ] = None,
    user: Annotated[str | None, typer.Option(help="Only this person.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many records.")] = None,
    space: SpaceOption = None,
    rejected: RejectedOption = None,
    neutral: NeutralOption = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that was stopped in --out.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace records in --out.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object per person, or counts with --out.")] = False,
) -> None:
    """Infers directions from evidence: prints people's beliefs with their reasons, or writes records with --out."""
    if resume and out is None:
        raise ConfigError("--resume goes on with a run that was stopped in --out; name its folder")
    if out is not None:
        _require_out(data, out, resume=resume, overwrite=overwrite)  # before anything is read
    where = space_for(data, space)
    if out is not None:
        with opened(data, where, rejected) as loaded:
            chosen = Chosen(loaded, user, limit)
            counts = _write(chosen, where, annotator, out, neutral=neutral, resume=resume, overwrite=overwrite)
        say_space(data, where, space)
        result(as_json(counts) if json else "\n".join(f"{key}: {_flat(value)}" for key, value in counts.items()))
        return
    people = people_of(data, where, user=user, limit=limit, rejected=rejected)
    say_space(data, where, space)
    found = read_by(annotator, [item for one in people.values() for item in one.evidence], where, neutral=neutral)
    tell(people, where, found, json=json)


def _require_out(data: Path, out: Path, *, resume: bool, overwrite: bool) -> None:
    from penchant.shards.individual import is_individual
    from penchant.shards.unfinished import require_room

    if is_individual(data):
        raise ConfigError(f"{data} holds one person and no records that could be written; leave out --out")
    if out.resolve() == data.resolve():
        raise ConfigError(f"{out} is what --data is read from, and a run that is stopped needs it; give another --out")
    if resume and overwrite:
        raise ConfigError("--resume goes on with what is there, --overwrite throws it away; give one of them")
    require_room(out, resume=resume, overwrite=overwrite)


@dataclass
class Chosen:
    """The records of a path that are wanted, as a stream to be begun as often as needed."""

    loaded: Loaded
    user: str | None
    limit: int | None
    others: int = 0
    """Records of other people, in the pass begun last."""

    def __iter__(self) -> Iterator[Record]:
        self.others = 0
        for record in islice(self.loaded, self.limit):
            if self.user in (None, record.user_id, record.record_id):
                yield record
            else:
                self.others += 1

    def chunks(self) -> Iterator[list[Record]]:
        """So many of them at a time as a shard holds."""
        stream = iter(self)
        while chunk := list(islice(stream, CHUNK)):
            yield chunk

    def dropped(self) -> dict[str, int]:
        """Reason -> rows of the last pass that are not among them."""
        others = {f"not of user '{self.user}'": self.others} if self.others else {}
        return {**self.loaded.counts.dropped, **others}


def _write(
    chosen: Chosen,
    space: PreferenceSpace,
    annotator: Path,
    out: Path,
    *,
    neutral: bool,
    resume: bool,
    overwrite: bool,
) -> dict[str, object]:
    """Writes the records with what is read from their evidence, a shard at a time; gives what is told of it."""
    from penchant.infer.read import items_of, read_items, reread
    from penchant.shards.manifest import digest_of
    from penchant.shards.unfinished import Unfinished, stopped

    # a pass that reads no evidence: what is wrong with the data shows now, and not after hours
    items = [len(items_of(chunk)) for chunk in chosen.chunks()]
    say_losses(chosen.loaded)
    if chosen.others and not items:
        _refuse_user(chosen.user, next(iter(chosen.loaded)))
    if not items:
        refuse(chosen.loaded)
    if chosen.limit is not None and not chosen.loaded.counts.complete:
        say(f"{chosen.loaded.path}: only the first {chosen.limit:,} records are read, as --limit says")
    reader = load(annotator, space)
    if caution := reader.caution():
        say(with_care(caution))
    made_from = {"--data": digest_of(chosen.loaded.path), "--annotator": digest_of(annotator), "--space": space.digest}
    made_from |= {
        "--user": str(chosen.user),
        "--limit": str(chosen.limit),
        "--neutral": str(neutral),
        "number of records a shard": str(CHUNK),
    }
    before = stopped(out)
    run = Unfinished.begin(out, space, made_from, resume=resume, overwrite=overwrite)
    done = len(run.shards)
    if resume:
        kept = sum(shard.records for shard in run.shards)
        say(f"going on in {out} after {kept:,} records" if before else f"nothing to go on with in {out}: starting anew")
    aside: Counter[Reason] = Counter()
    with bar(sum(items[done:]), "reading evidence") as advance:
        for chunk in islice(chosen.chunks(), done, None):
            fresh, evidence = _afresh(reader), items_of(chunk)
            found = read_items(evidence, fresh, neutral=neutral, progress=advance)
            aside.update(why for why in fresh.set_aside(evidence) if why)
            run.add(replace(record, persona=reread(record.persona, found)) for record in chunk)
    say_aside(aside, sum(items[done:]))
    manifest = run.finish(
        rows=chosen.loaded.counts.rows,
        dropped=chosen.dropped(),
        simulated=bool(chosen.loaded.simulated),
        files={SPACE_FILE: space.as_toml()},
    )
    counts = {"rows": manifest.rows, "records": manifest.records, "dropped": dict(manifest.dropped)}
    return {**counts, "items": sum(items), "folder": str(out)}


def _flat(value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{reason}: {count:,}" for reason, count in value.items()) or "0"
    return str(value)


def _afresh(reader: Annotator) -> Annotator:
    """The annotator over an encoder that has seen no text yet.

    What an encoder remembers would grow with the data; and as its batches hold only what is new to it, the last bits of
    a reading would depend on where a run was stopped.
    """
    from penchant.encoder.pooled import PooledEncoder
    from penchant.infer.encoder import EncoderAnnotator

    if not isinstance(reader, EncoderAnnotator) or not isinstance(reader.encoder, PooledEncoder):
        return reader
    encoder = copy(reader.encoder)  # the weights are shared
    PooledEncoder.__init__(encoder)
    return replace(reader, encoder=encoder)


def inferred(records: Sequence[Record], space: PreferenceSpace, annotator: Path, *, neutral: bool = False) -> Inferred:
    """Every item of the records as the annotator reads it."""
    from penchant.infer.read import items_of

    found = read_by(annotator, items_of(records), space, neutral=neutral)
    if found.caution:
        say(with_care(found.caution))
    return found


def read_by(annotator: Path, items: Sequence[Evidence], space: PreferenceSpace, *, neutral: bool = False) -> Inferred:
    """The items as the annotator reads them, or their neutral texts."""
    from penchant.infer.read import read_items

    opened = load(annotator, space)
    distinct = list(dict.fromkeys(items))
    with bar(len(distinct), "reading evidence") as advance:
        found = read_items(distinct, opened, neutral=neutral, progress=advance)
    aside = {item: why for item, why in zip(distinct, opened.set_aside(distinct), strict=True) if why}
    say_aside(Counter(aside.values()), len(distinct))
    return Inferred(found, opened.prior, aside, opened.caution())


def say_aside(aside: Mapping[Reason, int], items: int) -> None:
    """Tells from how many items little was read, and why, if there are any."""
    for why, count in aside.items():
        say(f"{count:,} of {items:,} items say little or nothing: {why}")


def load(annotator: Path, space: PreferenceSpace) -> Annotator:
    """A saved annotator with the encoder it was fitted over, or the language model that a recipe names."""
    if annotator.suffix in (".yaml", ".yml"):
        return annotator_of(annotator, space)
    from penchant.infer.encoder import EncoderAnnotator, encoder_of, space_of

    fitted = space_of(annotator)
    if fitted != space.name:
        say(f"{annotator} was fitted on space '{fitted}'; the dimensions of '{space.name}' are read from their phrases")
    return EncoderAnnotator.load(annotator, open_encoder(encoder_of(annotator)), space)


def people_of(
    data: Path, space: PreferenceSpace, *, user: str | None, limit: int | None = None, rejected: Path | None = None
) -> dict[str, Known]:
    """Everybody's evidence, pooled over all their records, or that of one person's own file.

    Args:
        user: only this person.
        limit: of records; see `read`.
    Raises:
        ConfigError: nobody is called `user`.
        DataError, SpaceMismatch: as `read`.
    """
    if (alone := individual(data, space)) is not None:
        if user not in (None, alone.user_id):
            raise ConfigError(f"{data} is of user '{alone.user_id}'; leave out --user, or give another --data")
        first: dict[Evidence, int] = {}
        for item, place in zip(alone.persona.evidence, alone.positions, strict=True):
            first.setdefault(item, place)
        return {alone.user_id: Known(tuple(first), tuple(first.values()), alone.corrections)}
    records = read(data, space, limit=limit, rejected=rejected)
    evidence: dict[str, dict[Evidence, None]] = {}
    for record in records:
        if user in (None, record.user_id, record.record_id):
            evidence.setdefault(record.person_id, {}).update(dict.fromkeys(record.persona.evidence))
    if not evidence:
        _refuse_user(user, records[0])
    return {name: Known(tuple(items), tuple(range(len(items)))) for name, items in evidence.items()}


def _refuse_user(user: str | None, first: Record) -> NoReturn:
    raise ConfigError(f"no record is of user '{user}'; the first is of '{first.user_id}'")
