"""The preference space: named dimensions with two poles (opposite sides), and directions over these dimensions.

A Direction has one sign per dimension: +1 the positive pole is preferred, -1 the negative pole, 0 neutral or unknown.
Published AlignX files encode these three values as 1, 0 and 0.5; `from_published` and `published` convert. Signs are
stored by position, so a space is identified by a digest of its content; its name alone is not enough.

This module knows nothing about people, texts or models. Source: AlignX, arXiv:2503.15463, section 3, in the released
order of dimensions.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache
from importlib import resources
from numbers import Real
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from penchant.errors import SpaceError, SpaceMismatch

Sign = Literal[-1, 0, 1]
_DEMOGRAPHIC = "demographic"
"""The origin that marks a dimension as protected; in alignx90, age and gender have it."""
_OPEN = "+demographics"
"""Suffix of a space name: evidence may then determine protected dimensions too."""
_PUBLISHED: Mapping[float, int] = {0.0: 255, 0.5: 0, 1.0: 1}
"""Published value -> sign as one byte of int8; 255 is -1. A table, because the lookup runs for every item of a file."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """One axis along which people differ."""

    id: str
    """Stable key, lower case with underscores."""
    name: str
    """The published name, for people to read."""
    group: str
    """In alignx90: trait, need, life, quality or interest. Any text in other spaces."""
    positive: str
    """What a person at +1 prefers, as one phrase."""
    negative: str
    """What a person at -1 prefers; in groups need and quality this is indifference, not the opposite."""
    origin: str = ""
    """The taxonomy or source that the dimension comes from."""

    def pole(self, sign: Sign) -> str:
        """The phrase of one pole. Raises SpaceError for sign 0, which has no phrase."""
        if sign == 0:
            raise SpaceError(f"dimension '{self.id}': neutral has no pole phrase; ask for +1 or -1")
        return self.positive if sign > 0 else self.negative


@dataclass(frozen=True)
class PreferenceSpace:
    """An ordered set of dimensions."""

    name: str
    dimensions: tuple[Dimension, ...]
    protected: bool = field(default=True, compare=False)
    """Whether evidence may not determine dimensions of demographic origin. Annotators and beliefs then skip these
    dimensions; only what the person states (a correction or a profile) sets them. Two spaces that differ only here are
    equal, because their vectors mean the same."""
    _index: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index = {dimension.id: i for i, dimension in enumerate(self.dimensions)}
        if not self.dimensions:
            raise SpaceError(f"space '{self.name}' has no dimension; give it at least one")
        if len(index) != len(self.dimensions):
            raise SpaceError(f"space '{self.name}' names a dimension id twice; ids must be unique")
        object.__setattr__(self, "_index", index)

    def __len__(self) -> int:
        return len(self.dimensions)

    @cached_property
    def digest(self) -> str:
        """Twelve hex digits that identify the space: a hash of all fields of its dimensions, in order."""
        content = json.dumps([asdict(dimension) for dimension in self.dimensions], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    @cached_property
    def withheld(self) -> NDArray[np.bool_]:
        """True for each dimension that evidence may not determine because it is protected, (len(self),)."""
        return np.array([self.protected and dimension.origin == _DEMOGRAPHIC for dimension in self.dimensions])

    def index(self, dimension_id: str) -> int:
        """Position of a dimension. Raises SpaceError for an unknown id; the message names the nearest id."""
        try:
            return self._index[dimension_id]
        except KeyError:
            near = difflib.get_close_matches(dimension_id, self._index, n=1, cutoff=0.0)
            raise SpaceError(f"space '{self.name}' has no dimension '{dimension_id}'; nearest is '{near[0]}'") from None

    def subset(self, dimension_ids: Iterable[str], *, name: str) -> PreferenceSpace:
        """A new space with only the dimensions in `dimension_ids`, in the order of this space."""
        wanted = sorted({self.index(dimension_id) for dimension_id in dimension_ids})
        return PreferenceSpace(name, tuple(self.dimensions[i] for i in wanted), self.protected)

    def opened(self) -> PreferenceSpace:
        """The same space without protection: evidence may determine every dimension."""
        return replace(self, protected=False)

    def as_toml(self) -> str:
        """The space as the text of a TOML file, which `parse_space` reads."""
        blocks = [
            "[[dimension]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in asdict(dimension).items())
            for dimension in self.dimensions
        ]
        opened = "" if self.protected else "protected = false\n"
        return "\n".join([f"name = {json.dumps(self.name)}\n{opened}", *blocks])

    def direction(self, signs: Mapping[str, Sign] | None = None) -> Direction:
        """A direction from signs by dimension id; all other dimensions are neutral."""
        vector = np.zeros(len(self), dtype=np.int8)
        for dimension_id, sign in (signs or {}).items():
            if sign not in (-1, 0, 1):
                raise SpaceError(f"dimension '{dimension_id}': sign {sign!r} is not -1, 0 or +1")
            vector[self.index(dimension_id)] = sign
        return Direction(self, vector)


class Direction:
    """Signs over one space, immutable. Two directions are equal when spaces, signs and probabilities are equal."""

    __slots__ = ("confidence", "signs", "space")

    space: PreferenceSpace
    signs: NDArray[np.int8]
    """(len(space),), int8, each -1, 0 or +1; read-only."""
    confidence: NDArray[np.float32] | None
    """(len(space),), probability of each inferred sign, in (0, 1]; None when the signs are taken as true."""

    def __init__(
        self,
        space: PreferenceSpace,
        signs: Sequence[int] | NDArray[np.int8],
        confidence: Sequence[float] | NDArray[np.float32] | None = None,
    ) -> None:
        raw = np.asarray(signs)
        if raw.shape != (len(space),):
            raise SpaceError(
                f"a direction over space '{space.name}' needs {len(space)} values, got {raw.size}; "
                "check which space the data was written for"
            )
        if not ((raw == 0) | (raw == 1) | (raw == -1)).all():
            raise SpaceError(f"a direction holds -1, 0 and +1 only, got {sorted(set(raw.tolist()))[:5]}")
        vector = raw.astype(np.int8)
        vector.flags.writeable = False
        object.__setattr__(self, "space", space)
        object.__setattr__(self, "signs", vector)
        object.__setattr__(self, "confidence", None if confidence is None else _confidences(vector, confidence))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Direction is immutable; cannot set '{name}'")

    def __reduce__(self) -> tuple[type[Direction], tuple[PreferenceSpace, list[int], list[float] | None]]:
        confidence = None if self.confidence is None else self.confidence.tolist()
        return (Direction, (self.space, self.signs.tolist(), confidence))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Direction):
            return NotImplemented
        same = self.space.digest == other.space.digest and bool((self.signs == other.signs).all())
        return same and bool((self.probabilities() == other.probabilities()).all())

    def __hash__(self) -> int:
        return hash((self.space.digest, self.signs.tobytes()))

    def __repr__(self) -> str:
        poles = ", ".join(f"{'+' if sign > 0 else '-'}{dimension.id}" for dimension, sign in self.poles())
        return f"Direction({self.space.name}: {poles or 'neutral'})"

    @classmethod
    def from_published(cls, space: PreferenceSpace, values: Sequence[float]) -> Direction:
        """A direction from the published encoding: 1 positive pole, 0 negative pole, 0.5 neutral.

        Raises:
            SpaceError: wrong length, or a value outside {0, 0.5, 1}; the message names the dimension.
        """
        if len(values) != len(space):
            raise SpaceError(
                f"'Preference Direction' has {len(values)} values, space '{space.name}' has {len(space)} dimensions; "
                "load the file with the space it was written for"
            )
        # check types first: Decimal and complex numbers equal to a key would pass the table lookup
        numbers = all(issubclass(kind, Real) for kind in set(map(type, values)))
        try:
            coded = bytes(map(_PUBLISHED.__getitem__, values)) if numbers else None
        except KeyError:
            coded = None
        if coded is None:
            dimension, value = next(
                (dimension, value)
                for dimension, value in zip(space.dimensions, values, strict=True)
                if not isinstance(value, Real) or value not in _PUBLISHED
            )
            raise SpaceError(f"'Preference Direction' of '{dimension.id}' is {value!r}; allowed are 0, 0.5 and 1")
        direction = cls.__new__(cls)
        object.__setattr__(direction, "space", space)
        object.__setattr__(direction, "signs", np.frombuffer(coded, dtype=np.int8))  # read-only, because bytes are
        object.__setattr__(direction, "confidence", None)
        return direction

    def published(self) -> list[float]:
        """The direction in the published encoding: 1, 0 or 0.5 per dimension."""
        return [(int(sign) + 1) / 2 for sign in self.signs]

    def poles(self) -> list[tuple[Dimension, Sign]]:
        """Non-neutral dimensions with their signs, in index order."""
        return [(self.space.dimensions[i], 1 if self.signs[i] > 0 else -1) for i in np.flatnonzero(self.signs)]

    def sign(self, dimension_id: str) -> Sign:
        """The sign of one dimension."""
        value = int(self.signs[self.space.index(dimension_id)])
        return 1 if value > 0 else -1 if value < 0 else 0

    def probabilities(self) -> NDArray[np.float32]:
        """Probability of each sign, (len(space),); 1 for neutral dimensions and for signs taken as true."""
        return np.ones(len(self.space), dtype=np.float32) if self.confidence is None else self.confidence

    def flipped(self) -> Direction:
        """This direction with the opposite pole on every non-neutral dimension."""
        return Direction(self.space, -self.signs, self.confidence)

    def without_withheld(self, space: PreferenceSpace) -> Direction:
        """This direction with every dimension that `space` withholds set to neutral."""
        kept = np.where(space.withheld, 0, self.signs)
        return self if (kept == self.signs).all() else Direction(self.space, kept, self.confidence)

    def overlaid(self, signs: Mapping[str, Sign]) -> Direction:
        """This direction with the dimensions in `signs` replaced; the new signs count as certain."""
        if not signs:
            return self
        overlay = self.space.direction(signs)
        vector = self.signs.copy()
        for dimension_id in signs:
            vector[self.space.index(dimension_id)] = overlay.sign(dimension_id)
        if self.confidence is None:
            return Direction(self.space, vector)
        confidence = self.confidence.copy()
        confidence[[self.space.index(dimension_id) for dimension_id in signs]] = 1.0
        return Direction(self.space, vector, confidence)

    def require(self, space: PreferenceSpace, *, where: str) -> None:
        """Raises SpaceMismatch unless this direction is over `space`.

        Args:
            where: the file, record or item that the message names.
        """
        if self.space.digest != space.digest:
            raise SpaceMismatch(
                f"{where}: written for space '{self.space.name}' ({self.space.digest}), "
                f"used with '{space.name}' ({space.digest}); pass the space it was written for"
            )


def _confidences(signs: NDArray[np.int8], confidence: Sequence[float] | NDArray[np.float32]) -> NDArray[np.float32]:
    values = np.array(confidence, dtype=np.float32)
    if values.shape != signs.shape or not ((values > 0) & (values <= 1)).all():
        raise SpaceError(f"the probabilities of a direction are {len(signs)} numbers above 0 and up to 1")
    values[signs == 0] = 1.0
    values.flags.writeable = False
    return values


def parse_space(text: str, *, where: str) -> PreferenceSpace:
    """A space from the text of a TOML file: `name` and `[[dimension]]` blocks.

    Args:
        where: the file that the message names.
    Raises:
        SpaceError: not TOML, or without the keys of a space file.
    """
    try:
        content = tomllib.loads(text)
        dimensions = tuple(Dimension(**block) for block in content["dimension"])
        return PreferenceSpace(content["name"], dimensions, bool(content.get("protected", True)))
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise SpaceError(
            f"{where} is not a space file ({error}); it needs 'name' and [[dimension]] blocks with "
            "id, name, group, positive, negative, origin"
        ) from error


SPACE_FILE = "space.toml"
"""Name of the space file that is stored with records of a custom space."""


def find_space_file(data: Path) -> Path | None:
    """The space file in the folder `data`, or beside the file or folder `data`; None when there is none."""
    return next((folder / SPACE_FILE for folder in (data, data.parent) if (folder / SPACE_FILE).is_file()), None)


@lru_cache
def load_space(name: str = "alignx90") -> PreferenceSpace:
    """A shipped space, by its name, or a custom space, by the path of its .toml file.

    With the suffix `+demographics`, evidence may also determine protected dimensions such as age and gender.

    Raises:
        SpaceError: there is no such space or file, or the file is not a space file.
    """
    if name.endswith(_OPEN):
        return load_space(name.removesuffix(_OPEN)).opened()
    if name.endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            raise SpaceError(f"no space file at {name}; check the path")
        return parse_space(path.read_text(encoding="utf-8"), where=name)
    entries = [entry.name for entry in resources.files("penchant.spaces").iterdir()]
    shipped = sorted(entry.removesuffix(".toml") for entry in entries if entry.endswith(".toml"))
    if name not in shipped:
        raise SpaceError(
            f"no space named '{name}'; shipped are: {', '.join(shipped)}; give your own by the path of its .toml file"
        )
    text = (resources.files("penchant.spaces") / f"{name}.toml").read_text(encoding="utf-8")
    return parse_space(text, where=f"{name}.toml")
