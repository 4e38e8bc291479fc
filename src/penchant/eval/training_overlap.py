"""Checks whether tested people were in the training data, by model cards or by the training file.

Cards detect an identical set of people, not a partial overlap. The training file, if the user names it, detects both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from penchant.record import Record, people_digest


@dataclass(frozen=True, slots=True)
class Overlap:
    """The result of the check: are any tested people in the training data?"""

    sentence: str
    excluded: bool
    """Whether it is certain that no tested person is in the training data."""

    @classmethod
    def of(
        cls,
        records: Sequence[Record],
        dataset: str,
        fitted: Mapping[str, Collection[str]],
        fit_on: Sequence[Record] | None,
    ) -> Overlap:
        """The overlap of the people of some records with the people that models and scorers were fitted on.

        Args:
            fitted: model or scorer -> digests of the people it was fitted on, from its card; see
                `record.people_digest`.
            fit_on: the records that the user names as training data; None if the user names none.
        """
        people = {record.person_id for record in records}
        own = people_digest(records)
        on_these = [name for name, digests in fitted.items() if own in digests]
        if not on_these:
            return cls._partial(people, dataset, fitted, fit_on)
        caught = f"{_names(on_these)} fitted on just these {len(people)} people: no measure of new people."
        rest = {name: digests for name, digests in fitted.items() if name not in on_these}
        if not rest:
            return cls(caught, excluded=False)
        other = cls._partial(people, dataset, rest, fit_on)
        return cls(f"{caught} Of {', '.join(rest)}: {other.sentence}", excluded=False)

    @classmethod
    def _partial(
        cls,
        people: Collection[str],
        dataset: str,
        fitted: Mapping[str, Collection[str]],
        fit_on: Sequence[Record] | None,
    ) -> Overlap:
        """The overlap where no card names exactly these people."""
        if fit_on is None:
            return cls(
                f"These are the people of {dataset}; whether any was met in training was not checked (`fit_data`).",
                excluded=False,
            )
        if both := set(people) & {record.person_id for record in fit_on}:
            return cls(
                f"{len(both)} of these {len(people)} people were met in training: no measure of new people.",
                excluded=False,
            )
        named = {people_digest(fit_on)}
        others = [name for name, digests in fitted.items() if set(digests) != named]
        if others:
            return cls(
                f"None of these {len(people)} people is among those of `fit_data`; but {_names(others)} fitted on "
                "others, or on people that no card names, and may have met them.",
                excluded=False,
            )
        return cls(f"None of these {len(people)} people was met in training.", excluded=True)


def _names(names: Sequence[str]) -> str:
    return f"{', '.join(names)} {'was' if len(names) == 1 else 'were'}"
