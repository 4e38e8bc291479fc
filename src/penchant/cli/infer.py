"""`penchant infer`: what evidence says of people, as beliefs with their reasons, or as annotated records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, assert_never

import typer

from penchant.cli.data import SPACE_FILE, RejectedOption, read, space_for
from penchant.cli.output import as_json, bar, result, say, write_whole
from penchant.encoder import open_encoder
from penchant.errors import ConfigError
from penchant.person import Person, meet
from penchant.persona import Comment, Comparison, Demographics, Evidence, Persona, Rating, Statement
from penchant.posterior import EVEN, Prior
from penchant.record import Record
from penchant.shards.manifest import MANIFEST
from penchant.space import PreferenceSpace

if TYPE_CHECKING:
    from penchant.infer.encoder import EncoderAnnotator

AnnotatorOption = Annotated[
    Path | None, typer.Option("--annotator", help="Reads directions from the evidence, in place of those given.")
]


def command(
    data: Annotated[Path, typer.Option(help="Shards, Parquet, JSON or JSONL.")],
    annotator: Annotated[Path, typer.Option(help="Folder written by `penchant annotator`.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the records with inferred directions, instead of beliefs.")
    ] = None,
    user: Annotated[str | None, typer.Option(help="Only this person.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many records.")] = None,
    space: Annotated[
        str | None, typer.Option(help="Space name or .toml; default: beside the data, else alignx90.")
    ] = None,
    rejected: RejectedOption = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace records in --out.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object per person, or counts with --out.")] = False,
) -> None:
    """Infers directions from evidence: prints people's beliefs with their reasons, or writes records with --out."""
    if out is not None and (out / MANIFEST).exists() and not overwrite:  # before anything is read
        raise ConfigError(f"{out} holds records already; give another --out, or add --overwrite")
    where = space_for(data, space)
    records = read(data, where, limit=limit, rejected=rejected)
    if user is not None:
        records = of_user(records, user)
    if out is not None:
        _write(records, where, annotator, out, overwrite=overwrite, json=json)
        return
    found = inferred(records, where, annotator)
    for name, person in people(records, where, found):
        result(as_json(as_values(name, person)) if json else explained(name, person))


def _write(
    records: Sequence[Record], space: PreferenceSpace, annotator: Path, out: Path, *, overwrite: bool, json: bool
) -> None:
    from penchant.infer.read import reread
    from penchant.shards.parquet import write

    found = inferred(records, space, annotator)
    annotated = (replace(record, persona=reread(record.persona, found.items)) for record in records)
    manifest = write(annotated, out, space=space, overwrite=overwrite)
    write_whole(out / SPACE_FILE, space.as_toml())
    counts = {"records": sum(shard.records for shard in manifest.shards), "items": len(found.items), "folder": str(out)}
    result(as_json(counts) if json else "\n".join(f"{key}: {value}" for key, value in counts.items()))


class Inferred(NamedTuple):
    """What an annotator reads from the items of some records."""

    items: dict[Evidence, Evidence]
    """Each item -> the same item with what it says."""
    prior: Prior = EVEN


def inferred(records: Sequence[Record], space: PreferenceSpace, annotator: Path) -> Inferred:
    """Every item of the records as the annotator reads it."""
    from penchant.infer.read import items_of, read_items

    opened = load(annotator, space)
    items = items_of(records)
    with bar(len(items), "reading evidence") as advance:
        return Inferred(read_items(items, opened, progress=advance), opened.prior)


def load(folder: Path, space: PreferenceSpace) -> EncoderAnnotator:
    """A saved annotator with the encoder it was fitted over."""
    from penchant.infer.encoder import EncoderAnnotator, encoder_of

    return EncoderAnnotator.load(folder, open_encoder(encoder_of(folder)), space)


def of_user(records: Sequence[Record], user: str) -> list[Record]:
    """The records of one person.

    Raises:
        ConfigError: there are none.
    """
    kept = [record for record in records if user in (record.user_id, record.record_id)]
    if not kept:
        raise ConfigError(f"no record is of user '{user}'; the first is of '{records[0].user_id}'")
    return kept


def people(records: Sequence[Record], space: PreferenceSpace, found: Inferred) -> Iterator[tuple[str, Person]]:
    """Everybody with what is believed of them, from the evidence of all their records."""
    evidence: dict[str, dict[Evidence, None]] = {}
    for record in records:
        evidence.setdefault(record.user_id or record.record_id, {}).update(dict.fromkeys(record.persona.evidence))
    for name, items in evidence.items():
        yield name, meet(Persona(tuple(found.items[item] for item in items)), space, prior=found.prior)


def as_values(name: str, person: Person) -> dict[str, object]:
    """Beliefs and reasons as plain values."""
    return {"user_id": name, "items": len(person.persona), "beliefs": list(beliefs(person))}


def beliefs(person: Person) -> Iterator[dict[str, object]]:
    """What is believed of a person, the surest first, each with the items that moved it."""
    belief = person.belief
    if belief is None:
        return
    held = person.direction("credible")  # beside the leaning that it is decided by
    leaning, interval = belief.tally.leaning(belief.prior), belief.tally.interval(belief.prior)
    contradicted = set(belief.contradictions())
    spoken = sorted({vote.dimension_id for vote in belief.votes}, key=belief.space.index)
    for dimension_id in sorted(spoken, key=lambda d: -abs(leaning[belief.space.index(d)] - 0.5)):
        place = belief.space.index(dimension_id)
        dimension = belief.space.dimensions[place]
        sign = held.sign(dimension_id) if held is not None else 0
        yield {
            "dimension": dimension_id,
            "sign": sign,
            "pole": dimension.pole(sign) if sign else None,
            "leaning": round(float(leaning[place]), 4),
            "interval": [round(float(end), 4) for end in interval[place]],
            "contradicted": dimension_id in contradicted,
            "because": [
                {
                    "item": vote.item,
                    "sign": vote.sign,
                    "weight": round(vote.weight, 4),
                    "text": quoted(person.persona.evidence[vote.item]),
                }
                for vote in belief.because(dimension_id)
            ],
        }


def quoted(item: Evidence) -> str:
    """The person's own item, in one line."""
    match item:
        case Comparison():
            text = f"{item.chosen} (rather than: {item.rejected})"
        case Rating():
            text = item.answer if item.liked else f"(disliked) {item.answer}"
        case Comment() | Demographics() | Statement():
            text = item.text
        case _:
            assert_never(item)
    return " ".join(text.split())


def explained(name: str, person: Person) -> str:
    """Beliefs and reasons for people to read."""
    lines = [f"{name}: {len(person.persona)} items of evidence"]
    for one in beliefs(person):
        leaning = float(str(one["leaning"]))
        side = one["pole"] or "undecided"
        doubt = ", contradicted" if one["contradicted"] else ""
        lines.append(f"  {one['dimension']}: {side} ({100 * max(leaning, 1 - leaning):.0f} %{doubt})")
        reasons = one["because"]
        for reason in reasons if isinstance(reasons, list) else []:
            lines.append(f"    {'+' if reason['sign'] > 0 else '-'}{reason['weight']:.2f}  {reason['text']}")
    if len(lines) == 1:
        say(f"{name}: nothing was read from the evidence")
    return "\n".join(lines)
