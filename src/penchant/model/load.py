"""Loads language models and tokenizers from a folder or the Hub.

Weights must be safetensors, and code that comes with a model is never run.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast
from transformers.utils.hub import cached_file

from penchant.errors import ModelError
from penchant.model.chat import ChatTokenizer, smallest
from penchant.model.smollm2 import located
from penchant.model.template import template_named

_PICKLED = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
_ADAPTER = "adapter_config.json"
_POSITIONS = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "max_sequence_length", "seq_length")
"""Keys under which configs state how many tokens a model takes."""
_SPLIT = "Hi there!\n\n1. It's naïve:  12,345 (2024) — 日本 🙂\tend"
"""A text on which tokenizers differ: digits, blanks, line ends, signs and other scripts."""
_BROKEN = (
    OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, ImportError, SafetensorError,
    StrictDataclassError,
)  # fmt: skip
"""What transformers raises over files, settings and packages that do not fit."""


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


_UNCLEAR = {
    "Unrecognized configuration class": "it is no causal language model; give one",
    "does not recognize this architecture": "transformers does not know its type; update transformers, or take another",
    "Should have a `model_type`": "its config.json names no model type; give a folder that save_pretrained wrote",
    "ignore_mismatched_sizes": "its weights do not have the shapes that its config.json states; download it again",
    "trust_remote_code": "it brings code of its own, which is never run; take another model",
}
"""Parts of errors of transformers, and what they mean here."""
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
        raise ModelError(
            f"{folder} holds no language model; it contains {names}; name a folder that penchant train wrote"
        )


def load_tokenizer(source: str, *, template: str | None = None, revision: str | None = None) -> ChatTokenizer:
    """The tokenizer of a folder or Hub id.

    Args:
        template: chat template in place of the tokenizer's own: a name of `template.TEMPLATES`, or a file.
    Raises:
        ModelError: the tokenizer is missing, or has no usable chat template.
    """
    source = located(source)
    _require_folder(source)
    written = None if template is None else template_named(template)
    base, folder = _base(source), Path(source)
    if base is not None and not (folder / "tokenizer_config.json").is_file():
        return load_tokenizer(base, template=template)
    positions = _positions(source, revision=revision)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False, revision=revision)
    except _BROKEN as error:
        raise ModelError(f"cannot load a tokenizer from '{source}': {_sentence(error)}") from error
    tokenizer = _as_published(tokenizer, source, revision)
    if written is not None:
        tokenizer.chat_template = written
    return ChatTokenizer(tokenizer, positions=positions)


def _as_published(tokenizer: Any, source: str, revision: str | None) -> Any:
    """The tokenizer, or one that is read from tokenizer.json alone where the class splits text in another way.

    transformers 5 builds some classes anew from their vocabulary and loses steps of the file, such as single digits.

    Raises:
        ModelError: both split text in another way than the file says.
    """
    file = cached_file(source, "tokenizer.json", revision=revision, _raise_exceptions_for_missing_entries=False)
    if file is None:
        return tokenizer
    published = Tokenizer.from_file(str(file)).encode(_SPLIT, add_special_tokens=False).ids
    if _split(tokenizer) == published:
        return tokenizer
    plain: Any = PreTrainedTokenizerFast
    tokenizer = plain.from_pretrained(source, revision=revision or "main")
    if _split(tokenizer) == published:
        return tokenizer
    raise ModelError(f"the tokenizer of '{source}' splits text in another way than its tokenizer.json; save it again")


def _split(tokenizer: Any) -> list[int]:
    return list(tokenizer(_SPLIT, add_special_tokens=False)["input_ids"])


def load_parts(source: str, *, template: str | None = None, revision: str | None = None) -> tuple[Any, ChatTokenizer]:
    """Model and tokenizer of a folder or Hub id; see `load_model` and `load_tokenizer`."""
    require_model(source)
    tokenizer = load_tokenizer(source, template=template, revision=revision)
    model = load_model(source, revision=revision)
    require_vocabulary(model, tokenizer, source)
    return model, tokenizer


def require_vocabulary(model: Any, tokenizer: ChatTokenizer, source: str) -> None:
    """Refuses a tokenizer of another model.

    Raises:
        ModelError: the tokenizer has tokens that the model has no embedding of.
    """
    rows = int(model.get_input_embeddings().weight.shape[0])
    last = max(tokenizer.tokenizer.get_vocab().values(), default=0)
    if last >= rows:
        raise ModelError(
            f"the tokenizer of '{source}' has tokens up to number {last}, and the model has embeddings of {rows}; "
            "give the model with its own tokenizer"
        )


def load_model(source: str, *, revision: str | None = None) -> Any:
    """The model of a folder or Hub id, in float32 on a CPU and in the stored type on a GPU.

    Raises:
        ModelError: the model is missing, unsafe or incomplete, or it is no causal language model.
    """
    source = located(source)
    require_model(source)
    if (base := _base(source)) is not None:
        return _with_adapter(Path(source), base)
    _config(source, revision=revision)
    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            source,
            dtype="auto" if torch.cuda.is_available() else torch.float32,
            attn_implementation="sdpa",
            use_safetensors=True,
            trust_remote_code=False,
            revision=revision,
            output_loading_info=True,
        )
    except _BROKEN as error:
        raise ModelError(f"cannot load a model from '{source}': {_sentence(error)}") from error
    model, report = loaded
    if new := sorted(report["missing_keys"]):
        raise ModelError(
            f"'{source}' lacks {len(new)} weights of a language model, such as {new[0]}, which would be initialised at "
            "random; give a model with its language head"
        )
    _refuse_looking_ahead(source, model)
    return model


def positions_of(config: Any) -> int | None:
    """The most tokens that a model takes, as its config states; None where it states nothing."""
    stated = config.get_text_config(decoder=True).to_dict()
    lengths = [stated[name] for name in _POSITIONS if isinstance(stated.get(name), int) and stated[name] > 0]
    return smallest(*lengths)


def _refuse_looking_ahead(source: str, model: Any) -> None:
    """Refuses an encoder with a language head: there, later tokens change the likelihood of earlier ones."""
    flags = [getattr(model.config, name, True) for name in ("is_decoder", "causal")]
    if all(flags):  # only configs of encoders say so, and some say it of decoders too
        return
    with torch.inference_mode():
        first, second = (model(torch.tensor([[1, 2, 3, last]])).logits[0, :3] for last in (4, 5))
    if not torch.allclose(first, second, rtol=1e-5, atol=1e-6):
        raise ModelError(f"'{source}' is an encoder ({model.config.model_type}); give a causal language model")


def _require_folder(source: str) -> None:
    if source.startswith("models/") and not Path(source).is_dir():
        raise ModelError(
            f"no model folder at {source}, which recipes name; run the command from the root of penchant's repository, "
            "or name another base with `model`"
        )
    if _is_local(source) and not Path(source).is_dir():
        raise ModelError(f"no model folder at {source}; check the path, or train one with 'penchant train'")


def _positions(source: str, *, revision: str | None = None) -> int | None:
    """See `positions_of`; an adapter has those of its base. A folder without a config may still hold a tokenizer."""
    _require_folder(source)
    if (base := _base(source)) is not None:
        return _positions(located(base))
    if _is_local(source) and not (Path(source) / "config.json").is_file():
        return None
    return positions_of(_config(source, revision=revision))


def _config(source: str, *, revision: str | None = None) -> Any:
    """The config of a model, which is no encoder-decoder."""
    try:
        config = AutoConfig.from_pretrained(source, trust_remote_code=False, revision=revision)
    except _BROKEN as error:
        raise ModelError(f"cannot read the config of the model '{source}': {_sentence(error)}") from error
    if getattr(config, "is_encoder_decoder", False):
        raise ModelError(f"'{source}' is an encoder-decoder ({config.model_type}); give a causal language model")
    return config


def _sentence(error: Exception) -> str:
    """The first sentence of an error of transformers, which may have pages."""
    text = " ".join(str(error).split())
    for start, sentence in _UNCLEAR.items():
        if start in text:
            return sentence
    first = text.split(". ")[0].rstrip(".:")[:300] or type(error).__name__
    return f"{first}; install what is missing" if isinstance(error, ImportError) else first


def _base(source: str) -> str | None:
    """The base that the adapter of a folder belongs to; None if the folder holds no adapter."""
    config = Path(source) / _ADAPTER
    if not _is_local(source) or not config.is_file():
        return None
    try:
        return str(json.loads(config.read_text(encoding="utf-8"))["base_model_name_or_path"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{config} names no base model ({error!r}); train the adapter again") from error


def _with_adapter(folder: Path, base: str) -> Any:
    """An adapter, on its base model."""
    from peft import PeftModel  # imported only if there is an adapter

    model = load_model(base)
    try:
        return PeftModel.from_pretrained(model, str(folder))
    except _BROKEN as error:
        raise ModelError(f"the adapter in {folder} does not fit '{base}': {_sentence(error)}") from error


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
