import hashlib
import json

import pytest
import yaml

from penchant.encoder.fake import FakeEncoder
from penchant.message import Message
from penchant.model.local import LocalModel


@pytest.fixture
def base_recipe(small_forum, tmp_path, monkeypatch):
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)
    sizes = {"hidden_size": 16, "layers": 1, "heads": 2, "max_steps": 2, "couples": 1, "threads": 2}
    path = tmp_path / "base.yaml"
    path.write_text(yaml.safe_dump({"space": str(small_forum / "space.toml"), **sizes}), encoding="utf-8")
    return path


def test_a_base_is_made_with_its_card_its_curve_and_checksums(penchant, base_recipe, tmp_path) -> None:
    ran = penchant("base", "--recipe", base_recipe, "--out", tmp_path / "base")
    assert (ran.code, ran.out) == (0, f"{tmp_path / 'base'}\n")
    assert "parameters from scratch" in ran.err
    assert [point["step"] for point in json.loads((tmp_path / "base" / "curve.json").read_text("utf-8"))] == [2]
    assert "trained from scratch" in (tmp_path / "base" / "README.md").read_text(encoding="utf-8")
    sums = (tmp_path / "base" / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    for line in sums:
        digest, name = line.split("  ")
        assert hashlib.sha256((tmp_path / "base" / name).read_bytes()).hexdigest() == digest
    assert LocalModel.load(str(tmp_path / "base")).count([Message("user", "order")]) > 0


def test_a_key_of_another_recipe_is_refused(penchant, base_recipe, tmp_path) -> None:
    ran = penchant("base", "--recipe", base_recipe, "--out", tmp_path / "base", "--set", "beta=1")
    assert ran.code == 2
    assert "unknown key 'beta'" in ran.err
    assert not (tmp_path / "base").exists()


def test_a_base_that_was_stopped_is_resumed_and_a_finished_one_kept(
    penchant, base_recipe, tmp_path, monkeypatch
) -> None:
    from penchant.train import base_model as module

    options = ("base", "--recipe", base_recipe, "--set", "max_steps=4", "--set", "save_steps=2", "--out")
    assert penchant(*options, tmp_path / "whole").code == 0
    step = module.finite
    seen = []
    monkeypatch.setattr(module, "finite", lambda loss: seen.append(1) or (step(loss) and len(seen) != 4))
    ran = penchant(*options, tmp_path / "base")
    assert (ran.code, "not a number at step 4" in ran.err) == (2, True)
    assert [path.name for path in (tmp_path / "base").iterdir()] == ["snapshot.safetensors"]
    ran = penchant(*options, tmp_path / "base", "--resume")
    assert ran.code == 0, ran.err
    assert "going on from the snapshot in" in ran.err
    assert len(seen) == 6
    one, two = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "base"))
    assert one == two
    ran = penchant(*options, tmp_path / "base")
    assert ran.code == 2
    assert "holds a finished base" in ran.err
    ran = penchant(*options, tmp_path / "base", "--overwrite", "--resume")
    assert (ran.code, "no snapshot in" in ran.err) == (0, True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "snapshot.safetensors").write_bytes(b"")
    ran = penchant(*options, tmp_path / "other")
    assert (ran.code, "the snapshot in" in ran.err) == (0, True)


def test_documents_belong_to_a_recipe_for_them(penchant, base_recipe, tmp_path) -> None:
    ran = penchant("base", "--recipe", base_recipe, "--texts", tmp_path / "t.parquet", "--out", tmp_path / "other")
    assert (ran.code, ran.out) == (2, "")
    assert f"{base_recipe} has corpus: forum; --texts belongs to corpus: text" in ran.err
