"""The best of several answers is taken, whatever model writes them."""

import numpy as np
import pytest

from penchant.decode.best_of import BestOf
from penchant.errors import ConfigError
from penchant.message import conversation
from penchant.model.base import Sampling, Written

PROMPTS = [conversation(f"question {number}") for number in range(3)]


class Writer:
    """Writes the seed and the prompt; has no probabilities."""

    name = "writer"

    def write(self, prompts, settings) -> list[Written]:
        return [Written(f"{settings.seed} to {prompt[-1].content}", 1, 1, "stop") for prompt in prompts]

    def stream(self, prompt, settings):
        (written,) = self.write([prompt], settings)
        yield written.text
        yield written


def even_and_large(prompt, answers) -> np.ndarray:
    seeds = [int(answer.split()[0]) for answer in answers]
    return np.array([seed if seed % 2 == 0 else -1 for seed in seeds])


def test_the_answer_that_suits_best_is_taken_of_so_many() -> None:
    best = BestOf(Writer(), even_and_large, 4)
    written = best.write(PROMPTS, Sampling(seed=3))
    assert [answer.text for answer in written] == [f"14 to question {number}" for number in range(3)]
    # other seeds share no candidate
    assert best.write(PROMPTS[:1], Sampling(seed=4))[0].text == "18 to question 0"


def test_more_candidates_suit_better(steps) -> None:
    def number_of_as(_prompt, answers) -> np.ndarray:
        return np.array([answer.count("a") for answer in answers])

    from penchant.decode.blend import Blend, as_asked

    model = Blend.of(steps, (as_asked,), lambda rows: rows[0])
    settings = Sampling(temperature=1, max_tokens=8)
    prompts = [conversation(f"q{number}") for number in range(60)]
    means = [
        np.mean([answer.text.count("a") for answer in BestOf(model, number_of_as, count).write(prompts, settings)])
        for count in (2, 4, 16)
    ]
    assert means == sorted(means)
    assert means[0] < means[2]


def test_a_stream_is_the_whole_answer() -> None:
    assert next(BestOf(Writer(), even_and_large).stream(PROMPTS[0], Sampling())) == "2 to question 0"


def test_what_leaves_no_choice_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 2 to choose from"):
        BestOf(Writer(), even_and_large, 1)
    with pytest.raises(ConfigError, match="all candidates are equal"):
        BestOf(Writer(), even_and_large).write(PROMPTS, Sampling(temperature=0))
