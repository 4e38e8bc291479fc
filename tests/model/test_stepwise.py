"""Likelihoods from steps are those that a model computes in one pass."""

from pathlib import Path

import pytest

from penchant.errors import ModelError
from penchant.message import conversation
from penchant.model.base import Candidates
from penchant.model.fake import FakeModel
from penchant.model.local import LocalModel
from penchant.model.stepwise import in_batches, likelihoods

BASE = Path(__file__).parents[2] / "models" / "forum-base"
ASKED = [
    Candidates(conversation("Any thoughts on tea?"), ("Try hot tea.", "I suggest nothing at all, as always.")),
    Candidates(conversation("What works with outdoors and gaming?"), ("How about hills.",)),
    Candidates(conversation("Why?"), tuple(f"Because of {number}." for number in range(20))),
]


def test_they_are_those_of_the_tree() -> None:
    model = LocalModel.load(str(BASE))
    for stepped, whole in zip(likelihoods(model, ASKED), model.logprobs(ASKED), strict=True):
        assert [one.tokens for one in stepped] == [one.tokens for one in whole]
        assert [one.logprob for one in stepped] == pytest.approx([one.logprob for one in whole], abs=1e-3)


def test_batches_keep_the_order_and_hold_whole_prompts() -> None:
    many = [Candidates(conversation(f"{number}"), ("a", "b", "c")) for number in range(11)]
    batches = list(in_batches(many))
    assert [one for batch in batches for one in batch] == many
    assert max(len(batch) for batch in batches) == 5
    assert [len(batch) for batch in in_batches([ASKED[2], ASKED[0]])] == [1, 1]


def test_a_context_that_is_too_short_is_named() -> None:
    model = LocalModel.load(str(BASE))
    with pytest.raises(ModelError, match="a prompt with its answer has .* tokens and the model's context"):
        likelihoods(model, [Candidates(conversation("tea"), ("tea " * 5_000,))])
    assert likelihoods(FakeModel(), []) == []
