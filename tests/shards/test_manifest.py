import json
from pathlib import Path

import pytest

from penchant import PreferenceSpace
from penchant.errors import DataError, SpaceMismatch
from penchant.shards.manifest import Manifest, Shard, SpaceStamp, digest_of, read_manifest, sha256_of


def written(folder: Path) -> Manifest:
    (folder / "part-00000.parquet").write_bytes(b"abc")
    shard = Shard("part-00000.parquet", 3, sha256_of(folder / "part-00000.parquet"))
    manifest = Manifest(SpaceStamp("tiny", "0123"), (shard,), 7, True, 5, {"prompt is empty": 2})
    manifest.write(folder)
    return manifest


def changed(folder: Path, **changes: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_manifest_comes_back_as_it_was(tmp_path: Path) -> None:
    manifest = written(tmp_path)
    assert read_manifest(tmp_path) == manifest
    assert manifest.records == 3


def test_a_checksum_is_the_known_sha256(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert sha256_of(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_digest_changes_with_any_file_and_of_shards_with_their_manifest_alone(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("2")
    before = digest_of(tmp_path)
    assert digest_of(tmp_path) == before
    assert digest_of(tmp_path / "a") == sha256_of(tmp_path / "a")
    (tmp_path / "b").write_text("3")
    assert digest_of(tmp_path) != before
    (tmp_path / "b").rename(tmp_path / "c")
    renamed = digest_of(tmp_path)
    (tmp_path / "c").rename(tmp_path / "b")
    assert digest_of(tmp_path) != renamed
    written(tmp_path)
    assert digest_of(tmp_path) == sha256_of(tmp_path / "manifest.json")


def test_a_changed_shard_is_named(tmp_path: Path) -> None:
    manifest = written(tmp_path)
    manifest.verify(tmp_path)
    (tmp_path / "part-00000.parquet").write_bytes(b"abd")
    with pytest.raises(DataError, match=r"part-00000\.parquet: changed since it was written"):
        manifest.verify(tmp_path)


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "part-00000.parquet").unlink()
    with pytest.raises(DataError, match=r"part-00000\.parquet: named in manifest\.json but missing"):
        read_manifest(tmp_path)


def test_a_folder_without_a_manifest_is_not_complete(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no manifest\.json, so it was not written to the end"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "\udcff"])
def test_a_broken_manifest_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(DataError, match=r"manifest\.json: not a manifest"):
        read_manifest(tmp_path)


def test_a_later_format_is_refused_by_its_number(tmp_path: Path) -> None:
    written(tmp_path)
    changed(tmp_path, format=3)
    with pytest.raises(DataError, match="format 3, this penchant reads 2"):
        read_manifest(tmp_path)
    changed(tmp_path, format="penchant build 1")
    with pytest.raises(DataError, match=r"is a data set that was built, with splits; give .*/train or "):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"records": 4}, "its shards hold 3 records, 'records' says 4"),
        ({"simulated": "no"}, "'simulated' is of type str"),
        ({"seed": "7"}, "'seed' is of type str"),
        ({"rows": None}, "'rows' is missing"),
        ({"space": {"name": "tiny"}}, "digest is missing"),
        ({"dropped": {"x": "y"}}, "'x' is of type str"),
        ({"shards": [{"name": "../part-00000.parquet", "records": 3, "sha256": "0"}]}, "named '../part-00000.parquet'"),
    ],
)
def test_a_manifest_with_a_value_out_of_place_says_which(tmp_path: Path, changes, message: str) -> None:
    written(tmp_path)
    changed(tmp_path, **changes)
    with pytest.raises(DataError, match=f"broken .*{message}"):
        read_manifest(tmp_path)


def test_a_stamp_lets_the_same_content_pass_and_names_both_spaces_otherwise(tiny: PreferenceSpace) -> None:
    stamp = SpaceStamp.of(tiny)
    assert stamp is not None
    stamp.require(tiny, where="here")
    stamp.require(PreferenceSpace("renamed", tiny.dimensions), where="here")
    other = tiny.subset(["length"], name="one")
    wanted = f"here: written for space 'tiny' \\({tiny.digest}\\), loaded with 'one' \\({other.digest}\\); pass"
    with pytest.raises(SpaceMismatch, match=wanted):
        stamp.require(other, where="here")
    with pytest.raises(SpaceMismatch, match="loaded without a space"):
        stamp.require(None, where="here")
    assert SpaceStamp.of(None) is None
