"""What a build may write to, what it removes, and what it must be made from to go on."""

import json
from pathlib import Path

import pytest
import yaml

from penchant.errors import DataError
from penchant.runs.build import build
from penchant.runs.build_folder import MANIFEST

from ..build.conftest import rows_of, write_forum


def manifest(folder: Path) -> dict:
    return json.loads((folder / MANIFEST).read_text())


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


def test_overwrite_removes_a_build_and_nothing_else(tmp_path: Path) -> None:
    recipe = write_forum(tmp_path, rows_of(20))
    with pytest.raises(DataError, match="holds files that no build wrote"):
        build(config=recipe, out=tmp_path, overwrite=True)
    assert recipe.exists()
    assert (tmp_path / "posts.jsonl").exists()
    out = tmp_path / "data"
    build(config=recipe, out=out)
    content = manifest(out)
    assert str(tmp_path) not in json.dumps(content)
    (out / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="holds files that no build wrote"):
        build(config=recipe, out=out, overwrite=True)
    assert (out / "notes.txt").read_text() == "mine"
    (out / "notes.txt").unlink()
    assert build(config=recipe, out=out, overwrite=True)["files"] == content["files"]


def test_a_build_goes_on_with_the_same_columns_only(tmp_path: Path, monkeypatch) -> None:
    recipe = write_forum(tmp_path, rows_of(20))
    with monkeypatch.context() as patch:
        patch.setattr("penchant.build.stages.sift.sift", _stop)
        with pytest.raises(KeyboardInterrupt):
            build(config=recipe, out=tmp_path / "data")
    content = yaml.safe_load(recipe.read_text())
    del content["sources"][0]["columns"]["score"]
    recipe.write_text(yaml.safe_dump(content))
    with pytest.raises(DataError, match="had another setting sources"):
        build(config=recipe, out=tmp_path / "data", resume=True)
