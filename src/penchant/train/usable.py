"""Which records of a training set can be trained on: the method can show each, and it fits the budget.

A record that cannot is left out, with its reason; a run is refused only when nothing is left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from penchant.errors import ModelError, RecordError, TrainingError
from penchant.method import is_known
from penchant.model.tree import pack
from penchant.person import Person, meet_record
from penchant.record import Record
from penchant.train.trees import KINDS, TrainingRow, TrainingSet


@dataclass(frozen=True, slots=True)
class Usable:
    """A training set without the records that it cannot show."""

    training_set: TrainingSet
    bare: int
    """People without any evidence. They are trained on the bare prompt, as they are evaluated."""
    halved: int
    """People whose evidence are their own pairs: in each round half of these are asked about, the others shown."""
    dropped: Mapping[str, tuple[str, ...]]
    """Reason -> ids of the records that are left out."""


def usable(training_set: TrainingSet, *, progress: Callable[[int], None] | None = None) -> Usable:
    """Checks every record before training starts.

    Args:
        progress: called with 1 after each person.
    Raises:
        TrainingError: no record is left, or nobody has evidence; the message names a record.
    """
    kept: list[tuple[Record, ...]] = []
    dropped: dict[str, list[str]] = {}
    bare = halved = 0
    method = training_set.method
    for index, records in enumerate(training_set.people):
        person = training_set.person(TrainingRow(index, 0))
        reasons = _reasons(training_set, records, person)
        sound = tuple(record for record in records if record.record_id not in reasons)
        for record_id, reason in reasons.items():
            dropped.setdefault(reason, []).append(record_id)
        if sound:
            kept.append(sound)
            bare += not is_known(person)
            halved += training_set.shows_own_pairs(index, records[: training_set.pairs_per_person])
        if progress is not None:
            progress(1)
    if not kept:
        reason, names = next(iter(dropped.items()))
        raise TrainingError(f"cannot train {method.name} on record {names[0]}: {reason}; no record is left")
    if bare == len(kept) and method.content != "none":
        raise TrainingError(
            f"cannot train {method.name} on record {kept[0][0].record_id}: the persona has no evidence, "
            "and neither has any other; give evidence, let --history make it of other rows, or train with method "
            "'universal'"
        )
    reasons_of = {reason: tuple(names) for reason, names in dropped.items()}
    return Usable(replace(training_set, people=tuple(kept)), bare, halved, reasons_of)


def _reasons(training_set: TrainingSet, records: tuple[Record, ...], person: Person) -> dict[str, str]:
    """Record id -> why it cannot be trained on."""
    limited = training_set.tokenizer.context is not None or training_set.max_prompt_tokens is not None
    reasons: dict[str, str] = {}
    # without limits, whether a record can be shown depends on the person alone
    asked = records if limited or training_set.max_tree_tokens else records[:1]
    for record in asked:
        if (reason := _reason(training_set, record, person)) is not None:
            reasons[record.record_id] = reason
    if len(asked) < len(records) and reasons:
        reasons = {record.record_id: next(iter(reasons.values())) for record in records}
    # a later round may draw evidence of a single kind
    for kind in KINDS[:-1]:
        selection = records[0].persona.select(kind)
        if training_set.can_show(selection, records[0]) and records[0].record_id not in reasons:
            reason = _reason(training_set, records[0], meet_record(records[0], selection, training_set.space))
            if reason is not None:
                reasons |= {record.record_id: reason for record in records}
    return reasons


def _reason(training_set: TrainingSet, record: Record, person: Person) -> str | None:
    limit = training_set.max_tree_tokens
    try:
        if limit is None:
            training_set.messages(person, record)
            return None
        tokens = len(pack(training_set.branches(person, [record])).ids)
    except (RecordError, ModelError) as error:
        return str(error)
    if tokens > limit:
        return f"the record alone has more tokens than max_tree_tokens, {limit}; raise it, or lower max_prompt_tokens"
    return None
