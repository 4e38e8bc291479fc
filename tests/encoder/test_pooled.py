import numpy as np
import torch

from penchant.encoder.pooled import PooledEncoder, States, pooled


class Counting(PooledEncoder):
    """Records its batches."""

    name, source, size = "counting", "counting", 2

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[str]] = []

    def _tokenizer(self) -> object:
        raise AssertionError("these tests need no tokenizer")

    def _states(self, batch: list[str]) -> States:
        self.batches.append(batch)
        longest = max(len(text) for text in batch) + 1
        ids = torch.zeros((len(batch), longest), dtype=torch.long)
        mask, own_mask = torch.zeros_like(ids), torch.zeros_like(ids)
        for row, text in enumerate(batch):
            ids[row, 1 : len(text) + 1] = torch.tensor([ord(letter) for letter in text])
            mask[row, : len(text) + 1] = own_mask[row, 1 : len(text) + 1] = 1
        final = torch.stack([ids.float(), torch.ones_like(ids)], dim=-1)
        return States(ids=ids, first=final.clone(), final=final, mask=mask, own_mask=own_mask)


def test_each_text_is_embedded_once_the_longest_first() -> None:
    encoder = Counting()
    embedded = encoder.layers(["a", "ccc", "bb", "a"])
    assert encoder.batches == [["ccc", "bb", "a"]]
    np.testing.assert_allclose(embedded.first[:, 0], [ord("a") / 2, ord("c") * 3 / 4, ord("b") * 2 / 3, ord("a") / 2])
    steps: list[int] = []
    encoder.layers(["a", "dddd"], progress=steps.append)
    assert encoder.batches[1:] == [["dddd"]]
    assert steps == [1]


def test_texts_that_would_be_mostly_padding_have_a_batch_of_their_own() -> None:
    encoder = Counting()
    encoder.layers(["a" * 100, "b" * 90, "c" * 63, "d" * 61, "e"])
    assert [[len(text) for text in batch] for batch in encoder.batches] == [[100, 90, 63], [61], [1]]


def test_tokens_are_those_of_each_text_and_one_pass_gives_its_layers_too() -> None:
    encoder = Counting()
    steps: list[int] = []
    tokens = encoder.tokens(["ab", "", "ab"], progress=steps.append)
    assert tokens.starts.tolist() == [0, 2, 3, 5]
    # an empty text keeps the mark of its beginning
    assert tokens.ids.tolist() == [97, 98, 0, 97, 98]
    np.testing.assert_allclose(np.linalg.norm(tokens.vectors.astype(np.float32), axis=1), 1, atol=1e-3)
    assert steps == [2]
    encoder.layers(["ab", ""])
    assert len(encoder.batches) == 1
    assert encoder.tokens([]).starts.tolist() == [0]


def test_means_are_over_tokens_and_the_last_layer_is_scaled() -> None:
    first = torch.tensor([[[2.0, 0.0], [4.0, 2.0], [9.0, 9.0]]])
    final = torch.tensor([[[3.0, 0.0], [3.0, 8.0], [9.0, 9.0]]])
    vectors = pooled(first, final, torch.tensor([[1, 1, 0]]))
    np.testing.assert_allclose(vectors[0], [[0.6, 0.8], [3.0, 1.0]], atol=1e-6)


def test_what_is_forgotten_is_embedded_anew() -> None:
    encoder = Counting()
    encoder.layers(["a", "bb"])
    encoder.forget()
    encoder.layers(["a"])
    assert encoder.batches == [["bb", "a"], ["a"]]
