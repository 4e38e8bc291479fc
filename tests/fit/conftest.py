"""A tiny sentence encoder with random weights, and sentences for it."""

import pytest
import torch

from penchant.encoder.sentence import SentenceEncoder
from penchant.fit.tuning import Tuning
from penchant.infer.labelled import Labelled
from penchant.persona import Comment
from penchant.space import PreferenceSpace

THINGS = {"length": ("short notes", "long letters"), "depth": ("steam engines", "small talk")}
WAYS = ("Give me {}.", "I want {} each day.", "{} again, and I am glad.", "Nothing like {}.", "More {}, please.")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> SentenceEncoder:
    """A network of two layers whose vocabulary is the words of the sentences."""
    pytest.importorskip("sentence_transformers")
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    texts = " ".join([*WAYS, *(text for pair in THINGS.values() for text in pair), "rain on tuesday"])
    words = sorted({word.strip(".,{}").lower() for word in texts.split()} - {""})
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", ",", *words]))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=7 + len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    BertModel(config).save_pretrained(folder / "bert")
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder / "bert")
    bert = Transformer(str(folder / "bert"))
    SentenceTransformer(modules=[bert, Pooling(32)]).save(str(folder / "whole"))
    return SentenceEncoder(folder / "whole", name="tiny")


@pytest.fixture(scope="module")
def items(tiny: PreferenceSpace) -> list[Labelled]:
    return [
        Labelled(f"{way} {thing}", Comment("", way.format(thing)), tiny.direction({name: sign}))
        for name, pair in THINGS.items()
        for thing, sign in zip(pair, (1, -1), strict=True)
        for way in WAYS
        for _ in range(2)
    ]


@pytest.fixture(scope="module")
def tuning() -> Tuning:
    return Tuning(rank=4, epochs=40, rate=5e-3)
