"""Each formula is a distribution, and equals its definition in float64."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from penchant.decode.formulas import guidance, mixture, product
from penchant.errors import ConfigError

LOGITS = arrays(np.float64, (3, 5), elements=st.floats(-20, 20))


def normalised(logits: np.ndarray) -> np.ndarray:
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


@given(LOGITS)
def test_a_mixture_is_the_weighted_mean_of_probabilities(logits: np.ndarray) -> None:
    voices = normalised(logits)
    mixed = mixture((0.2, 0.5, 0.3))(voices)
    assert np.allclose(np.exp(mixed), 0.2 * np.exp(voices[0]) + 0.5 * np.exp(voices[1]) + 0.3 * np.exp(voices[2]))


@given(LOGITS)
def test_a_product_is_proportional_to_the_powers_of_probabilities(logits: np.ndarray) -> None:
    voices = normalised(logits)
    made = np.exp(product((1.0, 0.5, -0.25))(voices))
    wanted = np.exp(voices[0] + 0.5 * voices[1] - 0.25 * voices[2])
    assert np.allclose(made, wanted / wanted.sum())
    assert made.sum() == pytest.approx(1)


@given(LOGITS)
def test_guidance_of_strength_0_and_1_is_a_voice_to_the_last_bit(logits: np.ndarray) -> None:
    voices = normalised(logits)[:2]
    assert np.array_equal(guidance(0.0)(voices), voices[0])
    assert np.array_equal(guidance(1.0)(voices), voices[1])
    assert np.array_equal(mixture((1.0, 0.0))(voices), voices[0])


@given(LOGITS)
def test_guidance_moves_log_odds_by_its_strength(logits: np.ndarray) -> None:
    base, persona = normalised(logits)[:2]
    guided = guidance(1.7)(np.stack([base, persona]))
    wanted = base + 1.7 * (persona - base)
    assert np.allclose(guided - guided[0], wanted - wanted[0])


@pytest.mark.parametrize("formula", [mixture((0.5, 0.5)), product((1.0, 1.0)), guidance(2.0), guidance(-1.0)])
def test_positions_between_the_axes_are_apart(formula) -> None:
    voices = normalised(np.random.default_rng(0).normal(size=(2, 7, 5)))
    together = formula(voices)
    assert together.shape == (7, 5)
    for place in range(7):
        assert np.array_equal(together[place], formula(voices[:, place]))


def test_what_a_voice_rules_out_stays_out_of_a_product_and_not_of_a_mixture() -> None:
    with np.errstate(divide="ignore"):
        voices = np.log(np.array([[0.5, 0.5, 0.0], [0.2, 0.3, 0.5]]))
    for formula in (product((1.0, 1.0)), guidance(2.0), guidance(-1.0)):
        assert np.exp(formula(voices))[2] == 0
    assert np.exp(mixture((0.5, 0.5))(voices))[2] == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: mixture((0.5, 0.6)), "sum to 1"),
        (lambda: mixture((-0.5, 1.5)), "at least 0"),
        (lambda: product((0.0, 0.0)), "not all 0"),
        (lambda: product((float("nan"), 1.0)), "finite"),
        (lambda: guidance(float("inf")), "finite"),
        (lambda: mixture((0.5, 0.5))(np.zeros((3, 4))), "over 2 voices, and there are 3"),
    ],
)
def test_what_is_no_formula_is_refused(make, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        make()
