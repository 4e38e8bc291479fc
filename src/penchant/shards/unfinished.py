"""A folder of shards that takes long: written shard by shard, and gone on with where it was stopped.

Until it is complete its shards stand in a hidden folder inside it, beside a list of those that are whole and of what
they were made from. Then they are moved, the manifest last; records that the folder held before stay until then.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from penchant.errors import DataError, RecordError
from penchant.record import Record
from penchant.shards.atomic import replacing
from penchant.shards.fields import mapping, text
from penchant.shards.manifest import MANIFEST, Manifest, Shard, SpaceStamp, parse_shards, sha256_of
from penchant.shards.parquet import shard_name, shard_paths, write_shard
from penchant.space import PreferenceSpace

_HIDDEN, _LIST = ".unfinished", "progress.json"
_ANEW = "start anew with --overwrite in place of --resume"


@dataclass(eq=False)
class Unfinished:
    """What is written of a folder so far."""

    folder: Path
    space: PreferenceSpace
    made_from: Mapping[str, str]
    """What decides the records, by the name a person knows it under -> digest or value."""
    shards: list[Shard]
    """Those that are whole, in order."""

    @classmethod
    def begin(
        cls, folder: Path, space: PreferenceSpace, made_from: Mapping[str, str], *, resume: bool, overwrite: bool
    ) -> Unfinished:
        """The beginning of a folder, or with `resume` what a run that was stopped left of it, if one did.

        Raises:
            DataError: as `require_room`; or what was left is damaged, or was made from something else.
        """
        require_room(folder, resume=resume, overwrite=overwrite)
        if resume and stopped(folder):
            return cls(folder, space, made_from, _left(folder, made_from))
        _remove(folder / _HIDDEN)
        return cls(folder, space, made_from, [])

    def add(self, records: Iterable[Record]) -> None:
        """Writes the next shard; once this returns, it is not lost when the run stops."""
        hidden = self.folder / _HIDDEN
        hidden.mkdir(parents=True, exist_ok=True)
        self.shards.append(write_shard(hidden / shard_name(len(self.shards)), records, self.space))
        content = {"made_from": dict(self.made_from), "shards": [asdict(shard) for shard in self.shards]}
        with replacing(hidden / _LIST) as temporary:
            temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    def finish(
        self, *, rows: int, dropped: Mapping[str, int], simulated: bool, files: Mapping[str, str] | None = None
    ) -> Manifest:
        """Puts the shards in place of what the folder held; a run that is stopped here can be gone on with too.

        Args:
            rows, dropped, simulated: see `Manifest`.
            files: name -> content of files that belong to the shards.
        """
        manifest = Manifest(SpaceStamp.of(self.space), tuple(self.shards), None, simulated, rows, dropped)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / MANIFEST).unlink(missing_ok=True)
        ours = {shard.name for shard in self.shards}
        for old in shard_paths(self.folder):
            if old.name not in ours:
                old.unlink()
        for name in ours:
            if (self.folder / _HIDDEN / name).exists():
                (self.folder / _HIDDEN / name).replace(self.folder / name)
        for name, content in (files or {}).items():
            with replacing(self.folder / name) as temporary:
                temporary.write_text(content, encoding="utf-8")
        # manifest last: its presence means every shard is complete
        manifest.write(self.folder)
        _remove(self.folder / _HIDDEN)
        return manifest


def stopped(folder: Path) -> bool:
    """Whether a run that was stopped left shards in a folder."""
    return (folder / _HIDDEN / _LIST).is_file()


def require_room(folder: Path, *, resume: bool, overwrite: bool) -> None:
    """Raises DataError when a folder holds something that was not asked to be gone on with or replaced."""
    if overwrite or (resume and stopped(folder)):
        return
    if stopped(folder):
        raise DataError(f"{folder} holds a run that was stopped; go on with --resume, or start anew with --overwrite")
    if (folder / MANIFEST).exists():
        if resume:
            raise DataError(f"{folder} holds a finished run, and there is nothing to go on with; use it as it is")
        raise DataError(f"{folder} holds records already; give another --out, or add --overwrite")
    if old := shard_paths(folder):
        raise DataError(
            f"{folder} holds {old[0].name} but no {MANIFEST}, left by a broken write or another program; "
            "give another --out, or add --overwrite"
        )


def _remove(hidden: Path) -> None:
    if hidden.exists():
        shutil.rmtree(hidden)


def _left(folder: Path, made_from: Mapping[str, str]) -> list[Shard]:
    """The shards of a run that was stopped, once it is sure that they are what this one would write."""
    path = folder / _HIDDEN / _LIST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        stated = mapping(content, "made_from") or {}
        before = {name: text(stated, name) for name in stated}
        shards = parse_shards(content)
    except (ValueError, AttributeError, DataError, RecordError) as error:
        raise DataError(f"{path}: broken ({error}); {_ANEW}") from error
    other = [name for name in {**made_from, **before} if made_from.get(name) != before.get(name)]
    if other:
        raise DataError(
            f"{folder}: the run that was stopped there had another {' and another '.join(other)}; "
            f"give what it had, or {_ANEW}"
        )
    for shard in shards:
        places = [place / shard.name for place in (folder / _HIDDEN, folder)]  # the second: stopped while they moved
        whole = next((place for place in places if place.is_file()), None)
        if whole is None or sha256_of(whole) != shard.sha256:
            raise DataError(f"{places[0]}: missing, or changed since it was written; {_ANEW}")
    return shards
