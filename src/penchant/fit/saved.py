"""Learned baselines on disk: weights as safetensors and a JSON card, which is written last."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from penchant.errors import ModelError
from penchant.fit.descent import Descent, Ended, Fit, Settings
from penchant.fit.pairs import Look

CARD, WEIGHTS = "baseline.json", "baseline.safetensors"
_FORMAT = "penchant baseline 3"


def save(
    folder: Path, name: str, fit: Fit[Any], tensors: Mapping[str, torch.Tensor], *, encoder: str, **own: int
) -> None:
    """Writes the weights, then the card.

    Args:
        name: of the baseline.
        tensors: its own weights; those of the look are added.
        encoder: whose vectors it was fitted over; it is named, not copied.
        own: counts of its own for the card.
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    (folder / CARD).unlink(missing_ok=True)
    whole = {**fit.look.arrays(), **tensors}
    save_file({name: value.contiguous() for name, value in whole.items()}, folder / WEIGHTS)
    card = {
        "format": _FORMAT,
        "baseline": name,
        "encoder": encoder,
        "settings": asdict(fit.settings),
        "records": fit.records,
        "people": fit.people,
        "people_digest": fit.people_digest,
        "ended": asdict(fit.ended),
        **own,
    }
    # the card last: its presence means the weights are complete
    (folder / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Saved:
    """Card and weights as they were read."""

    folder: Path
    card: dict[str, Any]
    tensors: dict[str, torch.Tensor]

    @property
    def name(self) -> str:
        """Which baseline it is; empty where the card names none."""
        return str(self.card.get("baseline", ""))

    def fit(self, settings: Callable[..., Settings]) -> Fit[Settings]:
        """What was saved beside the baseline's own weights; to be called within `fitting_together`."""
        chosen = dict(self.card["settings"])
        made = settings(**{**chosen, "descent": Descent(**chosen["descent"])})
        given = int(self.card["records"]), int(self.card["people"]), str(self.card["people_digest"])
        return Fit(Look.from_arrays(self.tensors), made, *given, Ended(**self.card["ended"]))

    @contextmanager
    def fitting_together(self) -> Iterator[None]:
        """Raises ModelError where, inside the block, card and weights do not make a baseline."""
        try:
            yield
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise self.misfit(repr(error)) from error

    def misfit(self, why: str) -> ModelError:
        """What to raise where card and weights do not make a baseline."""
        return ModelError(f"{self.folder}: card and weights do not fit each other ({why}); fit and save it anew")


def read(folder: Path, *, encoder: str) -> Saved:
    """A baseline of any name.

    Args:
        encoder: whose vectors it is to be asked over.
    Raises:
        ModelError: nothing complete there, of another format, or fitted over another encoder.
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
    # infinite is the spread of what never varied
    if any(bool(torch.isnan(values).any()) for values in tensors.values()):
        raise ModelError(f"{folder / WEIGHTS}: weights that are not numbers; fit and save it anew")
    return Saved(folder, card, tensors)
