"""Loads language models and tokenizers from a folder or the Hub.

Weights must be safetensors, and code that comes with a model is never run.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer

from penchant.errors import ModelError
from penchant.model.chat import ChatTokenizer
from penchant.model.smollm2 import located

_PICKLED = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
_ADAPTER = "adapter_config.json"


def require_safetensors(folder: Path) -> None:
    """Refuses a model folder that is missing, has pickled weights or has no safetensors.

    Raises:
        ModelError: names the offending file.
    """
    if not folder.is_dir():
        raise ModelError(f"no model folder at {folder}; check the path, or train one with 'penchant train'")
    for file in sorted(folder.iterdir()):
        if file.suffix in _PICKLED and file.name not in _TRAINER_STATE:
            raise ModelError(f"{file}: pickled weights can run code and are refused; convert them to safetensors")
    if not any(folder.glob("*.safetensors")):
        raise ModelError(f"{folder} holds no .safetensors weights; give a folder that save_pretrained wrote")


_TRAINER_STATE = frozenset({"optimizer.pt", "scheduler.pt", "rng_state.pth", "scaler.pt", "training_args.bin"})
"""Files that the trainer writes to resume a run; loading a model never reads them."""


def require_model(source: str) -> None:
    """Refuses a folder without a language model that can be loaded. A Hub id is not checked before it is loaded.

    Raises:
        ModelError: names the folder and its content.
    """
    source = located(source)
    if not _is_local(source):
        return
    folder = Path(source)
    require_safetensors(folder)
    if not any((folder / name).is_file() for name in ("config.json", _ADAPTER)):
        names = ", ".join(sorted(entry.name for entry in folder.iterdir())[:4])
        raise ModelError(f"{folder} holds no language model but {names}; name a folder that penchant train wrote")


def load_tokenizer(source: str, *, revision: str | None = None) -> ChatTokenizer:
    """The tokenizer of a folder or Hub id.

    Raises:
        ModelError: the tokenizer is missing, or has no chat template.
    """
    source = located(source)
    if _is_local(source) and not Path(source).is_dir():
        raise ModelError(f"no model folder at {source}; check the path, or train one with 'penchant train'")
    try:
        return ChatTokenizer(AutoTokenizer.from_pretrained(source, trust_remote_code=False, revision=revision))
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot load a tokenizer from '{source}': {error}") from error


def load_parts(source: str, *, revision: str | None = None) -> tuple[Any, ChatTokenizer]:
    """Model and tokenizer of a folder or Hub id, in float32 on a CPU and in the stored type on a GPU.

    Raises:
        ModelError: the model is missing or unsafe, or its tokenizer has no chat template.
    """
    source = located(source)
    require_model(source)
    if _is_local(source) and (Path(source) / _ADAPTER).is_file():
        return _with_adapter(Path(source))
    tokenizer = load_tokenizer(source, revision=revision)
    dtype = "auto" if torch.cuda.is_available() else torch.float32
    try:
        model = AutoModelForCausalLM.from_pretrained(
            source,
            dtype=dtype,
            attn_implementation="sdpa",
            use_safetensors=True,
            trust_remote_code=False,
            revision=revision,
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelError(f"cannot load a model from '{source}': {error}") from error
    return model, tokenizer


def _with_adapter(folder: Path) -> tuple[Any, ChatTokenizer]:
    """An adapter, on the base model that its configuration names."""
    from peft import PeftModel  # imported only if there is an adapter

    try:
        base = json.loads((folder / _ADAPTER).read_text(encoding="utf-8"))["base_model_name_or_path"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder / _ADAPTER} names no base model ({error!r}); train the adapter again") from error
    model, tokenizer = load_parts(str(base))
    try:
        return PeftModel.from_pretrained(model, str(folder)), tokenizer
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"the adapter in {folder} does not fit '{base}': {error}") from error


def name_base(folder: Path, base: str) -> None:
    """Makes a saved adapter name its base as the user did: PEFT writes where a model by name is on this machine."""
    file = folder / _ADAPTER
    if file.is_file():
        settings = json.loads(file.read_text(encoding="utf-8")) | {"base_model_name_or_path": base}
        file.write_text(json.dumps(settings, indent=2, sort_keys=True), encoding="utf-8")


def _is_local(source: str) -> bool:
    """Whether a source is a path, not a Hub id: it or its parent folder exists, or it does not look like owner/name."""
    path = Path(source)
    return path.exists() or path.parent.is_dir() or source.count("/") != 1


def weights_key(source: str) -> str:
    """Twelve hex digits of a hash over the weights of a model folder; for a Hub id, over the id."""
    source = located(source)
    digest = hashlib.sha256()
    files = sorted(Path(source).glob("*.safetensors")) if Path(source).is_dir() else []
    if not files:
        digest.update(source.encode())
    for file in files:
        with file.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()[:12]
