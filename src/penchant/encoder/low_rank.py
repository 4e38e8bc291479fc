"""A low-rank update of an encoder's weights (LoRA, arXiv:2106.09685): how it is trained, kept and applied.

Each linear map W of the network's layers becomes W + up @ down. Only `up` and `down` are trained. At rank
32 they take 3 MB for all-MiniLM-L6-v2, which has 91 MB itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from penchant.errors import ModelError

UPDATE = "encoder.safetensors"
"""File of an update, in the folder of the annotator that tuned its encoder."""


class Factors(NamedTuple):
    """The update of one linear map."""

    up: torch.Tensor
    """(outputs, rank)."""
    down: torch.Tensor
    """(rank, inputs)."""


Update = Mapping[str, Factors]
"""Name of a linear map in the network -> its update."""


class _Updated(nn.Module):
    """A frozen linear map with a trainable update."""

    def __init__(self, linear: nn.Linear, rank: int) -> None:
        super().__init__()
        self.linear = linear
        self.down = nn.Parameter(torch.randn(rank, linear.in_features) / linear.in_features**0.5)
        self.up = nn.Parameter(torch.zeros(linear.out_features, rank))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        plain: torch.Tensor = self.linear(inputs)
        return plain + (inputs @ self.down.T) @ self.up.T


def begin(network: nn.Module, rank: int) -> list[nn.Parameter]:
    """Freezes a network and adds an update of zero to every linear map of its layers; returns what is to be trained."""
    for weight in network.parameters():
        weight.requires_grad_(False)
    for name, linear in _linear_maps(network):
        _replace(network, name, _Updated(linear, rank))
    return [weight for weight in network.parameters() if weight.requires_grad]


def end(network: nn.Module) -> dict[str, Factors]:
    """The trained update; it is taken out of the network, whose weights stay frozen."""
    update: dict[str, Factors] = {}
    for name, module in list(network.named_modules()):
        if isinstance(module, _Updated):
            update[name] = Factors(module.up.detach().clone(), module.down.detach().clone())
            _replace(network, name, module.linear)
    return update


def apply(network: nn.Module, update: Update) -> None:
    """Adds an update to the weights of a network.

    Raises:
        ModelError: the network has other linear maps.
    """
    maps = dict(_linear_maps(network))
    if set(maps) != set(update):
        raise ModelError("the update is of another network than this encoder; fit the annotator anew")
    with torch.no_grad():
        for name, (up, down) in update.items():
            if maps[name].weight.shape != (len(up), down.shape[1]):
                raise ModelError("the update is of another network than this encoder; fit the annotator anew")
            maps[name].weight += up.float() @ down.float()


def narrow(network: nn.Module) -> None:
    """Keeps the linear maps of a network in bfloat16, for use under autocast: it would convert them in each batch."""
    for _, linear in _linear_maps(network):
        linear.to(torch.bfloat16)


def save(update: Update, file: Path) -> None:
    """Writes an update in half precision."""
    tensors = {
        f"{name}.{part}": factor for name, factors in update.items() for part, factor in factors._asdict().items()
    }
    save_file({name: tensor.half().contiguous() for name, tensor in tensors.items()}, file)


def load(file: Path) -> dict[str, Factors]:
    """Reads an update. Raises ModelError: the file holds none."""
    try:
        tensors = load_file(file)
        names = {name.rpartition(".")[0] for name in tensors}
        return {name: Factors(tensors[f"{name}.up"], tensors[f"{name}.down"]) for name in sorted(names)}
    except (OSError, KeyError, SafetensorError) as error:
        raise ModelError(f"{file}: no update of an encoder ({error}); fit the annotator anew") from error


def digest(update: Update) -> str:
    """Twelve hexadecimal digits of the sha256 of an update, as it is saved."""
    sha = hashlib.sha256()
    for name in sorted(update):
        sha.update(name.encode())
        for factor in update[name]:
            sha.update(factor.half().contiguous().cpu().numpy().tobytes())
    return sha.hexdigest()[:12]


def _linear_maps(network: nn.Module) -> list[tuple[str, nn.Linear]]:
    """The linear maps of a network's layers, by name; a pooler after the layers is no part of the vectors."""
    return [
        (name, module)
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear) and ".layer." in f".{name}"
    ]


def _replace(network: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(network.get_submodule(parent), child, module)
