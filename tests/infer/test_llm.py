"""The annotator that asks a language model: orders and samples are averaged, unusable answers counted."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penchant.config import EndpointSection
from penchant.errors import ModelError
from penchant.infer.llm import LLMAnnotator, agreement
from penchant.model.ledger import Ledger
from penchant.model.remote import Endpoint
from penchant.persona import Statement
from penchant.space import Dimension, PreferenceSpace


@pytest.fixture
def asking(served: Any, tiny: PreferenceSpace, tmp_path: Path) -> Callable[..., LLMAnnotator]:
    def made(space: PreferenceSpace = tiny, **options: Any) -> LLMAnnotator:
        settings = EndpointSection(base_url=served.url, model="m", tries=2, attempts=2)
        return LLMAnnotator(Endpoint(settings, Ledger(tmp_path / "ledger.sqlite")), space, **options)

    return made


def says(*claims: tuple[str, str, float]) -> str:
    return json.dumps({"says": [{"dimension": d, "pole": p, "probability": q} for d, p, q in claims]})


def test_two_orders_are_averaged_so_that_a_habit_of_naming_the_first_pole_cancels(served, asking) -> None:
    served.reply = lambda _request, _number: says(("humour", "A", 0.8))
    once = asking().annotate([Statement("x")])
    np.testing.assert_allclose(once[0, 1], [0, 0.2, 0.8], atol=1e-6)
    twice = asking(orders=2).annotate([Statement("x")])
    np.testing.assert_allclose(twice[0, 1], [0.4, 0.2, 0.4], atol=1e-6)
    assert len(served.requests) == 2  # the first order was in the ledger


def test_samples_are_averaged_and_their_agreement_is_told(served, asking) -> None:
    served.reply = lambda request, _number: says(("humour", "A", 0.9)) if request["seed"] != 1 else says()
    notes: list[str] = []
    steps: list[int] = []
    items = [Statement("x"), Statement("y")]
    read = asking(samples=3, note=notes.append).annotate(items, progress=steps.append)
    np.testing.assert_allclose(read[:, 1, 2], 0.6, atol=1e-6)
    assert sum(steps) == len(items)
    assert "6 answers paid for" in notes[0]
    assert "Krippendorff's alpha of 3 runs" in notes[0]


def test_an_item_without_a_usable_answer_says_nothing_and_is_counted(served, asking) -> None:
    served.reply = lambda request, _: "no" if "bad" in request["messages"][1]["content"] else says(("depth", "B", 0.7))
    notes: list[str] = []
    read = asking(note=notes.append).annotate([Statement("good"), Statement("bad")])
    np.testing.assert_allclose(read[0, 2], [0.7, 0.3, 0], atol=1e-6)
    np.testing.assert_allclose(read[1], [[0, 1, 0]] * 3)
    assert "1 unusable" in notes[0]


def test_where_no_answer_at_all_can_be_used_the_run_ends(served, asking) -> None:
    served.reply = lambda _request, _number: "no idea"
    with pytest.raises(ModelError, match=r"none of the answers of 'm' to 2 items"):
        asking().annotate([Statement("x"), Statement("y")])


def test_a_large_space_is_asked_in_parts(served, asking) -> None:
    space = PreferenceSpace("many", tuple(Dimension(f"d{i}", f"D{i}", "need", f"+{i}", f"-{i}") for i in range(130)))

    def reply(request: dict[str, Any], _number: int) -> str:
        form = request["response_format"]["json_schema"]["schema"]
        ids = form["properties"]["says"]["items"]["properties"]["dimension"]["enum"]
        return says((ids[-1], "A", 0.9))

    served.reply = reply
    steps: list[int] = []
    read = asking(space).annotate([Statement("x")], progress=steps.append)
    assert len(served.requests) == 2
    assert list(np.flatnonzero(read[0, :, 2] > 0.5)) == [99, 129]
    assert steps == [1]


def test_nothing_to_read_asks_nothing(served, asking) -> None:
    assert asking().annotate([]).shape == (0, 3, 3)
    assert served.requests == []


def test_agreement_is_krippendorffs_alpha() -> None:
    # computed by hand: two runs on four items; with two values, nominal and ordinal alpha are equal
    # values +,+ | +,- | -,- | +,+: D_o = 2/8, D_e = 2*5*3/(8*7); alpha = 1 - (2/8)/(30/56) = 0.5333
    votes = np.array([[1, 1, -1, 1], [1, -1, -1, 1]], dtype=float)[:, :, None]
    assert "0.533" in agreement(votes)
    assert "1.000" in agreement(np.array([[1, 0, -1]] * 2, dtype=float)[:, :, None])
    assert agreement(votes[:1]) == ""
    assert "not defined" in agreement(np.zeros((2, 3, 1)))
    gap = votes.copy()
    gap[1, 1] = np.nan
    assert "1.000" in agreement(gap)
