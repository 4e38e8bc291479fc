"""The contract of every annotator."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penchant.config import EndpointSection
from penchant.encoder.fake import FakeEncoder
from penchant.fit.annotator import fit_annotator
from penchant.infer.base import Annotator
from penchant.infer.fake import FakeAnnotator
from penchant.infer.labelled import Labelled
from penchant.infer.llm import LLMAnnotator
from penchant.model.ledger import Ledger
from penchant.model.remote import Endpoint
from penchant.persona import Comment, Comparison, Demographics, Rating, Statement
from penchant.space import PreferenceSpace

ITEMS = (
    Comment("Any thoughts?", "I like it short"),
    Comparison("Which one?", "a short one", "a long one"),
    Demographics("Somebody short of time, long on patience"),
    Rating("Which one?", "a long one", liked=False),
    Statement("short please"),
    Comment("", "..."),
)


def by_words(request: dict[str, Any], _number: int) -> str:
    """A fake language model that looks for two words in the person's own part of the item."""
    system, user = (message["content"] for message in request["messages"])
    item = json.loads(user)
    own, against = " ".join(item.get(key, "") for key in ("wrote", "chose", "text", "said")), item.get("over", "")
    own, against = (
        (own, item["answer"]) if item.get("verdict") == "disliked" else (own + item.get("answer", ""), against)
    )
    value = sum(text.count("short") - text.count("long") for text in (own,)) - against.count("short")
    value += against.count("long")
    short = "A" if "A = Likes it short" in system else "B"
    pole = short if value > 0 else "AB".replace(short, "")
    return json.dumps({"says": [{"dimension": "length", "pole": pole, "probability": 0.9}] if value else []})


@pytest.fixture(params=["fake", "encoder", "llm"])
def annotator(request: pytest.FixtureRequest, tiny: PreferenceSpace, served: Any, tmp_path: Path) -> Annotator:
    if request.param == "llm":
        served.reply = by_words
        settings = EndpointSection(base_url=served.url, model="m")
        return LLMAnnotator(Endpoint(settings, Ledger(tmp_path / "ledger.sqlite")), tiny)
    if request.param == "fake":
        return FakeAnnotator(tiny, {"short": ("length", 1), "long": ("length", -1)})
    items = [
        Labelled(f"p{i}", Comment("", f"{word} thing {i}"), tiny.direction({"length": sign}))
        for i in range(20)
        for word, sign in (("short", 1), ("long", -1))
    ]
    return fit_annotator(items, FakeEncoder(), tiny, steps=30)


def test_readings_are_probabilities_of_three_sides(annotator: Annotator, tiny: PreferenceSpace) -> None:
    readings = annotator.annotate(ITEMS)
    assert readings.shape == (len(ITEMS), len(tiny), 3)
    assert readings.dtype == np.float32
    assert (readings >= 0).all()
    np.testing.assert_allclose(readings.sum(-1), 1, atol=1e-5)


def test_an_item_is_read_the_same_in_any_company(annotator: Annotator) -> None:
    together = annotator.annotate(ITEMS)
    for row, item in enumerate(ITEMS):
        np.testing.assert_allclose(annotator.annotate([item])[0], together[row], atol=1e-5)


def test_directions_that_items_carry_are_not_looked_at(annotator: Annotator, tiny: PreferenceSpace) -> None:
    labelled = [replace(item, direction=tiny.direction({"depth": -1, "length": -1})) for item in ITEMS]
    np.testing.assert_array_equal(annotator.annotate(labelled), annotator.annotate(ITEMS))


def test_choosing_the_other_answer_says_the_opposite(annotator: Annotator) -> None:
    one, other = annotator.annotate(
        [Comparison("p", "a short one", "a long one"), Comparison("p", "a long one", "a short one")]
    )
    np.testing.assert_allclose(one, other[:, ::-1], atol=1e-5)
    assert one[0, 2] > one[0, 0]


def test_a_thumb_down_says_the_opposite_of_a_thumb_up(annotator: Annotator) -> None:
    up, down = annotator.annotate([Rating("p", "a short one", liked=liked) for liked in (True, False)])
    np.testing.assert_allclose(up, down[:, ::-1], atol=1e-5)


def test_nothing_to_read_is_neutral(annotator: Annotator) -> None:
    assert (annotator.annotate([Statement("> short, as somebody else said")]).argmax(-1) == 1).all()
    assert annotator.annotate([]).shape[0] == 0


def test_progress_adds_up_to_the_items(annotator: Annotator) -> None:
    steps: list[int] = []
    annotator.annotate(ITEMS * 30, progress=steps.append)
    assert sum(steps) == 30 * len(ITEMS)
