"""Saves and reads learned baselines: weights as safetensors, and a JSON card, which is written last."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from penchant.errors import ModelError
from penchant.fit.descent import DescentSettings, StoppingPoint
from penchant.fit.pairs import TextTransform
from penchant.fit.training_pairs import FitSummary, Settings

CARD, WEIGHTS = "baseline.json", "baseline.safetensors"
_FORMAT = "penchant baseline 3"


def save(
    folder: Path,
    name: str,
    summary: FitSummary[Any],
    tensors: Mapping[str, torch.Tensor],
    *,
    encoder: str,
    counts: Mapping[str, int] | None = None,
) -> None:
    """Writes the weights, then the card.

    Args:
        name: the name of the baseline.
        tensors: the baseline's own weights; those of the text transform are added.
        encoder: the name of the encoder whose vectors it was fitted on; its weights are not copied.
        counts: further entries of the card.
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    (folder / CARD).unlink(missing_ok=True)
    weights = {**summary.transform.arrays(), **tensors}
    save_file({key: value.contiguous() for key, value in weights.items()}, folder / WEIGHTS)
    card = {
        "format": _FORMAT,
        "baseline": name,
        "encoder": encoder,
        "settings": asdict(summary.settings),
        "records": summary.records,
        "people": summary.people,
        "people_digest": summary.people_digest,
        "ended": asdict(summary.ended),
        **(counts or {}),
    }
    # the card last: its presence means the weights are complete
    (folder / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class SavedBaseline:
    """The card and the weights of a folder, before they are checked against each other."""

    folder: Path
    card: dict[str, Any]
    tensors: dict[str, torch.Tensor]

    @property
    def name(self) -> str:
        """The name of the baseline; empty if the card has none."""
        return str(self.card.get("baseline", ""))

    def summary(self, settings: Callable[..., Settings]) -> FitSummary[Settings]:
        """The summary in the card; call it inside `consistent`.

        Args:
            settings: the settings class of the baseline.
        """
        values = dict(self.card["settings"])
        descent = DescentSettings(**values.pop("descent"))
        return FitSummary(
            transform=TextTransform.from_arrays(self.tensors),
            settings=settings(**values, descent=descent),
            records=int(self.card["records"]),
            people=int(self.card["people"]),
            people_digest=str(self.card["people_digest"]),
            ended=StoppingPoint(**self.card["ended"]),
        )

    @contextmanager
    def consistent(self) -> Iterator[None]:
        """Turns errors inside the block into a ModelError: card and weights do not make a baseline."""
        try:
            yield
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise self.mismatch(repr(error)) from error

    def mismatch(self, reason: str) -> ModelError:
        """The error to raise if card and weights do not make a baseline."""
        return ModelError(f"{self.folder}: card and weights do not fit each other ({reason}); fit and save it anew")


def read(folder: Path, *, encoder: str) -> SavedBaseline:
    """Reads a saved baseline of any name.

    Args:
        encoder: the name of the encoder whose vectors it will score.
    Raises:
        ModelError: the folder holds no complete baseline, one of another format, or one fitted on another encoder.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        tensors = load_file(folder / WEIGHTS)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, SafetensorError) as error:
        raise ModelError(f"{folder}: no complete baseline ({error}); fit and save it anew") from error
    if not isinstance(card, dict) or card.get("format") != _FORMAT:
        raise ModelError(f"{folder / CARD}: not a card of '{_FORMAT}'; fit and save it anew")
    if card.get("encoder") != encoder:
        raise ModelError(f"{folder}: fitted with encoder '{card.get('encoder')}', loaded with '{encoder}'; fit anew")
    # a spread may be infinite, where the training data never varied; NaN is always damage
    if any(bool(torch.isnan(values).any()) for values in tensors.values()):
        raise ModelError(f"{folder / WEIGHTS}: weights that are not numbers; fit and save it anew")
    return SavedBaseline(folder, card, tensors)
