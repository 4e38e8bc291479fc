"""Learned baselines on disk: weights as safetensors and a JSON card, which is written last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from penchant.errors import ModelError

CARD, WEIGHTS = "baseline.json", "baseline.safetensors"


def save(folder: Path, card: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> None:
    """Writes the weights, then the card; `card["format"]` names what they are of."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    (folder / CARD).unlink(missing_ok=True)
    save_file({name: value.contiguous() for name, value in tensors.items()}, folder / WEIGHTS)
    # the card last: its presence means the weights are complete
    (folder / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def read(folder: Path, form: str) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Card and weights of one format.

    Raises:
        ModelError: nothing complete there, or of another format.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        tensors = load_file(folder / WEIGHTS)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, SafetensorError) as error:
        raise ModelError(f"{folder}: no complete baseline ({error}); fit and save it anew") from error
    if not isinstance(card, dict) or card.get("format") != form:
        raise ModelError(f"{folder / CARD}: not a card of '{form}'; fit and save it anew")
    return card, tensors


def misfit(folder: Path, error: Exception) -> ModelError:
    """What to raise where a card and its weights do not make a baseline."""
    return ModelError(f"{folder}: card and weights do not fit each other ({error!r}); fit and save it anew")
