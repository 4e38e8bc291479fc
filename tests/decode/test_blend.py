"""What a blend writes follows its formula: the frequencies of whole answers, token by token and in batches."""

from collections import Counter
from itertools import product as every

import numpy as np
import pytest
from scipy.stats import chisquare

from penchant.decode.blend import Blend, as_asked
from penchant.decode.formulas import Formula, guidance, mixture, product
from penchant.errors import ConfigError
from penchant.message import Message, conversation
from penchant.model.base import Sampling
from penchant.model.write import stream, write

from .conftest import END, VOCABULARY, ToyContexts, ToySteps, logprobs

DRAWS = 100_000
LONGEST = 3
FORMULAS = {"mixture": mixture((0.3, 0.7)), "product": product((0.5, 0.5)), "guidance": guidance(1.8)}


def told(prompt) -> tuple[Message, ...]:
    return (Message("user", prompt[-1].content + " persona"),)


def specified(formula: Formula, prompt: str) -> dict[tuple[int, ...], float]:
    """Answer -> its probability, by the formula over the toy model's tables."""
    chances: dict[tuple[int, ...], float] = {}

    def go(tokens: tuple[int, ...], chance: float) -> None:
        if len(tokens) == LONGEST or (tokens and tokens[-1] == END):
            chances[tokens] = chance
            return
        voices = np.stack([logprobs(voice, tokens) for voice in (prompt, prompt + " persona")]).astype(np.float64)
        for token, weight in enumerate(np.exp(formula(voices))):
            go((*tokens, token), chance * float(weight))

    go((), 1.0)
    return chances


@pytest.mark.parametrize("name", FORMULAS)
def test_answers_are_drawn_as_often_as_the_formula_says(steps, name: str) -> None:
    blend = Blend.of(steps, (as_asked, told), FORMULAS[name])
    wanted = specified(FORMULAS[name], "q")
    contexts = blend.open([conversation("q")])
    rng = np.random.default_rng(0)
    # every prefix is computed by the blend once; its draws are split among its continuations
    counts: Counter[tuple[int, ...]] = Counter({(): DRAWS})
    for length in range(LONGEST):
        for prefix in [prefix for prefix in every(range(VOCABULARY), repeat=length) if END not in prefix]:
            contexts.append([prefix])
            chances = np.exp(contexts.next_logprobs()[0].astype(np.float64))
            parts = rng.multinomial(counts.pop(prefix, 0), chances / chances.sum())
            counts.update({(*prefix, token): int(part) for token, part in enumerate(parts)})
            contexts.rollback([contexts.lengths[0] - length])
    drawn = np.array([counts[answer] for answer in wanted])
    assert drawn.sum() == DRAWS
    expected = DRAWS * np.array(list(wanted.values()))
    assert chisquare(drawn, expected * drawn.sum() / expected.sum()).pvalue > 0.01
    assert abs(drawn - expected).sum() / 2 / DRAWS < 2 * np.sqrt(len(wanted) / DRAWS)
    # the same draws are refused as draws of one voice alone
    alone = DRAWS * np.array(list(specified(guidance(0.0), "q").values()))
    assert chisquare(drawn, alone * drawn.sum() / alone.sum()).pvalue < 1e-6


def test_written_answers_are_drawn_by_the_formula(steps) -> None:
    blend = Blend.of(steps, (as_asked, told), FORMULAS["guidance"])
    first = np.exp(FORMULAS["guidance"](np.stack([logprobs(v, ()) for v in ("q", "q persona")]).astype(np.float64)))
    settings = [Sampling(temperature=1, top_p=1, max_tokens=1, seed=seed) for seed in range(2_000)]
    answers = Counter(write(blend, [conversation("q")], one, rows=1)[0].text for one in settings)
    counts = np.array([answers[text] for text in ("a", "b", "c", "")])
    assert chisquare(counts, first / first.sum() * counts.sum()).pvalue > 0.01


def test_eight_in_a_batch_are_as_eight_alone_and_a_stream_is_as_what_is_written(steps) -> None:
    blend = Blend.of(steps, (as_asked, told), FORMULAS["product"])
    prompts = [conversation(f"question {number}") for number in range(8)]
    settings = Sampling(temperature=1, max_tokens=12, seed=3)
    together = write(blend, prompts, settings, rows=8)
    assert together == [write(blend, [prompt], settings, rows=1)[0] for prompt in prompts]
    *pieces, last = stream(blend, prompts[0], settings)
    assert last == together[0]
    assert "".join(pieces) == last.text


def test_strength_0_writes_what_the_model_writes_alone(steps) -> None:
    settings = Sampling(temperature=1, max_tokens=12, seed=3)
    prompts = [conversation(f"question {number}") for number in range(8)]
    blend = Blend.of(steps, (as_asked, told), guidance(0.0))
    alone, blended = (write(model, prompts, settings, rows=8) for model in (steps, blend))
    assert [answer.text for answer in alone] == [answer.text for answer in blended]


def test_verifying_and_rolling_back_leave_no_trace(steps) -> None:
    blend = Blend.of(steps, (as_asked, told), FORMULAS["mixture"])
    contexts, fresh = (blend.open([conversation("q"), conversation("another")]) for _ in range(2))
    contexts.append([[0], [1]])
    before = contexts.lengths
    verified = contexts.verify([[2, 1], [0]])
    assert [len(rows) for rows in verified] == [2, 1]
    contexts.rollback(before)
    fresh.append([[0], [1]])
    assert np.array_equal(contexts.next_logprobs(), fresh.next_logprobs())
    fresh.append([[2, 1], [0]])
    assert np.array_equal(fresh.next_logprobs(), np.stack([verified[0][-1], verified[1][-1]]))
    contexts.select([1])
    assert np.array_equal(contexts.next_logprobs().shape, (1, VOCABULARY))


def test_two_models_with_the_same_tokens_are_blended_and_others_refused() -> None:
    class Other(ToySteps):
        """The toy model, another instance; its prompts have another ending."""

        def open(self, prompts, *, room: int = 0) -> ToyContexts:
            return ToyContexts([prompt[-1].content + " by another" for prompt in prompts])

    one, other = ToySteps(), Other()
    blend = Blend(((one, as_asked), (other, told), (one, told)), mixture((0.2, 0.5, 0.3)))
    contexts = blend.open([conversation("q"), conversation("r")])
    contexts.append([[0, 1], [2]])
    before = contexts.lengths
    contexts.verify([[1], [0, 0]])
    contexts.rollback(before)
    for row, (prompt, tokens) in enumerate((("q", (0, 1)), ("r", (2,)))):
        voices = [prompt, f"{prompt} persona by another", f"{prompt} persona"]
        wanted = mixture((0.2, 0.5, 0.3))(np.stack([logprobs(voice, tokens) for voice in voices]).astype(np.float64))
        assert np.allclose(contexts.next_logprobs()[row], wanted, atol=1e-6)
    other.vocabulary = "another"
    with pytest.raises(ConfigError, match="different tokens"):
        Blend(((one, as_asked), (other, told)), mixture((0.5, 0.5)))
    with pytest.raises(ConfigError, match="at least one voice"):
        Blend((), mixture((0.5, 0.5)))
