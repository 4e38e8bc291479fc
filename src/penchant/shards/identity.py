"""Who stated what is in a row, when, and under which id: read the same way for every layout of other programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from penchant.errors import RecordError
from penchant.shards.fields import Content, identifier
from penchant.shards.layouts.base import USERS, Layout, Sample, cell

_NESTED_USERS = ("user_id", "userid", "annotator_id", "user_identifier", "customer_id")
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
        "created",
        "created_date",
        "created_utc",
        "start_time",
        "updated_at",
        "request_created_at",
        "generated_datetime",
    ]
)
_LONGEST_NAME, _MOST_WORDS = 200, 4
"""Characters of a name or id, at most, and its words, on average."""


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
        spelt = sample.plain()
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
        ids = [spelt[name] for name in _IDS if name in spelt and spelt[name] not in read]

        def unique(column: str) -> bool:
            """Whether a column tells rows apart; `id` may be that of a task, which several people answered."""
            if column == "record_id":
                return True
            try:
                values = [identifier(row, column) for row in sample.rows if row.get(column) is not None]
            except RecordError:
                return False
            return len(set(values)) == len(values)

        if users is None and "uid" in spelt and not unique(spelt["uid"]):
            users = spelt["uid"]
        if users is None:  # an id may stand in an object, such as `metadata.user_id`
            nested = (path for path in sample.nested() if path.split(".")[0] not in read)
            users = next((path for path in nested if path.rpartition(".")[2].lower() in _NESTED_USERS), None)
        return cls(
            user=stated.get("user_id") or (known if known in sample.columns and _names(sample, known) else users),
            record=stated.get("record_id") or next((name for name in ids if unique(name)), None),
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
        return None if self.user is None else person_name(cell(content, self.user), self.user)


def person_name(value: object, key: str) -> str | None:
    """A person's name or id as a text; None where it is missing. Raises RecordError as `identifier`."""
    if isinstance(value, Mapping):
        value = value.get("id", value.get("email", value.get("user_id")))
    name = identifier({key: value}, key)
    return name.strip() or None if name else None


def _names(sample: Sample, column: str) -> bool:
    """Whether a column holds names or ids: values of few words, and no lists."""
    values = sample.values(column)
    try:
        names = [person_name(value, column) for value in values]
    except RecordError:
        return False
    known = [name for name in names if name is not None]
    words = sum(len(name.split()) for name in known)
    if values and not known:
        return False
    return all(len(name) <= _LONGEST_NAME for name in known) and words <= _MOST_WORDS * len(known)
