"""Persona-judge draws what its specification says, and without its swap the judge's text alone."""

from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from penchant.decode.blend import as_asked
from penchant.decode.judge import PersonaJudge, warped
from penchant.errors import ConfigError
from penchant.message import Message, conversation
from penchant.model.base import Sampling
from penchant.model.write import write

from .conftest import END, logprobs

LONGEST = 3
RARE = 10
FREE = Sampling(temperature=1, top_p=1, max_tokens=LONGEST)
VOICES = ("q", "q persona")


def told(prompt) -> tuple[Message, ...]:
    name, _, number = prompt[-1].content.partition("#")
    return (Message("user", f"{name} persona#{number}"),)


def chances(voice: int, tokens: tuple[int, ...], settings: Sampling = FREE) -> np.ndarray:
    return warped(logprobs(VOICES[voice], tokens), settings)


def specified(drafts: int, *, swap: bool, settings: Sampling = FREE) -> dict[tuple[int, ...], float]:
    """Answer -> its probability, by adding up everything that can happen in each round."""
    total: Counter[tuple[int, ...]] = Counter()

    def ended(tokens: tuple[int, ...]) -> bool:
        return len(tokens) == LONGEST or bool(tokens and tokens[-1] == END)

    def begin(tokens: tuple[int, ...], drafter: int, chance: float) -> None:
        if ended(tokens):
            total[tokens] += chance
        else:
            go(tokens, drafter, chance, min(drafts, LONGEST - len(tokens) - 1))

    def go(tokens: tuple[int, ...], drafter: int, chance: float, left: int) -> None:
        then = 1 - drafter if swap else drafter
        q, p = chances(drafter, tokens, settings), chances(1 - drafter, tokens, settings)
        if not left:  # one more, of the judge
            for token in np.flatnonzero(p):
                begin((*tokens, int(token)), then, chance * p[token])
            return
        accept = np.minimum(q, p)
        for token in np.flatnonzero(accept):
            new = (*tokens, int(token))
            if token == END:
                total[new] += chance * accept[token]
            else:
                go(new, drafter, chance * accept[token], left - 1)
        rest = np.maximum(p - q, 0)
        if rest.sum():
            for token in np.flatnonzero(rest):
                begin((*tokens, int(token)), then, chance * (1 - accept.sum()) * rest[token] / rest.sum())

    begin((), 0, 1.0)
    return dict(total)


def counted(judge: PersonaJudge, draws: int, settings: Sampling = FREE) -> Counter[str]:
    prompts = [conversation(f"q#{number}") for number in range(draws)]
    return Counter(answer.text for answer in judge.write(prompts, settings, rows=500))


def compared(texts: Counter[str], wanted: dict[tuple[int, ...], float]) -> float:
    """The p of a chi-square test; answers that end differ from those of full length in their text."""
    by_text: Counter[str] = Counter()
    for tokens, chance in wanted.items():
        by_text["".join("abc"[token] for token in tokens if token != END)] += chance
    assert sum(by_text.values()) == pytest.approx(1)
    assert set(texts) <= set(by_text)
    drawn = np.array([texts[text] for text in by_text])
    expected = drawn.sum() * np.array(list(by_text.values()))
    rare = expected < RARE  # the test holds for counts that are not small: rare texts are one cell
    if rare.any():
        drawn, expected = (np.append(counts[~rare], counts[rare].sum()) for counts in (drawn, expected))
    return float(chisquare(drawn, expected).pvalue)


@pytest.mark.parametrize("drafts", [1, 2, 4])
def test_answers_are_drawn_as_the_rounds_say(steps, drafts: int) -> None:
    texts = counted(PersonaJudge(steps, as_asked, told, drafts=drafts), 4_000)
    assert compared(texts, specified(drafts, swap=True)) > 0.01
    assert compared(texts, specified(drafts, swap=False)) < 1e-6  # the test can tell the two apart


@pytest.mark.prove
@pytest.mark.parametrize("settings", [FREE, Sampling(temperature=0.7, top_p=0.8, top_k=3, max_tokens=LONGEST)])
def test_a_hundred_thousand_answers_are_drawn_as_the_rounds_say(steps, settings: Sampling) -> None:
    texts = counted(PersonaJudge(steps, as_asked, told, drafts=2), 100_000, settings)
    wanted = specified(2, swap=True, settings=settings)
    assert compared(texts, wanted) > 0.01


def test_without_the_swap_the_text_is_the_judges_alone(steps) -> None:
    judge = PersonaJudge(steps, as_asked, told, drafts=2, swap=False)
    alone: dict[tuple[int, ...], float] = {}

    def go(tokens: tuple[int, ...], chance: float) -> None:
        if len(tokens) == LONGEST or (tokens and tokens[-1] == END):
            alone[tokens] = chance
            return
        for token, weight in enumerate(chances(1, tokens)):
            go((*tokens, token), chance * float(weight))

    go((), 1.0)
    theory = specified(2, swap=False)
    assert theory.keys() == alone.keys()
    assert all(theory[tokens] == pytest.approx(alone[tokens]) for tokens in alone)
    assert compared(counted(judge, 4_000), alone) > 0.01


def test_the_published_code_fails_the_same_test(steps) -> None:
    texts = counted(PersonaJudge(steps, as_asked, told, drafts=2, released=True), 4_000)
    assert compared(texts, specified(2, swap=True)) < 1e-6
    assert compared(texts, specified(2, swap=False)) < 1e-6


def test_a_batch_of_eight_is_as_eight_alone_and_the_limit_is_exact(steps) -> None:
    settings = Sampling(temperature=1, top_p=1, max_tokens=7, seed=5)
    prompts = [conversation(f"q{number}#{number}") for number in range(8)]
    judge = PersonaJudge(steps, as_asked, told)
    together = judge.write(prompts, settings)
    assert together == [judge.write([prompt], settings)[0] for prompt in prompts]
    assert max(answer.answer_tokens for answer in together) == 7
    assert {answer.finish for answer in together} == {"stop", "length"}


def test_voices_that_agree_accept_everything(steps) -> None:
    judge = PersonaJudge(steps, as_asked, lambda prompt: [*prompt, Message("user", prompt[-1].content)])
    settings = Sampling(temperature=1, top_p=1, max_tokens=40)
    judge.write([conversation(f"q{number}") for number in range(20)], settings)
    assert judge.tokens.acceptance == 1
    assert judge.tokens.drafted > 20


def test_at_temperature_0_the_first_token_is_the_judges_likeliest(steps) -> None:
    greedy = Sampling(temperature=0, max_tokens=1)
    texts = counted(PersonaJudge(steps, as_asked, told), 5, greedy)
    judge_alone = write(steps, [told(conversation("q#0"))], greedy, rows=1)[0].text
    assert texts == Counter({judge_alone: 5})


def test_what_cannot_be_judged_is_refused(steps) -> None:
    with pytest.raises(ConfigError, match="`drafts` is 0; a round drafts at least 1 token"):
        PersonaJudge(steps, as_asked, told, drafts=0)
    with pytest.raises(ConfigError, match="the two preferences make the same prompt"):
        PersonaJudge(steps, as_asked, as_asked).write([conversation("q")], FREE)
