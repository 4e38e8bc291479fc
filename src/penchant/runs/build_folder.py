"""The folder that a build writes to: what it is made from, whether it may be written, and what `overwrite` removes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.config import recipe_file
from penchant.errors import ConfigError, DataError
from penchant.reporter import Reporter
from penchant.runs.annotators import folder_of, is_language_model
from penchant.space import SPACE_FILE, PreferenceSpace

if TYPE_CHECKING:
    from penchant.build.recipe import BuildRecipe

HIDDEN, MANIFEST, DROPPED, CARD = ".building", "manifest.json", "dropped.parquet", "README.md"
DATASHEET = "datasheet.html"
FORMAT = "penchant build 1"
_LIBRARIES = ("penchant", "pyarrow", "numpy", "rensa", "py3langid")


def made_from(recipe: BuildRecipe, space: PreferenceSpace) -> dict[str, str]:
    """Everything that determines the records: readable name -> digest or value."""
    from penchant.build.sources import files_of
    from penchant.shards.manifest import digest_of

    files = [file for source in recipe.sources for file in files_of(source)]
    files += [Path(section.path) for section in recipe.records]
    files += [Path(recipe.profiles.path)] if recipe.profiles else []
    if missing := [file for file in files if not file.exists()]:
        raise DataError(f"{missing[0]}: no such file; check the paths in the recipe")
    stamps: dict[str, str] = {}
    for file in files:  # files of several folders may have one name
        digests = (*filter(None, [stamps.get(f"file {file.name}")]), digest_of(file))
        stamps[f"file {file.name}"] = " ".join(digests)
    for name, value in portable(recipe).items():
        stamps[f"setting {name}"] = json.dumps(value, sort_keys=True)
    if recipe.annotator:
        is_model = is_language_model(recipe.annotator)
        stamps["annotator"] = digest_of(recipe_file(recipe.annotator) if is_model else folder_of(recipe.annotator))
    stamps["space"] = space.digest
    for library in _LIBRARIES:
        stamps[f"version of {library}"] = metadata.version(library)
    return stamps


def portable(recipe: BuildRecipe) -> dict[str, Any]:
    """The settings with the names of files in place of their paths on this machine."""
    content: dict[str, Any] = recipe.model_dump(mode="json")
    for section in (*content["sources"], *content["records"], *filter(None, [content["profiles"]])):
        section["path"] = Path(section["path"]).name
    if content["annotator"] is not None:
        content["annotator"] = Path(content["annotator"]).name
    return content


def begin(out: Path, inputs: Mapping[str, str], *, resume: bool, overwrite: bool, reporter: Reporter) -> None:
    """Makes room for a build, or checks that the stopped one is the same."""
    from penchant.shards.atomic import write_text

    if resume and overwrite:
        raise ConfigError("`resume` goes on with what is there, `overwrite` throws it away; give one of them")
    stamp = out / HIDDEN / "made_from.json"
    if overwrite:
        _remove_build(out)
    if stamp.is_file():
        if not resume:
            raise DataError(
                f"{out} holds a build that was stopped; go on with `resume`, or start anew with `overwrite`"
            )
        before = json.loads(stamp.read_text(encoding="utf-8"))
        changed = [name for name in {**inputs, **before} if inputs.get(name) != before.get(name)]
        if changed:
            raise DataError(
                f"{out}: the build that was stopped there had another {' and another '.join(changed)}; give what it "
                "had, or start anew with `overwrite`"
            )
        reporter.note(f"going on in {out}")
        return
    if resume and (out / MANIFEST).is_file():
        raise DataError(f"{out} holds a finished build, and there is nothing to go on with; use its records")
    if out.exists() and any(out.iterdir()):
        if overwrite:
            raise DataError(f"{out} holds files that no build wrote, and `overwrite` leaves them; give another `out`")
        raise DataError(f"{out} is not empty; give another `out`, or add `overwrite` if it holds a build")
    write_text(stamp, json.dumps(dict(inputs), indent=1))


def _remove_build(out: Path) -> None:
    """Removes what builds write to a folder, and nothing else: the folder may hold the recipe and its sources."""
    from penchant.shards.parquet import shard_paths

    if (out / HIDDEN).is_dir():
        shutil.rmtree(out / HIDDEN)
    elif not _is_built(out):
        return
    for name in (MANIFEST, DROPPED, CARD, DATASHEET):
        (out / name).unlink(missing_ok=True)
    for split in ("train", "test"):
        for path in (out / split / MANIFEST, out / split / SPACE_FILE, *shard_paths(out / split)):
            path.unlink(missing_ok=True)
        if (out / split).is_dir() and not any((out / split).iterdir()):
            (out / split).rmdir()


def _is_built(out: Path) -> bool:
    try:
        content = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("format") == FORMAT
