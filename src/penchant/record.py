"""A record: one preference of one person, with what is known of that person.

The unit of every file, trainer and table. A record that cannot be used is not built: RecordError says why, and
readers count it and set it aside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from penchant.errors import RecordError
from penchant.persona import Persona
from penchant.space import Direction


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a record came from. Never model input."""

    dataset: str = ""
    attribute: str = ""
    """How the label was made, or which subset the row belongs to; for analysis only."""
    phrasing: str = ""
    """Simulated data: `known` or `unseen` wording; empty elsewhere."""
    meta: str = ""
    """JSON with licence and source."""


@dataclass(frozen=True, slots=True)
class Record:
    """`chosen` is what this person prefers to `rejected` under `prompt`."""

    record_id: str
    user_id: str | None
    prompt: str
    chosen: str
    rejected: str
    persona: Persona = field(default_factory=Persona)
    direction: Direction | None = None
    """Direction of this very pair: what the chosen answer has more of. Never model input, or the label leaks."""
    profile: Direction | None = None
    """Direction of the person as a file states it (published `profile`), when the evidence has none of its own."""
    golden: Direction | None = None
    """The person's true direction, known for simulated people only."""
    split: str = "train"
    provenance: Provenance = field(default_factory=Provenance)

    def __post_init__(self) -> None:
        for name in ("prompt", "chosen", "rejected"):
            if not getattr(self, name).strip():
                raise RecordError(f"record '{self.record_id}' has an empty {name}; fill it in or drop the row")

    @property
    def person_id(self) -> str:
        """Whose it is: the user's id, or the record's own where nobody is named, who is then one person apart."""
        return self.user_id or self.record_id


def people_digest(records: Iterable[Record]) -> str:
    """Which people some records are of, in 16 hexadecimal digits that name nobody; whatever else is in the records.

    Cards of what was fitted keep it, so that it can be told later on whom.
    """
    people = sorted({record.person_id for record in records})
    return hashlib.sha256("\0".join(people).encode()).hexdigest()[:16]
