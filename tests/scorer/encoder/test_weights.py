import numpy as np
import pytest

from penchant.scorer.encoder.weights import fit_weights


def planted(rows: int, noise: int, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    """Two informative features, and a group of uninformative ones."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, 2 + noise))
    right = values[:, 0] + 0.5 * values[:, 1] + rng.logistic(size=rows) * 0.7 > 0
    return np.where(right[:, None], values, -values), ["signal"] * 2 + ["noise"] * noise


def test_weights_are_those_that_the_rows_were_made_with() -> None:
    values, groups = planted(20_000, 3)
    weights = fit_weights(values, groups)
    assert weights[0] == pytest.approx(1 / 0.7, abs=0.1)
    assert weights[1] == pytest.approx(0.5 / 0.7, abs=0.1)
    assert np.abs(weights[2:]).max() < 0.05


def test_a_group_of_noise_costs_less_when_it_is_a_group_of_its_own() -> None:
    own, shared = [], []
    for seed in range(5):
        values, groups = planted(300, 120, seed)
        test, _ = planted(4_000, 120, seed + 100)
        own.append((test @ fit_weights(values, groups) > 0).mean())
        shared.append((test @ fit_weights(values, ["all"] * len(groups)) > 0).mean())
    assert np.mean(own) > np.mean(shared) + 0.02


def test_the_unit_of_a_feature_does_not_matter_and_a_constant_nought_is_left_out() -> None:
    values, groups = planted(500, 3)
    values[:, 4] = 0
    weights = fit_weights(values, groups)
    np.testing.assert_allclose(fit_weights(values * 1000, groups) * 1000, weights, rtol=1e-6)
    assert weights[4] == 0


def test_a_feature_that_always_has_one_sign_is_taken_up() -> None:
    values = np.ones((200, 1))
    assert fit_weights(values, ["a"])[0] > 0


def test_rows_without_any_contrast_leave_all_weights_at_nought() -> None:
    np.testing.assert_array_equal(fit_weights(np.zeros((10, 3)), ["a", "a", "b"]), np.zeros(3))
