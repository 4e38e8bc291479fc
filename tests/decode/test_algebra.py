"""Terms add up as written; unions, intersections and plausible tokens are what their definitions say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import chisquare

from penchant.decode.algebra import expert_less_amateur, formula, intersection, plausible, union, voice
from penchant.decode.blend import Blend, as_asked
from penchant.decode.formulas import guidance, product
from penchant.errors import ConfigError
from penchant.message import Message, conversation
from penchant.model.base import Sampling
from penchant.model.write import write

from .conftest import END, logprobs

LOGITS = arrays(np.float64, (3, 5), elements=st.floats(-20, 20))
COPE = expert_less_amateur(0.5, share=0.3)
FORMULAS = {
    "sum": formula(0.4 * voice(0) + 0.9 * voice(1)),
    "difference": formula(voice(1) - 0.5 * voice(0)),
    "union": formula(union(voice(0), voice(1))),
    "intersection": formula(intersection(voice(0), voice(1))),
    "contrast": COPE,
}


def normalised(logits: np.ndarray) -> np.ndarray:
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def defined(name: str, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Probabilities by the definition, without the algebra."""
    p, q = np.exp(first), np.exp(second)
    weights = {
        "sum": p**0.4 * q**0.9,
        "difference": q / np.sqrt(p),
        "union": np.maximum(p, q),
        "intersection": np.minimum(p, q),
        "contrast": np.where(q >= 0.3 * q.max(), q * np.sqrt(q / p), 0),
    }[name]
    return weights / weights.sum()


@given(LOGITS)
def test_guidance_and_products_are_terms_too(logits: np.ndarray) -> None:
    voices = normalised(logits)
    assert np.allclose(formula(voice(0) + 1.7 * (voice(1) - voice(0)))(voices), guidance(1.7)(voices[:2]))
    terms = voice(0) * 0.5 + voice(1) - 0.25 * voice(2)
    assert np.allclose(formula(terms)(voices), product((0.5, 1.0, -0.25))(voices))


@pytest.mark.parametrize("name", FORMULAS)
@given(LOGITS)
def test_a_term_is_its_definition(name: str, logits: np.ndarray) -> None:
    voices = normalised(logits)[:2]
    assert np.allclose(np.exp(FORMULAS[name](voices)), defined(name, *voices))


@pytest.mark.parametrize("name", FORMULAS)
def test_answers_are_drawn_as_the_definition_says(steps, name: str) -> None:
    blend = Blend.of(steps, (as_asked, lambda prompt: (Message("user", prompt[-1].content + " x"),)), FORMULAS[name])
    prompts = [conversation(f"q#{number}") for number in range(3_000)]
    texts = [answer.text for answer in write(blend, prompts, Sampling(temperature=1, top_p=1, max_tokens=1), rows=500)]
    wanted = defined(name, *(logprobs(prompt, ()).astype(np.float64) for prompt in ("q", "q")))
    counts = np.array([texts.count(text) for text in ("a", "b", "c", "")])
    assert END == 3
    kept = wanted > 0
    assert counts[~kept].sum() == 0
    if kept.sum() > 1:
        assert chisquare(counts[kept], wanted[kept] / wanted[kept].sum() * counts.sum()).pvalue > 0.01


def test_what_a_voice_rules_out_has_no_probability_where_it_is_weighed() -> None:
    with np.errstate(divide="ignore"):
        voices = np.log(np.array([[0.5, 0.5, 0.0], [0.2, 0.3, 0.5]]))
    for term in (voice(1) - voice(0), voice(0) + voice(1), intersection(voice(0), voice(1)), voice(0) - voice(0)):
        assert np.exp(formula(term)(voices))[2] == 0
    assert np.exp(formula(union(voice(0), voice(1)))(voices))[2] > 0
    assert np.allclose(np.exp(formula(0 * voice(0) + voice(1))(voices)), [0.4, 0.6, 0])


def test_the_expert_less_amateur_keeps_plausible_tokens_only() -> None:
    voices = np.log(np.array([[0.1, 0.8, 0.1], [0.6, 0.38, 0.02]]))
    chances = np.exp(expert_less_amateur(1.0)(voices))
    assert chances[2] == 0
    assert chances[0] > 0.6
    assert np.allclose(np.exp(expert_less_amateur(0.0)(voices)), [0.6 / 0.98, 0.38 / 0.98, 0])


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: plausible(voice(0), 0.0), "above 0 and at most 1"),
        (lambda: float("nan") * voice(0), "give a finite number"),
        (lambda: formula(voice(2))(np.zeros((2, 4))), "names voice 2, and there are 2"),
    ],
)
def test_what_is_no_term_is_refused(make, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        make()
