"""Writes a folder of shards one shard at a time, so that a stopped run can be resumed.

Until the run is complete, the shards are in a hidden subfolder, with a progress file that lists the complete shards and
the inputs that they were made from. At the end the shards are moved, the manifest last. Older records in the folder
stay until then.
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
_ANEW = "start anew with `overwrite` in place of `resume`"


@dataclass(eq=False)
class Unfinished:
    """The shards of a folder that are written so far."""

    folder: Path
    space: PreferenceSpace
    made_from: Mapping[str, str]
    """Everything that determines the records: readable name -> digest or value."""
    shards: list[Shard]
    """The complete shards, in order."""

    @classmethod
    def begin(
        cls, folder: Path, space: PreferenceSpace, made_from: Mapping[str, str], *, resume: bool, overwrite: bool
    ) -> Unfinished:
        """An empty folder to start with; with `resume`, the shards of a stopped run if there is one.

        Args:
            made_from: everything that determines the records; a run can be resumed only when it is unchanged.
            resume: continue a stopped run.
            overwrite: replace older records or a stopped run.
        Raises:
            DataError: as `require_room`; or the shards of the stopped run are damaged or have another `made_from`.
        """
        require_room(folder, resume=resume, overwrite=overwrite)
        if resume and stopped(folder):
            return cls(folder, space, made_from=made_from, shards=_resumed(folder, made_from))
        _remove(folder / _HIDDEN)
        return cls(folder, space, made_from=made_from, shards=[])

    def add(self, records: Iterable[Record]) -> None:
        """Writes the next shard; after this call the shard survives a stop of the run."""
        hidden = self.folder / _HIDDEN
        hidden.mkdir(parents=True, exist_ok=True)
        self.shards.append(write_shard(hidden / shard_name(len(self.shards)), records, self.space))
        content = {"made_from": dict(self.made_from), "shards": [asdict(shard) for shard in self.shards]}
        with replacing(hidden / _LIST) as temporary:
            temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    def finish(
        self, *, rows: int, dropped: Mapping[str, int], simulated: bool, files: Mapping[str, str] | None = None
    ) -> Manifest:
        """Replaces the older content of the folder with the shards; a run that stops here can be resumed too.

        Args:
            rows, dropped, simulated: see `Manifest`.
            files: name -> content of further files of the folder.
        """
        manifest = Manifest(
            space=SpaceStamp.of(self.space),
            shards=tuple(self.shards),
            seed=None,
            simulated=simulated,
            rows=rows,
            dropped=dropped,
        )
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
    """Whether the folder has shards of a stopped run."""
    return (folder / _HIDDEN / _LIST).is_file()


def require_room(folder: Path, *, resume: bool, overwrite: bool) -> None:
    """Raises DataError when a folder has records or a stopped run, unless `resume` or `overwrite` covers them."""
    if overwrite or (resume and stopped(folder)):
        return
    if stopped(folder):
        raise DataError(f"{folder} holds a run that was stopped; go on with `resume`, or start anew with `overwrite`")
    if (folder / MANIFEST).exists():
        if resume:
            raise DataError(f"{folder} holds a finished run, and there is nothing to go on with; use its records")
        raise DataError(f"{folder} holds records already; give another `out`, or add `overwrite`")
    if old := shard_paths(folder):
        raise DataError(
            f"{folder} holds {old[0].name} but no {MANIFEST}, left by a broken write or another program; "
            "give another `out`, or add `overwrite`"
        )


def _remove(hidden: Path) -> None:
    if hidden.exists():
        shutil.rmtree(hidden)


def _resumed(folder: Path, made_from: Mapping[str, str]) -> list[Shard]:
    """The shards of a stopped run, after checking that this run would write the same shards."""
    path = folder / _HIDDEN / _LIST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        inputs = mapping(content, "made_from") or {}
        before = {name: text(inputs, name) for name in inputs}
        shards = parse_shards(content)
    except (ValueError, AttributeError, DataError, RecordError) as error:
        raise DataError(f"{path}: broken ({error}); {_ANEW}") from error
    changed = [name for name in {**made_from, **before} if made_from.get(name) != before.get(name)]
    if changed:
        raise DataError(
            f"{folder}: the run that was stopped there had another {' and another '.join(changed)}; "
            f"give what it had, or {_ANEW}"
        )
    for shard in shards:
        paths = [
            folder / _HIDDEN / shard.name,
            folder / shard.name,
        ]  # the second if the run stopped while moving shards
        written = next((candidate for candidate in paths if candidate.is_file()), None)
        if written is None or sha256_of(written) != shard.sha256:
            raise DataError(f"{paths[0]}: missing, or changed since it was written; {_ANEW}")
    return shards
