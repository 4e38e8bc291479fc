"""Free drafts change nothing that is written, and save passes where text repeats."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from penchant.decode.blend import Blend, as_asked
from penchant.decode.formulas import mixture
from penchant.decode.turns import Turns
from penchant.message import Message, conversation
from penchant.model.base import Sampling
from penchant.model.local import LocalModel
from penchant.model.lookup import DRAFTS
from penchant.model.write import stream, write

from .conftest import VOCABULARY, ToyContexts, ToySteps

BASE = Path(__file__).parents[2] / "models" / "forum-base"


def told(prompt) -> tuple[Message, ...]:
    return (Message("user", prompt[-1].content + " persona"),)


class Repeating(ToySteps):
    """Repeats a b c a b c, most of the time; counts its passes."""

    def __init__(self) -> None:
        self.passes = 0

    def open(self, prompts, *, room: int = 0) -> "RepeatingContexts":
        return RepeatingContexts(self, [prompt[-1].content for prompt in prompts])


class RepeatingContexts(ToyContexts):
    def __init__(self, steps: Repeating, prompts: list[str]) -> None:
        super().__init__(prompts)
        self.steps = steps

    def next_logprobs(self) -> np.ndarray:
        self.steps.passes += 1
        return np.stack([after(row) for row in self.rows])

    def verify(self, tokens) -> list[np.ndarray]:
        self.steps.passes += 1
        before = list(map(len, self.rows))
        self.append(tokens)
        return [
            np.array([after(row[: place + 1]) for place in range(start, len(row))]).reshape(-1, VOCABULARY)
            for row, start in zip(self.rows, before, strict=True)
        ]


def after(row: Sequence[int]) -> np.ndarray:
    weights = np.full(VOCABULARY, 0.01)
    weights[len(row) % 3] = 1
    return np.log(weights / weights.sum()).astype(np.float32)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("temperature", [0.0, 0.7, 1.0])
def test_the_answers_are_those_without_drafts(steps, seed: int, temperature: float) -> None:
    settings = Sampling(temperature=temperature, top_p=0.95, max_tokens=25, seed=seed)
    prompts = [conversation(f"question {number}") for number in range(9)]
    for model in (steps, Blend.of(steps, (as_asked, told), mixture((0.5, 0.5))), Turns(steps, as_asked, told)):
        plain = write(model, prompts, settings, rows=9)
        assert write(model, prompts, settings, rows=4, drafts=DRAFTS) == plain
        *pieces, last = stream(model, prompts[0], settings, drafts=DRAFTS)
        assert last == plain[0]
        assert "".join(pieces) == last.text


def test_a_text_that_repeats_takes_fewer_passes() -> None:
    steps = Repeating()
    settings = Sampling(temperature=1, top_p=1, max_tokens=60, seed=1)
    written = write(steps, [conversation("q")], settings, rows=1, drafts=DRAFTS)
    assert written == write(Repeating(), [conversation("q")], settings, rows=1)
    assert steps.passes < 0.6 * written[0].answer_tokens


def test_the_limit_and_the_end_are_exact() -> None:
    for limit in range(1, 12):
        settings = Sampling(temperature=0, max_tokens=limit)
        (answer,) = write(Repeating(), [conversation("q")], settings, rows=1, drafts=DRAFTS)
        assert (answer.answer_tokens, answer.finish) == (limit, "length")


def test_over_a_transformer_the_answers_are_those_without_drafts() -> None:
    model = LocalModel.load(str(BASE))
    prompts = [conversation(text) for text in ("tea tea tea tea tea tea", "Say it again and again and again.", "Why?")]
    settings = Sampling(temperature=0, max_tokens=48)
    plain = write(model, prompts, settings, rows=3)
    assert write(model, prompts, settings, rows=3, drafts=DRAFTS) == plain
