"""A model with a cache: each question is computed once."""

from penchant.message import Message
from penchant.model.base import Candidates, Sampling
from penchant.model.cached import CachedModel, uncached
from penchant.model.fake import FakeModel

TEA, MILK = ((Message("user", text),) for text in ("tea please", "milk please"))


def candidates(prompt: tuple[Message, ...], *answers: str) -> Candidates:
    return Candidates(prompt, answers)


def test_what_was_asked_before_is_not_asked_again_and_order_is_kept() -> None:
    plain, model = FakeModel(follow=0.5), CachedModel(inner := FakeModel(follow=0.5))
    first = [candidates(TEA, "tea", "one two"), candidates(MILK, "tea")]
    assert model.logprobs(first) == plain.logprobs(first)
    second = [
        candidates(MILK, "tea"),
        candidates(MILK, "milk"),
        candidates(TEA, "tea", "one two"),
        candidates(MILK, "milk"),
    ]
    assert model.logprobs(second) == plain.logprobs(second)
    assert inner.calls == 2
    assert model.logprobs(first + second) == plain.logprobs(first + second)
    assert inner.calls == 2
    assert len(model.likelihoods) == 3


def test_another_role_prompt_or_answer_is_another_question() -> None:
    model = CachedModel(FakeModel())
    system: tuple[Message, ...] = (Message("system", "tea please"),)
    model.logprobs(
        [candidates(TEA, "a", "b"), candidates(TEA, "b", "a"), candidates(TEA, "a"), candidates(system, "a", "b")]
    )
    model.logprobs([candidates(TEA, "\ud800")])  # half of a surrogate pair, as in broken texts
    assert len(model.likelihoods) == 5


def test_all_else_is_the_models_own_and_timings_forget() -> None:
    model = CachedModel(inner := FakeModel(name="mine"))
    settings = Sampling(max_tokens=1)
    assert (model.name, model.count(TEA)) == ("mine", 2)
    assert model.write([TEA], settings) == inner.write([TEA], settings)
    assert list(model.stream(TEA, settings)) == list(inner.stream(TEA, settings))
    assert uncached(model) is inner
    assert uncached(inner) is inner
