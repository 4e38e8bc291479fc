"""Whether people who are measured were met in training, as far as it can be told from cards and named data."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from penchant.record import Record, people_digest


@dataclass(frozen=True, slots=True)
class Met:
    """What can be said of it."""

    sentence: str
    known: bool
    """Whether it is certain that nobody was met."""

    @classmethod
    def of(
        cls,
        records: Sequence[Record],
        dataset: str,
        fitted: Mapping[str, Collection[str]],
        fit_on: Sequence[Record] | None,
    ) -> Met:
        """Of the people of some records.

        Args:
            fitted: by model or scorer, the digests of the people it was fitted on, as its card has them; see
                `record.people_digest`.
            fit_on: what they are said to have been fitted on; None where nothing is said.
        """
        people = {record.person_id for record in records}
        own = people_digest(records)
        on_these = [name for name, digests in fitted.items() if own in digests]
        if not on_these:
            return cls._otherwise(people, dataset, fitted, fit_on)
        caught = f"{_names(on_these)} fitted on just these {len(people)} people: no measure of new people."
        rest = {name: digests for name, digests in fitted.items() if name not in on_these}
        if not rest:
            return cls(caught, False)
        return cls(f"{caught} Of {', '.join(rest)}: {cls._otherwise(people, dataset, rest, fit_on).sentence}", False)

    @classmethod
    def _otherwise(
        cls,
        people: Collection[str],
        dataset: str,
        fitted: Mapping[str, Collection[str]],
        fit_on: Sequence[Record] | None,
    ) -> Met:
        """Of what is not known to have been fitted on all of these people."""
        if fit_on is None:
            return cls(
                f"These are the people of {dataset}; whether any was met in training was not checked (--fit-data).",
                False,
            )
        if met := set(people) & {record.person_id for record in fit_on}:
            return cls(
                f"{len(met)} of these {len(people)} people were met in training: no measure of new people.", False
            )
        named = {people_digest(fit_on)}
        others = [name for name, digests in fitted.items() if set(digests) != named]
        if others:
            return cls(
                f"None of these {len(people)} people is among those of --fit-data; but {_names(others)} fitted on "
                "others, or on people that no card tells, and may have met them.",
                False,
            )
        return cls(f"None of these {len(people)} people was met in training.", True)


def _names(names: Sequence[str]) -> str:
    return f"{', '.join(names)} {'was' if len(names) == 1 else 'were'}"
