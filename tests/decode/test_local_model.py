"""Decoders over a real transformer: caches, batches and rollbacks change nothing."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant import Comment, Persona, meet, render
from penchant.decode.blend import Blend, as_asked
from penchant.decode.formulas import guidance, mixture
from penchant.decode.judge import PersonaJudge
from penchant.decode.turns import Turns
from penchant.errors import ModelError
from penchant.message import conversation
from penchant.model.base import Sampling
from penchant.model.local import LocalModel
from penchant.model.step import Memories, _Nothing
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
    drawn = Sampling(temperature=1, max_tokens=12, seed=1)
    blend = Blend.of(model, (as_asked, told), guidance(0.0))
    alone, blended = (write(steps, PROMPTS, drawn, rows=4) for steps in (model, blend))
    assert [answer.text for answer in alone] == [answer.text for answer in blended]


@pytest.mark.parametrize("swap", [True, False])
def test_a_batch_of_judged_answers_is_as_each_alone(model: LocalModel, swap: bool) -> None:
    drawn = Sampling(temperature=1, top_k=20, top_p=0.9, max_tokens=16, seed=2)
    judge = PersonaJudge(model, as_asked, told, swap=swap)
    assert judge.write(PROMPTS, drawn) == [judge.write([prompt], drawn)[0] for prompt in PROMPTS]
    assert 0 < judge.tokens.acceptance < 1


def decoders(model: LocalModel) -> list:
    return [Blend.of(model, (as_asked, told), guidance(1.5)), Turns(model, as_asked, told)]


STEPS = st.lists(st.tuples(st.sampled_from(["append", "verify", "rollback", "next"]), st.integers(0, 3)), max_size=8)


@settings(max_examples=15, deadline=None)
@given(STEPS, st.integers(0, 2**16))
def test_whatever_was_rolled_back_leaves_no_trace(model: LocalModel, steps: list[tuple[str, int]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    for decoder in decoders(model):
        contexts = decoder.open(PROMPTS[:2])
        begin, rows = contexts.lengths, [[], []]
        for kind, count in steps:
            new = [rng.integers(5, 200, rng.integers(0, count + 1)).tolist() for _ in rows]
            if kind == "next":
                contexts.next_logprobs()
            elif kind == "rollback":
                rows = [row[: max(0, len(row) - count)] for row in rows]
                contexts.rollback([start + len(row) for start, row in zip(begin, rows, strict=True)])
            else:
                getattr(contexts, kind)(new)
                rows = [[*row, *tokens] for row, tokens in zip(rows, new, strict=True)]
        fresh = decoder.open(PROMPTS[:2])
        fresh.append(rows)
        assert contexts.lengths == fresh.lengths
        assert np.abs(contexts.next_logprobs() - fresh.next_logprobs()).max() < 1e-3


def test_without_any_cache_the_tokens_are_the_same(model: LocalModel, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = Sampling(temperature=1, top_k=20, max_tokens=16, seed=3)
    writers = [*decoders(model), PersonaJudge(model, as_asked, told)]
    cached = [writer.write(PROMPTS, drawn) for writer in writers]
    monkeypatch.setattr(Memories, "choose", lambda *_: _Nothing)
    assert [writer.write(PROMPTS, drawn) for writer in writers] == cached


def test_a_person_beyond_the_context_is_named(model: LocalModel) -> None:
    longer = meet(Persona((Comment("x", "tea " * 6_000),)), load_space("manner"))
    blend = Blend.of(model, (as_asked, lambda p: render(longer, p, content="history").messages), guidance(1.5))
    with pytest.raises(ModelError, match="a prompt has .* tokens and the model's context"):
        blend.write(PROMPTS[:1], Sampling(max_tokens=4))
