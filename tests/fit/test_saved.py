import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

from penchant import ModelError, Record
from penchant.encoder.fake import FakeEncoder
from penchant.fit.descent import DescentSettings, StoppingPoint
from penchant.fit.saved import CARD, WEIGHTS, SavedBaseline, read, save
from penchant.fit.training_pairs import FitSummary, TrainingPairs
from penchant.scorer.encoder.texts import Texts, texts_of


@dataclass(frozen=True)
class Choices:
    units: int = 2
    descent: DescentSettings = field(default_factory=DescentSettings)


@pytest.fixture(scope="module")
def summary(planted: list[Record]) -> FitSummary[Choices]:
    personas = [record.persona for record in planted]
    data = TrainingPairs.of(planted, personas, Texts.of(texts_of(planted, personas), FakeEncoder(8)), seed=0)
    return data.summary(Choices(units=3, descent=DescentSettings(steps=7)), StoppingPoint(5, 0.5))


@pytest.fixture
def saved(summary: FitSummary[Choices], tmp_path: Path) -> Path:
    save(tmp_path, "some", summary, {"basis": torch.ones(2, 3).T}, encoder="fake", counts={"active": 4})
    return tmp_path


def restored(saved: SavedBaseline) -> FitSummary[Choices]:
    with saved.consistent():
        return saved.summary(Choices)


def test_what_was_saved_is_read_back(summary: FitSummary[Choices], saved: Path) -> None:
    baseline = read(saved, encoder="fake")
    assert (baseline.name, baseline.card["active"]) == ("some", 4)
    assert torch.equal(baseline.tensors["basis"], torch.ones(3, 2))
    again = restored(baseline)
    assert (again.settings, again.records, again.people, again.ended) == (summary.settings, 96, 24, summary.ended)
    assert again.people_digest == summary.people_digest
    for ours, theirs in zip(again.transform.arrays().values(), summary.transform.arrays().values(), strict=True):
        assert torch.equal(ours, theirs)
    assert sorted(path.name for path in saved.iterdir()) == [CARD, WEIGHTS]


def test_a_save_that_breaks_off_leaves_no_card(summary: FitSummary[Choices], saved: Path) -> None:
    with pytest.raises(AttributeError):
        save(saved, "some", summary, {"basis": None}, encoder="fake")
    with pytest.raises(ModelError, match="no complete baseline"):
        read(saved, encoder="fake")


@pytest.mark.parametrize("name", [CARD, WEIGHTS])
@pytest.mark.parametrize("content", [None, b"", b"\x80\x04N.", b"[]", b"{}"])
def test_an_incomplete_or_foreign_folder_is_refused(saved: Path, name: str, content: bytes | None) -> None:
    (saved / name).unlink()
    if content is not None:
        (saved / name).write_bytes(content)
    with pytest.raises(ModelError, match=saved.name):
        read(saved, encoder="fake")


def test_another_encoder_is_refused(saved: Path) -> None:
    with pytest.raises(ModelError, match="fitted with encoder 'fake', loaded with 'other'; fit anew"):
        read(saved, encoder="other")


@pytest.mark.parametrize(
    "change",
    [
        {"format": "penchant baseline 1"},
        {"settings": ...},
        {"settings": None},
        {"settings": {"units": 3}},
        {"settings": {"units": 3, "depth": 1, "descent": {}}},
        {"people": None},
        {"people_digest": ...},
        {"records": ...},
        {"ended": {"steps": 1}},
        {"encoder": ...},
    ],
)
def test_a_card_that_does_not_fit_is_refused(saved: Path, change: dict[str, object]) -> None:
    card = json.loads((saved / CARD).read_text())
    kept = {key: value for key, value in (card | change).items() if value is not ...}
    (saved / CARD).write_text(json.dumps(kept))
    with pytest.raises(ModelError, match="anew"):
        restored(read(saved, encoder="fake"))


def test_weights_that_are_no_numbers_are_refused_with_their_folder(
    summary: FitSummary[Choices], tmp_path: Path
) -> None:
    save(tmp_path, "some", summary, {"basis": torch.tensor([1.0, float("nan")])}, encoder="fake")
    with pytest.raises(ModelError, match=f"{tmp_path / WEIGHTS}: weights that are not numbers; fit and save it"):
        read(tmp_path, encoder="fake")
