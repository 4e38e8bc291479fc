"""A record: one preference of one person, with the evidence about that person.

Files, trainers and tables all consist of records. Building a record with an empty text raises RecordError. Functions
that read files drop such a row and count it under this reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from penchant.errors import RecordError
from penchant.message import Conversation, conversation
from penchant.persona import Persona
from penchant.space import Direction


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a record comes from. Never model input."""

    dataset: str = ""
    attribute: str = ""
    """How the label was made, or the subset that the row belongs to; for analysis only."""
    phrasing: str = ""
    """Simulated data only: `known` or `unseen` wording. Empty for other data."""
    meta: str = ""
    """JSON with licence and source."""


@dataclass(frozen=True, slots=True)
class Record:
    """One preference: under `prompt`, this person prefers `chosen` to `rejected`."""

    record_id: str
    user_id: str | None
    prompt: Conversation
    """What `chosen` and `rejected` answer: turns that end with the user's. A plain text becomes one user turn."""
    chosen: str
    rejected: str
    persona: Persona = field(default_factory=Persona)
    direction: Direction | None = None
    """Direction of this pair: poles that `chosen` shows more than `rejected`. Never model input, as it is the label."""
    profile: Direction | None = None
    """Direction of the person as a file states it (published `profile`), for evidence without directions."""
    golden: Direction | None = None
    """The true direction of a simulated person; None for real people."""
    split: str = "train"
    provenance: Provenance = field(default_factory=Provenance)
    at: datetime | None = None
    """When the person chose; None: unknown."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "prompt", _prompt_of(self.record_id, self.prompt))
        for name in ("chosen", "rejected"):
            if not getattr(self, name).strip():
                raise RecordError(f"record '{self.record_id}' has an empty {name}; fill it in or drop the row")

    @property
    def task(self) -> str:
        """The last user turn: what the two answers answer."""
        return self.prompt[-1].content

    @property
    def person_id(self) -> str:
        """The user id; without one the record id, so that each anonymous record counts as a person of its own."""
        return self.user_id or self.record_id


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt of a person that nobody has answered yet: what a model may be shown, without a choice to learn from."""

    record_id: str
    user_id: str | None
    prompt: Conversation
    persona: Persona = field(default_factory=Persona)
    profile: Direction | None = None
    split: str = "train"
    provenance: Provenance = field(default_factory=Provenance)
    at: datetime | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "prompt", _prompt_of(self.record_id, self.prompt))

    @property
    def task(self) -> str:
        """The last user turn."""
        return self.prompt[-1].content

    @property
    def person_id(self) -> str:
        """As that of a record."""
        return self.user_id or self.record_id


def _prompt_of(record_id: str, prompt: Conversation) -> Conversation:
    try:
        return conversation(prompt)
    except RecordError as error:
        raise RecordError(f"record '{record_id}': {error}; correct it or drop the row") from error


def people_digest(records: Iterable[Record | Question]) -> str:
    """Hash of the set of people in the records, 16 hexadecimal digits; it does not reveal their ids.

    Cards of models and scorers store it, so that a later evaluation can detect that it uses the same set of people. A
    partial overlap cannot be detected.
    """
    people = sorted({record.person_id for record in records})
    return hashlib.sha256("\0".join(people).encode()).hexdigest()[:16]
