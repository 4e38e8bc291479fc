from pathlib import Path

import pytest
import torch

from penchant import ModelError
from penchant.train.baselines.saved import CARD, WEIGHTS, read, save

FORM = "penchant test 1"


def test_what_was_saved_is_read_back(tmp_path: Path) -> None:
    save(tmp_path / "new", {"format": FORM, "people": 3}, {"basis": torch.ones(2, 3).T})
    card, tensors = read(tmp_path / "new", FORM)
    assert card == {"format": FORM, "people": 3}
    assert torch.equal(tensors["basis"], torch.ones(3, 2))


def test_a_save_that_breaks_off_leaves_no_card(tmp_path: Path) -> None:
    save(tmp_path, {"format": FORM}, {"basis": torch.ones(2)})
    with pytest.raises(AttributeError):
        save(tmp_path, {"format": FORM}, {"basis": None})
    with pytest.raises(ModelError, match="no complete baseline"):
        read(tmp_path, FORM)


@pytest.mark.parametrize("name", [CARD, WEIGHTS])
@pytest.mark.parametrize("content", [None, b"", b"\x80\x04N.", b"[]", b"{}"])
def test_an_incomplete_or_foreign_folder_is_refused(tmp_path: Path, name: str, content: bytes | None) -> None:
    save(tmp_path, {"format": FORM}, {"basis": torch.ones(2)})
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=tmp_path.name):
        read(tmp_path, FORM)


def test_another_format_is_refused(tmp_path: Path) -> None:
    save(tmp_path, {"format": FORM}, {"basis": torch.ones(2)})
    with pytest.raises(ModelError, match="not a card of 'penchant test 2'"):
        read(tmp_path, "penchant test 2")
