"""A correction: a person's own statement about one of their preferences, for instance by moving a slider.

A correction outranks everything that is inferred from evidence; see `person.meet`.
"""

from __future__ import annotations

from dataclasses import dataclass

from penchant.errors import SpaceError
from penchant.space import Sign


@dataclass(frozen=True, slots=True)
class Correction:
    """What the person says about one dimension; sign 0 means "this is not about me"."""

    dimension_id: str
    sign: Sign

    def __post_init__(self) -> None:
        if self.sign not in (-1, 0, 1):
            raise SpaceError(f"correction of '{self.dimension_id}': sign {self.sign!r} is not -1, 0 or +1")
