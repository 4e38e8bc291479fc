"""Times in the forms that files have."""

from __future__ import annotations

from datetime import UTC, datetime

_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""From this number on a time counts nanoseconds, microseconds or milliseconds since 1970, not seconds."""


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
