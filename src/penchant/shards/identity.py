"""Who stated what is in a row, when, and under which id: read the same way for every layout of other programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from penchant.errors import RecordError
from penchant.shards.fields import Content, identifier
from penchant.shards.layouts.base import USERS, Layout, Sample

_IDS = ("record_id", "id", "uid", "uuid", "comparison_id", "pair_id", "example_id", "question_id", "annotation_id")
_TIMES = tuple(
    [
        "at",
        "timestamp",
        "created_at",
        "tstamp",
        "createdat",
        "submitted_at",
        "annotated_at",
        "reviewed_at",
        "datetime",
        "date",
        "time",
        "ts",
        "inserted_at",
        "updated_at",
        "request_created_at",
        "generated_datetime",
    ]
)
_LONGEST_NAME = 200
_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""From this number on a time counts nanoseconds, microseconds or milliseconds since 1970, not seconds."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The columns of a file that say who, when and which; None where there is none."""

    user: str | None = None
    record: str | None = None
    at: str | None = None
    split: str | None = None
    attribute: str | None = None

    @classmethod
    def of(cls, sample: Sample, layout: Layout, columns: Mapping[str, str]) -> Identity:
        """The columns of a file, from what the user says, what the layout knows, and the names that are usual."""
        spelt = {name.lower(): name for name in sample.columns}
        read = layout.columns - set(columns.values())

        def usual(names: tuple[str, ...]) -> str | None:
            return next((spelt[name] for name in names if name in spelt and spelt[name] not in read), None)

        stated = dict(columns)
        known = layout.fields.get("user_id")
        users = next(
            (
                spelt[name]
                for name in USERS
                if name in spelt and spelt[name] not in read and _names(sample, spelt[name])
            ),
            None,
        )
        return cls(
            user=stated.get("user_id") or (known if known in sample.columns and _names(sample, known) else users),
            record=stated.get("record_id") or usual(_IDS),
            at=stated.get("at") or usual(_TIMES),
            split=stated.get("split") or usual(("split",)),
            attribute=stated.get("attribute") or usual(("attribute",)),
        )

    @property
    def columns(self) -> dict[str, str]:
        """Field -> column, of those that are there."""
        named = {
            "user_id": self.user,
            "record_id": self.record,
            "at": self.at,
            "split": self.split,
            "attribute": self.attribute,
        }
        return {field: column for field, column in named.items() if column is not None}

    def user_of(self, content: Content) -> str | None:
        """The person of a row. Raises RecordError: the value is a list or an object."""
        return None if self.user is None else person_name(content.get(self.user), self.user)


def person_name(value: object, key: str) -> str | None:
    """A person's name or id as a text; None where it is missing. Raises RecordError as `identifier`."""
    if isinstance(value, Mapping):
        value = value.get("id", value.get("email", value.get("user_id")))
    name = identifier({key: value}, key)
    return name.strip() or None if name else None


def time_of(value: object) -> datetime | None:
    """A time from a text, a number of seconds (or smaller units) since 1970, or a time; None where it is unclear."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        try:
            number = float(text)
        except ValueError:
            try:
                found = datetime.fromisoformat(text.replace("/", "-"))
            except ValueError:
                return None
            return found if found.tzinfo else found.replace(tzinfo=UTC)
    elif isinstance(value, int | float):
        number = float(value)
    else:
        return None
    scale = next((per for least, per in _UNITS if number >= least), 1.0)
    try:
        return datetime.fromtimestamp(number / scale, UTC) if number > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def _names(sample: Sample, column: str) -> bool:
    """Whether a column holds names or ids: short values, and no lists."""
    values = sample.values(column)
    try:
        names = [person_name(value, column) for value in values]
    except RecordError:
        return False
    return all(name is None or len(name) <= _LONGEST_NAME for name in names)
