"""A language model labels a sample of the replies, and an annotator that is fitted on the sample reads the rest."""

import json
import random
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import yaml

from penchant.encoder.pooled import PooledEncoder, States
from penchant.errors import ConfigError, TrainingError
from penchant.persona import Comment
from penchant.runs.build import build
from penchant.runs.build_labels import steady
from penchant.shards.parquet import read
from penchant.space import load_space

from ..build.conftest import rows_of, write_forum

FOND = ["I love hiking in the hills.", "A long walk outdoors makes my week.", "Give me a tent and a trail."]
AVERSE = ["I hate hiking in the hills.", "I never walk outdoors if I can help it.", "Tents and trails are a bore."]
PLAIN = ["The shop opens at nine today.", "My parcel came with the morning post.", "The bus was late again."]


def forum(folder: Path, served, **settings) -> Path:
    """Six replies to each post; the model labels by whether a text is in one of the lists."""

    def reply(request: dict, _number: int) -> object:
        asked = json.dumps(request["messages"])
        poles = [pole for pole, texts in (("A", FOND), ("B", AVERSE)) if any(text[:-1] in asked for text in texts)]
        says = [{"dimension": "outdoors", "pole": pole, "probability": 0.95} for pole in poles]
        return json.dumps({"says": says})

    served.reply = reply
    (folder / "llm.yaml").write_text(
        yaml.safe_dump({"endpoint": {"base_url": served.url, "model": "m", "ledger": "labels.sqlite"}})
    )
    rng = random.Random(0)
    rows = rows_of(25)
    for row in rows:
        if row["parent"]:
            said = rng.choice(rng.choice([FOND, AVERSE, PLAIN]))
            row["text"] = f"{said} {row['text']}"
    return write_forum(folder, rows, annotator="llm.yaml", **settings)


@pytest.mark.prove
def test_a_sample_is_labelled_and_the_rest_is_read_by_a_fitted_annotator(tmp_path, served, reporter) -> None:
    recipe = forum(tmp_path, served, labelled=60)
    content = build(config=recipe, out=tmp_path / "data", reporter=reporter)
    assert len(served.requests) == 60
    assert content["labelled"]["items"] == 60
    assert content["steps"]["replies"]["out"] > 80
    assert any("leans to their side in" in note for note in reporter.notes)
    assert "It labelled 60 replies" in (tmp_path / "data" / "README.md").read_text()
    space = load_space()
    items = {
        item.evidence.text: item.evidence.direction
        for record in read(tmp_path / "data" / "train", space)
        for item in record.persona.items
        if hasattr(item.evidence, "text")
    }
    signs = {
        name: [direction.sign("outdoors") for text, direction in items.items() if text.startswith(tuple(texts))]
        for name, texts in (("fond", FOND), ("averse", AVERSE))
    }
    assert sum(signs["fond"]) > 0.8 * len(signs["fond"])
    assert sum(signs["averse"]) < -0.8 * len(signs["averse"])


@pytest.mark.prove
def test_a_build_that_stops_after_the_labels_pays_for_none_twice(tmp_path, served, monkeypatch) -> None:
    from penchant.build.stages import link

    recipe = forum(tmp_path, served, labelled=40)
    with monkeypatch.context() as patch:
        patch.setattr(link, "link", _stop)
        with pytest.raises(KeyboardInterrupt):
            build(config=recipe, out=tmp_path / "data")
    build(config=recipe, out=tmp_path / "data", resume=True)
    assert len(served.requests) == 40


def test_too_few_labels_are_refused(tmp_path, served) -> None:
    with pytest.raises(TrainingError, match="`labelled` 3: .*; label more replies"):
        build(config=forum(tmp_path, served, labelled=3), out=tmp_path / "data")


def test_labels_need_an_annotator(tmp_path) -> None:
    with pytest.raises(ConfigError, match="`annotator` is null"):
        build(config=write_forum(tmp_path, rows_of(3), labelled=5), out=tmp_path / "data")


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


class Lengths(PooledEncoder):
    """Vectors of the length of a text."""

    name, source, size = "lengths", "lengths", 1

    def _tokenizer(self) -> object:
        raise AssertionError("this test needs no tokenizer")

    def _states(self, batch: list[str]) -> States:
        ones = torch.ones((len(batch), 1, 1))
        return States(ids=ones[..., 0], first=ones, final=ones, mask=ones[..., 0], own_mask=ones[..., 0])


def test_a_steady_reader_keeps_nothing_of_earlier_items_and_computes_in_one_thread() -> None:
    encoder = Lengths()
    encoder.embed(["an earlier text"])
    seen: list[tuple[int, int]] = []

    def counted(items: list[Comment]) -> list[None]:
        seen.append((torch.get_num_threads(), len(encoder._cache)))
        return [None for _ in items]

    before = torch.get_num_threads()
    assert steady(counted, SimpleNamespace(encoder=encoder))([Comment("", "a")]) == [None]
    assert seen == [(1, 0)]
    assert torch.get_num_threads() == before
    assert steady(counted, SimpleNamespace()) is counted
