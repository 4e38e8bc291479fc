import numpy as np
import torch

from penchant.encoder.pooled import PooledEncoder, pooled


class Counting(PooledEncoder):
    """Counts its batches."""

    name, source, size = "counting", "counting", 2

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[str]] = []

    def _tokenizer(self) -> object:
        raise AssertionError("no text is cut into words here")

    def _pooled(self, batch: list[str]) -> np.ndarray:
        self.batches.append(batch)
        return np.array([[[1.0, 0.0], [len(text), 1.0]] for text in batch], dtype=np.float32)


def test_each_text_is_embedded_once_the_longest_first() -> None:
    encoder = Counting()
    found = encoder.layers(["a", "ccc", "bb", "a"])
    assert encoder.batches == [["ccc", "bb", "a"]]
    assert found.first[:, 0].tolist() == [1, 3, 2, 1]
    steps: list[int] = []
    encoder.layers(["a", "dddd"], progress=steps.append)
    assert encoder.batches[1:] == [["dddd"]]
    assert steps == [1]


def test_means_are_over_tokens_and_the_last_layer_is_scaled() -> None:
    first, last = (
        torch.tensor([[[2.0, 0.0], [4.0, 2.0], [9.0, 9.0]]]),
        torch.tensor([[[3.0, 0.0], [3.0, 8.0], [9.0, 9.0]]]),
    )
    found = pooled(first, last, torch.tensor([[1, 1, 0]]))
    np.testing.assert_allclose(found[0], [[0.6, 0.8], [3.0, 1.0]], atol=1e-6)
