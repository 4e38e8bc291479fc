"""Reads the values of one row and checks their types.

RecordError is a reason to drop a row or an evidence item: a text is empty, no text, or not valid Unicode. DataError
means that the file breaks its layout. Both messages name the key; the caller adds path and row.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from penchant.errors import DataError, RecordError

Content = Mapping[str, object]
_ALIKE, _SHORT = 0.85, 4
"""From this likeness on a key is a misspelt one; words of so few letters are alike by chance."""


def text(content: Content, key: str) -> str:
    """A text that must not be empty.

    Raises:
        RecordError: the text is missing, null, empty, only whitespace, not valid Unicode, or no text.
    """
    value = text_or_empty(content, key)
    if not value.strip():
        raise RecordError(f"{key} is {'empty' if key in content else 'missing'}")
    return value


def text_or_empty(content: Content, key: str) -> str:
    """A text; empty when missing or null. Raises as `text`, but accepts empty texts."""
    return text_or_none(content, key) or ""


def text_or_none(content: Content, key: str) -> str | None:
    """A text; None when missing or null. Raises as `text`, but accepts empty texts."""
    value = content.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise RecordError(_mistyped(value, key, "text"))
    return sound(value, key)


def items(content: Content, key: str) -> list[Content]:
    """A list of objects; empty when missing or null.

    Raises:
        DataError: the value is not a list, or an entry is not an object.
    """
    checked: list[Content] = []
    for index, value in enumerate(sequence(content, key) or []):
        if not isinstance(value, Mapping):
            raise DataError(_mistyped(value, f"{key}[{index}]", "an object"))
        checked.append(value)
    return checked


def mapping(content: Content, key: str) -> Content | None:
    """An object; None when missing or null. Raises DataError for another type."""
    value = content.get(key)
    if value is not None and not isinstance(value, Mapping):
        raise DataError(_mistyped(value, key, "an object"))
    return value


def flag(content: Content, key: str) -> bool:
    """True or false. Raises DataError for a missing value or another type."""
    value = content.get(key)
    if not isinstance(value, bool):
        raise DataError(_mistyped(value, key, "true or false"))
    return value


def integer(content: Content, key: str) -> int:
    """A whole number. Raises DataError for a missing value or another type."""
    value = content.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise DataError(_mistyped(value, key, "a whole number"))
    return value


def sequence(content: Content, key: str) -> list[object] | None:
    """A list; None when missing or null. Arrays of numpy and pandas count as lists.

    Raises:
        DataError: the value has another type.
    """
    value = content.get(key)
    if hasattr(value, "tolist"):
        value = value.tolist()
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        raise DataError(_mistyped(value, key, "a list"))
    return list(value)


def identifier(content: Content, key: str) -> str | None:
    """An id as a text, whatever kind of value it is; None when missing, null or empty.

    Raises:
        RecordError: the value is a list or an object.
    """
    value = content.get(key)
    if value is None or isinstance(value, str):
        return text_or_none(content, key)
    if isinstance(value, Mapping | list | tuple):
        raise RecordError(f"{key} is of type {type(value).__name__}; an id belongs there")
    if isinstance(value, float):
        if value != value:  # an empty cell of a column of numbers
            return None
        value = int(value) if value.is_integer() else value
    return str(value)


def refuse_misspelt(keys: Iterable[str], allowed: Iterable[str], *, what: str) -> list[str]:
    """The keys that are not allowed and resemble none that is.

    Raises:
        DataError: a key is one letter or two from an allowed one, so that its content would be lost.
    """
    names = set(allowed)
    extra = [key for key in keys if key not in names]
    for key in extra:
        near = difflib.get_close_matches(key, [name for name in names if len(name) > _SHORT], n=1, cutoff=_ALIKE)
        if near and near[0] not in keys:
            raise DataError(f"{what} has no key '{key}'; nearest is '{near[0]}'; rename it, or rename your own column")
    return extra


def refuse_unknown(keys: Iterable[str], allowed: Iterable[str], *, what: str) -> None:
    """Raises DataError at the first key that is not allowed, and names the nearest allowed key.

    Args:
        what: the object that the message names, for example "a record".
    """
    names = sorted(allowed)
    for key in keys:
        if key not in names:
            near = difflib.get_close_matches(key, names, n=1, cutoff=0.0)[0]
            raise DataError(f"{what} has no key '{key}'; nearest is '{near}'; known are: {', '.join(names)}")


def _mistyped(value: object, key: str, wanted: str) -> str:
    state = "missing" if value is None else f"of type {type(value).__name__}"
    return f"'{key}' is {state}; it must be {wanted}"


def sound(value: str, key: str) -> str:
    """A text that files and tokenizers can hold.

    Raises:
        RecordError: it is not valid Unicode, or has the character NUL.
    """
    try:
        value.encode()
    except UnicodeEncodeError:
        # JSON escapes can contain a lone surrogate, which tokenizers and Parquet files reject
        raise RecordError(f"{key} is not valid Unicode") from None
    if "\0" in value:
        raise RecordError(f"{key} holds the character NUL")
    return value
