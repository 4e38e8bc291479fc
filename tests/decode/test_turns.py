"""Turns are distributed as Persona-judge's rounds, token by token, and give the likelihood of any text."""

from collections import Counter
from itertools import product as every

import numpy as np
import pytest

from penchant.decode.blend import as_asked
from penchant.decode.judge import PersonaJudge
from penchant.decode.turns import Turns
from penchant.errors import ConfigError
from penchant.message import conversation
from penchant.model.base import Candidates, Sampling
from penchant.model.write import stream, write

from .conftest import END, VOCABULARY
from .test_judge import FREE, LONGEST, compared, specified, told

WARPED = Sampling(temperature=0.7, top_p=0.8, top_k=3, max_tokens=LONGEST)


def distribution(model: Turns) -> dict[tuple[int, ...], float]:
    """Answer -> its probability, multiplied token by token."""
    chances: dict[tuple[int, ...], float] = {}
    for length in range(1, LONGEST + 1):
        for answer in every(range(VOCABULARY), repeat=length):
            if END in answer[:-1] or (length < LONGEST and answer[-1] != END):
                continue
            contexts = model.open([conversation("q")])
            first = contexts.next_logprobs()[0]
            after = contexts.verify([answer[:-1]])[0]
            rows = [first, *after] if length > 1 else [first]
            chances[answer] = float(np.exp(sum(float(row[token]) for row, token in zip(rows, answer, strict=True))))
    return chances


@pytest.mark.parametrize("settings", [FREE, WARPED], ids=["free", "warped"])
@pytest.mark.parametrize("swap", [True, False])
@pytest.mark.parametrize("drafts", [1, 2, 4])
def test_each_answer_has_the_probability_that_the_rounds_give_it(steps, drafts: int, swap: bool, settings) -> None:
    wanted = specified(drafts, swap=swap, settings=settings)
    chances = distribution(Turns(steps, as_asked, told, drafts, swap=swap, warping=settings))
    assert sum(chances.values()) == pytest.approx(1, abs=1e-5)
    for answer, chance in chances.items():
        assert chance == pytest.approx(wanted.get(answer, 0.0), abs=1e-5)


def test_answers_are_drawn_as_often_as_by_rounds(steps) -> None:
    turns = Turns(steps, as_asked, told, 2)
    prompts = [conversation(f"q#{number}") for number in range(4_000)]
    texts = Counter(answer.text for answer in write(turns, prompts, FREE, rows=500))
    assert compared(texts, specified(2, swap=True)) > 0.01
    assert compared(texts, specified(2, swap=False)) < 1e-6


def test_growing_verifying_and_rolling_back_agree(steps) -> None:
    turns = Turns(steps, as_asked, told, 2)
    one, other = (turns.open([conversation("q"), conversation("r")]) for _ in range(2))
    one.append([[0, 1, 2], [1]])
    verified = other.verify([[0, 1, 2], [1]])
    assert np.array_equal(one.next_logprobs(), np.stack([verified[0][-1], verified[1][-1]]))
    for token in ([[0], []], [[1], [2]]):
        other.append(token)
    other.rollback(one.lengths)
    assert np.array_equal(one.next_logprobs(), other.next_logprobs())
    other.select([1])
    assert np.array_equal(one.next_logprobs()[1:], other.next_logprobs())


def test_likelihoods_are_those_of_the_distribution(steps) -> None:
    turns = Turns(steps, as_asked, told, 2)
    ((one, two),) = turns.logprobs([Candidates(conversation("q"), ("ab", "c"))])
    wanted = specified(2, swap=True)
    assert np.exp(one.logprob) == pytest.approx(wanted[(0, 1, END)], abs=1e-6)
    assert np.exp(two.logprob) == pytest.approx(wanted[(2, END)], abs=1e-6)
    assert (one.tokens, two.tokens) == (3, 2)


def test_a_stream_and_a_batch_are_as_one_answer_alone(steps) -> None:
    turns = Turns(steps, as_asked, told)
    settings = Sampling(temperature=1, top_p=1, max_tokens=9, seed=4)
    prompts = [conversation(f"q{number}") for number in range(8)]
    together = turns.write(prompts, settings)
    assert together == [turns.write([prompt], settings)[0] for prompt in prompts]
    assert list(stream(turns, prompts[3], settings))[-1] == together[3]


def test_settings_apply_to_each_voice_before_they_are_compared(steps) -> None:
    turns = Turns(steps, as_asked, told, 2)
    prompts = [conversation(f"q#{number}") for number in range(4_000)]
    wanted = specified(2, swap=True, settings=WARPED)
    assert compared(Counter(answer.text for answer in turns.write(prompts, WARPED)), wanted) > 0.01
    # warping the mixture instead is another distribution
    assert compared(Counter(a.text for a in write(turns, prompts, WARPED, rows=500)), wanted) < 1e-6
    assert list(turns.stream(prompts[0], WARPED))[-1] == turns.write(prompts[:1], WARPED)[0]


def test_what_cannot_be_judged_is_refused(steps) -> None:
    with pytest.raises(ConfigError, match="at least 1 token"):
        Turns(steps, as_asked, told, 0)
    with pytest.raises(ConfigError, match="two that differ"):
        Turns(steps, told, told).write([conversation("q")], FREE)
    with pytest.raises(ConfigError, match="two that differ"):
        PersonaJudge(steps, told, told).write([conversation("q")], FREE)
