"""Tuning an encoder together with a head, on a tiny network with random weights."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from penchant.encoder.fake import FakeEncoder
from penchant.encoder.low_rank import UPDATE, load
from penchant.encoder.sentence import SentenceEncoder
from penchant.errors import ModelError, TrainingError
from penchant.fit.annotator import fit_annotator
from penchant.fit.tuning import Tuning, steps_of, tune
from penchant.infer.fitted import CARD, EncoderAnnotator
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


def test_a_tuned_encoder_is_another_and_the_first_one_is_unchanged(encoder, items, tiny, tuning) -> None:
    before = encoder.embed([items[0].item.text])
    done: list[int] = []
    tuned = tune(items, encoder, tiny, tuning, seed=0, progress=done.append)
    assert sum(done) == steps_of(len(items), tuning)
    np.testing.assert_array_equal(encoder.embed([items[0].item.text]), before)
    assert tuned.encoder.name != encoder.name
    assert set(tuned.poles) == {dimension.id for dimension in tiny.dimensions}
    assert not np.allclose(tuned.encoder.embed([items[0].item.text]), before, atol=1e-2)
    for positive, negative in tuned.poles.values():
        assert np.linalg.norm([positive, negative], axis=1) == pytest.approx([1, 1], abs=1e-5)


def test_the_seed_decides_everything(encoder, items, tiny) -> None:
    short = Tuning(rank=2, epochs=3, rate=1e-3)
    one, same, other = (tune(items, encoder, tiny, short, seed=seed) for seed in (0, 0, 1))
    assert one.encoder.name == same.encoder.name != other.encoder.name


def test_an_annotator_with_a_tuned_encoder_reads_and_is_read_back(encoder, items, tiny, tuning, tmp_path: Path) -> None:
    annotator = fit_annotator(items, encoder, tiny, tuning=tuning)
    asked = [item.item for item in items]
    readings = annotator.annotate(asked)
    truth = np.stack([item.direction.signs for item in items])
    spoken = truth != 0
    assert (np.sign(readings[..., 2] - readings[..., 0]) == truth)[spoken].mean() > 0.9
    annotator.save(tmp_path)
    again = EncoderAnnotator.load(tmp_path, encoder.tuned(load(tmp_path / UPDATE)), tiny)
    np.testing.assert_allclose(again.annotate(asked), readings, atol=5e-3)
    assert again.by_sentence
    with pytest.raises(ModelError, match="fitted over"):
        EncoderAnnotator.load(tmp_path, encoder, tiny)
    card = json.loads((tmp_path / CARD).read_text())
    (tmp_path / CARD).write_text(json.dumps({**card, "learned": card["learned"][1:]}))
    with pytest.raises(ModelError, match="its poles do not fit its card"):
        EncoderAnnotator.load(tmp_path, encoder.tuned(load(tmp_path / UPDATE)), tiny)


def test_poles_learned_for_one_space_hold_in_another_that_has_the_dimension(encoder, items, tiny, tuning) -> None:
    annotator = fit_annotator(items, encoder, tiny, tuning=tuning)
    other = tiny.subset(["depth", "humour"], name="other")
    moved = annotator.for_space(other)
    assert set(moved.learned) <= {"depth", "humour"}
    item = [Comment("", WAYS[1].format("steam engines"))]
    np.testing.assert_allclose(
        moved.annotate(item)[0, other.index("depth")], annotator.annotate(item)[0, tiny.index("depth")], atol=1e-6
    )


def test_other_encoders_cannot_be_tuned(items, tiny) -> None:
    with pytest.raises(TrainingError, match="cannot be tuned"):
        fit_annotator(items, FakeEncoder(), tiny, tuning=Tuning())
