"""The model without weights."""

from penchant.message import Message
from penchant.model.base import Candidates, Sampling
from penchant.model.fake import FakeModel

PROMPT = (Message("user", "Tea or coffee please"),)


def test_each_word_costs_a_nat_unless_its_weight_says_otherwise() -> None:
    ((plain, weighted),) = FakeModel({"tea": -0.25}).logprobs([Candidates(PROMPT, ("one two three", "tea TEA one"))])
    assert (plain.logprob, plain.tokens) == (-3.0, 3)
    assert (weighted.logprob, weighted.tokens) == (-1.5, 3)


def test_it_can_favour_words_of_the_prompt() -> None:
    ((present, absent),) = FakeModel(follow=0.5).logprobs([Candidates(PROMPT, ("tea", "milk"))])
    assert (present.logprob, absent.logprob) == (-0.5, -1.0)
    quoted = (Message("user", 'they replied "tea"'),)
    ((present, absent),) = FakeModel(follow=0.5).logprobs([Candidates(quoted, ("tea", "milk"))])
    assert (present.logprob, absent.logprob) == (-0.5, -1.0)


def test_it_counts_words_and_passes() -> None:
    model = FakeModel()
    assert model.count(PROMPT) == 4
    model.logprobs([Candidates(PROMPT, ("a",)), Candidates(PROMPT, ("b",))])
    assert model.calls == 1


def test_it_answers_with_the_words_of_the_prompt() -> None:
    cut, full = (FakeModel().write([PROMPT], Sampling(max_tokens=count))[0] for count in (2, 9))
    assert (cut.text, cut.finish) == ("Tea or", "length")
    assert (full.text, full.finish) == ("Tea or coffee please", "stop")
    assert (full.prompt_tokens, full.answer_tokens) == (4, 5)
