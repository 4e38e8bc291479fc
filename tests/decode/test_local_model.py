"""Decoders over a real transformer: caches, batches and rollbacks change nothing."""

from pathlib import Path

import numpy as np
import pytest
import torch

from penchant import Comment, Persona, meet, render
from penchant.decode.blend import Blend, as_asked
from penchant.decode.formulas import guidance, mixture
from penchant.decode.judge import PersonaJudge
from penchant.message import conversation
from penchant.model.base import Sampling
from penchant.model.local import LocalModel
from penchant.model.write import write
from penchant.space import load_space

BASE = Path(__file__).parents[2] / "models" / "forum-base"
PERSON = meet(Persona((Comment("What do you do on Sundays?", "I hike in the hills."),)), load_space("manner"))
PROMPTS = [conversation(text) for text in ("Hello", "Where should I go this summer?", "Tell me about tea.", "Why?")]


def told(prompt):
    return render(PERSON, prompt, content="history").messages


@pytest.fixture(scope="module")
def model() -> LocalModel:
    return LocalModel.load(str(BASE))


def plainly(model: LocalModel, prompt, tokens: list[int]) -> np.ndarray:
    """log p of the next token in one pass without any cache, (V,)."""
    contexts = model.open([prompt])
    ids = torch.tensor([[*contexts._rows[0], *tokens]])
    with torch.inference_mode():
        return torch.log_softmax(model.model(input_ids=ids).logits[0, -1].double(), -1).numpy()


def test_a_blend_of_a_batch_is_the_formula_over_plain_passes(model: LocalModel) -> None:
    for formula in (mixture((0.4, 0.6)), guidance(1.5)):
        contexts = Blend.of(model, (as_asked, told), formula).open(PROMPTS)
        tokens = [[5, 9, 7], [11], [], [8, 6]]
        contexts.append(tokens)
        lengths = contexts.lengths
        contexts.verify([[4, 4], [6], [9, 9, 9], []])
        contexts.rollback(lengths)
        for row, prompt in enumerate(PROMPTS):
            voices = np.stack([plainly(model, voice(prompt), tokens[row]) for voice in (as_asked, told)])
            assert np.abs(contexts.next_logprobs()[row] - formula(voices)).max() < 1e-3


def test_strength_0_is_the_model_alone(model: LocalModel) -> None:
    settings = Sampling(temperature=1, max_tokens=12, seed=1)
    blend = Blend.of(model, (as_asked, told), guidance(0.0))
    alone, blended = (write(steps, PROMPTS, settings, rows=4) for steps in (model, blend))
    assert [answer.text for answer in alone] == [answer.text for answer in blended]


@pytest.mark.parametrize("swap", [True, False])
def test_a_batch_of_judged_answers_is_as_each_alone(model: LocalModel, swap: bool) -> None:
    settings = Sampling(temperature=1, top_k=20, top_p=0.9, max_tokens=16, seed=2)
    judge = PersonaJudge(model, as_asked, told, swap=swap)
    assert judge.write(PROMPTS, settings) == [judge.write([prompt], settings)[0] for prompt in PROMPTS]
    assert 0 < judge.tokens.acceptance < 1
