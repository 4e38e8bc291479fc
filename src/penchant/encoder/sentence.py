"""The published sentence encoders: all-MiniLM-L6-v2 and all-mpnet-base-v2.

A process embeds each text once, because evaluation requests the same text many times. The encoder reads the model's
hidden states, because the model's own `encode` returns the last layer only. Mean pooling and scaling to length 1 follow
the model cards; a test compares the result with `encode`.
"""

from __future__ import annotations

import copy
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.encoder import SENTENCE
from penchant.encoder.pooled import PooledEncoder, States
from penchant.encoder.published import PUBLISHED

if TYPE_CHECKING:
    from penchant.encoder.low_rank import Update

_MAX_TOKENS = 256


class SentenceEncoder(PooledEncoder):
    """A sentence-transformers model with mean pooling on this machine."""

    def __init__(self, folder: Path, *, name: str, source: str = SENTENCE) -> None:
        from sentence_transformers import SentenceTransformer  # slow to import: only when an encoder is opened

        super().__init__()
        self.name = name
        self.source = source
        self._model: Any = SentenceTransformer(str(folder), local_files_only=True, trust_remote_code=False)
        self._model.eval()  # `encode` would do this; without it dropout stays on
        self.update: Update | None = None
        """The update that `tuned` has applied; None for the published weights."""

    @property
    def network(self) -> Any:
        """The transformer, whose last hidden states are averaged."""
        return self._model[0].auto_model

    def tuned(self, update: Update) -> SentenceEncoder:
        """The same encoder with a low-rank update of its weights, and a name of its own.

        Raises:
            ModelError: the update is of another network.
        """
        from penchant.encoder import low_rank

        other = copy.copy(self)
        other._cache = {}
        other._model = copy.deepcopy(self._model)
        low_rank.apply(other.network, update)
        if knows_bfloat16():
            low_rank.narrow(other.network)
        other.name, other.update = f"{self.name}+{low_rank.digest(update)}", update
        return other

    def batch_tokens(self, texts: list[str], *, marks: bool = False) -> Any:
        """Token ids of some texts as the network takes them, cut at 256 tokens each.

        Args:
            marks: also tell marks of a text's beginning and end, and padding, from its own tokens.
        """
        return self._model.tokenizer(
            texts,
            padding=True,
            truncation=True,
            max_length=_MAX_TOKENS,
            return_special_tokens_mask=marks,
            return_tensors="pt",
        )

    @property
    def size(self) -> int:
        """384 for all-MiniLM-L6-v2, 768 for all-mpnet-base-v2."""
        return int(self._model.get_embedding_dimension())

    def _tokenizer(self) -> Any:
        return self._model.tokenizer

    def _states(self, batch: list[str]) -> States:
        import torch

        tokens = self.batch_tokens(batch, marks=True).to(self._model.device)
        own_mask = 1 - tokens.pop("special_tokens_mask")
        # a tuned encoder was trained in bfloat16, which is four times as fast on processors that know it
        narrow = self.update is not None and knows_bfloat16()
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=narrow):
            states = self.network(**tokens, output_hidden_states=True).hidden_states
        # states[0] is the embedding table's output, so the first layer is states[1]
        return States(
            ids=tokens["input_ids"],
            first=states[1],
            final=states[-1],
            mask=tokens["attention_mask"],
            own_mask=own_mask,
        )


def knows_bfloat16() -> bool:
    """Whether this processor has instructions for bfloat16; elsewhere it would be slower than float32."""
    import torch

    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def load_encoder(source: str = SENTENCE, folder: str | None = None) -> SentenceEncoder:
    """Loads an encoder once per process and checks its weights.

    Args:
        source: a name of `published.PUBLISHED`.
        folder: a local copy; None finds one, see `Published.located`.
    Raises:
        ModelError: no copy is found, or its weights are not the published ones.
    """
    return _loaded(source, folder)


@lru_cache
def _loaded(source: str, folder: str | None) -> SentenceEncoder:
    published = PUBLISHED[source]
    return SentenceEncoder(published.located(folder), name=published.label, source=source)
