"""The manifest of a folder of shards: their contents, their space, and checksums that detect changes.

The manifest is written last, so its presence means that every shard is complete.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from penchant.errors import DataError, RecordError, SpaceMismatch
from penchant.shards.atomic import replacing
from penchant.shards.fields import Content, flag, integer, items, mapping, text
from penchant.space import PreferenceSpace

MANIFEST = "manifest.json"
FORMAT = 2
"""Version of the layout; incremented when older versions of penchant cannot read the new layout. Since 2, answers are
turns, as TRL has them."""
_READ = (1, 2)
SHARD = re.compile(r"part-\d{5}\.parquet")


@dataclass(frozen=True, slots=True)
class SpaceStamp:
    """Identifies the space of some directions."""

    name: str
    digest: str

    @classmethod
    def of(cls, space: PreferenceSpace | None) -> SpaceStamp | None:
        """The stamp of a space; None for None."""
        return None if space is None else cls(space.name, space.digest)

    def require(self, space: PreferenceSpace | None, *, where: str) -> None:
        """Raises SpaceMismatch unless `space` has the digest of this stamp; the names may differ."""
        if space is not None and space.digest == self.digest:
            return
        loaded = "without a space" if space is None else f"with '{space.name}' ({space.digest})"
        raise SpaceMismatch(
            f"{where}: written for space '{self.name}' ({self.digest}), loaded {loaded}; pass space '{self.name}'"
        )


@dataclass(frozen=True, slots=True)
class Shard:
    """One Parquet file of a folder of records."""

    name: str
    records: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest of a folder of shards."""

    space: SpaceStamp | None
    """None when no record has a direction."""
    shards: tuple[Shard, ...]
    seed: int | None
    """The seed that the records were made with; None without a seed."""
    simulated: bool
    """Whether the people are simulated; tables must state it."""
    rows: int
    """Number of source rows that were read; the number of records when the source has no counts."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Reason -> number of source rows that were set aside."""

    @property
    def records(self) -> int:
        """Number of records in all shards."""
        return sum(shard.records for shard in self.shards)

    def write(self, folder: Path) -> None:
        """Writes the manifest atomically."""
        content = {"format": FORMAT, "records": self.records, **asdict(self)}
        with replacing(folder / MANIFEST) as temporary:
            temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    def verify(self, folder: Path) -> None:
        """Raises DataError when a shard has changed since it was written."""
        for shard in self.shards:
            if sha256_of(folder / shard.name) != shard.sha256:
                raise DataError(
                    f"{folder / shard.name}: changed since it was written (its sha256 is not the manifest's); "
                    "write the folder again"
                )


def read_manifest(folder: str | Path) -> Manifest:
    """The manifest of a folder, for example to count its records without reading them.

    Raises:
        DataError: the manifest is missing, is broken, has another format, or names a missing shard.
    """
    path = Path(folder) / MANIFEST
    if not path.is_file():
        raise DataError(
            f"{folder}: has no {MANIFEST}, so it was not written to the end, or not by penchant; write the folder again"
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: not a manifest ({error!r}); write the folder again") from error
    if "penchant build" in str(version):
        raise DataError(f"{folder} is a data set that was built, with splits; give {folder}/train or {folder}/test")
    if version not in _READ:
        raise DataError(f"{path}: format {version!r}, this penchant reads {FORMAT}; install the penchant that wrote it")
    try:
        manifest = _parsed(content)
    except (DataError, RecordError) as error:
        raise DataError(f"{path}: broken ({error}); write the folder again") from error
    for shard in manifest.shards:
        if not (path.parent / shard.name).is_file():
            raise DataError(f"{path.parent / shard.name}: named in {MANIFEST} but missing; write the folder again")
    return manifest


def sha256_of(path: Path) -> str:
    """SHA-256 checksum of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(path: Path) -> str:
    """SHA-256 checksum of a file or a folder, hexadecimal.

    For a folder of shards it is the checksum of the manifest, which contains those of the shards.
    """
    if path.is_file():
        return sha256_of(path)
    if (path / MANIFEST).is_file():
        return sha256_of(path / MANIFEST)
    files = sorted(entry for entry in path.iterdir() if entry.is_file())
    return hashlib.sha256("".join(f"{file.name} {sha256_of(file)}\n" for file in files).encode()).hexdigest()


def parse_shards(content: Content) -> list[Shard]:
    """The shards listed in a manifest or in the progress file of an unfinished folder.

    Raises:
        DataError, RecordError: the list is broken, or a name is not that of a shard.
    """
    shards = [
        Shard(name=text(entry, "name"), records=integer(entry, "records"), sha256=text(entry, "sha256"))
        for entry in items(content, "shards")
    ]
    for shard in shards:
        # a name that contains a path would point outside the folder
        if not SHARD.fullmatch(shard.name):
            raise DataError(f"a shard is named '{shard.name}'; shards are named part-00000.parquet and so on")
    return shards


def _parsed(content: Content) -> Manifest:
    space = mapping(content, "space")
    dropped = mapping(content, "dropped") or {}
    manifest = Manifest(
        space=SpaceStamp(text(space, "name"), text(space, "digest")) if space is not None else None,
        shards=tuple(parse_shards(content)),
        seed=integer(content, "seed") if content.get("seed") is not None else None,
        simulated=flag(content, "simulated"),
        rows=integer(content, "rows"),
        dropped={reason: integer(dropped, reason) for reason in dropped},
    )
    stated = integer(content, "records")
    if manifest.records != stated:
        raise DataError(f"its shards hold {manifest.records} records, 'records' says {stated}")
    return manifest
