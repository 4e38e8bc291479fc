"""The base models in the repository: small, complete, and loadable without other files."""

import hashlib
from pathlib import Path

import pytest

from penchant.message import Message
from penchant.model.base import Candidates
from penchant.model.local import LocalModel

MODELS = Path(__file__).parents[2] / "models"
BASES = sorted(path.name for path in MODELS.iterdir() if path.is_dir())


@pytest.mark.parametrize("name", BASES)
def test_a_shipped_base_is_small_and_its_checksums_hold(name: str) -> None:
    folder = MODELS / name
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "SHA256SUMS"}
    assert sum(map(len, files.values())) < 20e6
    sums = {line.split("  ")[1]: line.split("  ")[0] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    assert sums == {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}


@pytest.mark.parametrize(("name", "right", "wrong"), [("english-base", "the end of the year", "year the of end the")])
def test_a_shipped_base_of_english_prefers_english_order(name: str, right: str, wrong: str) -> None:
    model = LocalModel.load(str(MODELS / name))
    ((one, other),) = model.logprobs([Candidates((Message("user", "When?"),), (right, wrong))])
    assert one.logprob > other.logprob
