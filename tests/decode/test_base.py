"""A decoder leaves what it does not change to the model beneath it."""

from dataclasses import dataclass

from penchant.decode.base import Decoder
from penchant.message import conversation
from penchant.model.base import Candidates, Sampling
from penchant.model.stepwise import likelihoods
from penchant.model.write import write

from .conftest import END, ToyContexts, ToySteps


@dataclass
class Same(Decoder):
    """Opens what the model opens."""

    steps: ToySteps
    name: str = "same"

    def open(self, prompts, *, room: int = 0) -> ToyContexts:
        return self.steps.open(prompts, room=room)


def test_a_decoder_that_changes_nothing_is_the_model(steps) -> None:
    same = Same(steps)
    prompts = [conversation(f"q{number}") for number in range(11)]
    settings = Sampling(temperature=1, max_tokens=9, seed=1)
    plain = write(steps, prompts, settings, rows=11)
    assert same.write(prompts, settings) == plain
    assert list(same.stream(prompts[4], settings))[-1] == plain[4]
    asked = [Candidates(prompt, ("ab", "c")) for prompt in prompts]
    assert same.logprobs(asked) == likelihoods(steps, asked)
    assert (same.ends, same.vocabulary, same.context) == (frozenset({END}), "toy", None)
    assert (same.decode([0, 1]), same.count(prompts[0]), same.answer_ids(prompts[0], ["a"])) == ("ab", 2, [[0, END]])
