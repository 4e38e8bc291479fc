import numpy as np
import pytest

from penchant.infer.heldout import HeldOut, expected_calibration_error, figures


def reading(negative: float, positive: float) -> list[float]:
    return [negative, 1 - negative - positive, positive]


def test_the_figures_are_over_cells_that_speak_and_calibration_over_poles_that_are_stated() -> None:
    # two items of two people on three dimensions
    read = np.array(
        [
            [reading(0.0, 0.9), reading(0.3, 0.1), reading(0.8, 0.1)],
            [reading(0.1, 0.2), reading(0.9, 0.0), reading(0.2, 0.2)],
        ],
        dtype=np.float32,
    )
    signs = np.array([[1, -1, 1], [0, 0, 0]])
    result = figures(read, signs, ["a", "b"])
    # cells that speak: right and likeliest; right side, but neutral is likelier; wrong side
    assert (result.people, result.cells, result.side, result.recall) == (
        2,
        3,
        pytest.approx(2 / 3),
        pytest.approx(1 / 3),
    )
    # stated: 0.9 right, 0.8 wrong, 0.9 wrong as the cell is neutral; bins of 0.8 and of 0.9
    assert result.stated == 3
    assert result.calibration_error == pytest.approx(1 / 3 * 0.8 + 2 / 3 * 0.4)


def test_an_even_reading_is_on_no_side() -> None:
    result = figures(np.array([[reading(0.4, 0.4)]], dtype=np.float32), np.array([[1]]), ["a"])
    assert result == HeldOut(people=1, cells=1, side=0.0, recall=0.0, stated=0, calibration_error=None)


def test_cells_that_are_all_neutral_have_no_figures() -> None:
    assert figures(np.array([[reading(0.4, 0.5)]]), np.array([[0]]), ["a"]) is None


def test_calibration_is_the_gap_between_probability_and_share_right() -> None:
    rng = np.random.default_rng(0)
    probability = rng.uniform(size=20_000)
    right = rng.uniform(size=20_000) < probability
    assert expected_calibration_error(probability, right) < 0.02
    assert expected_calibration_error(np.full(100, 0.9), np.arange(100) < 60) == pytest.approx(0.3)
    assert expected_calibration_error(np.ones(4), np.ones(4, dtype=bool)) == 0


def test_figures_keep_the_keys_of_cards_and_come_back_from_them() -> None:
    result = HeldOut(people=9, cells=19, side=0.8, recall=0.5, stated=3, calibration_error=None)
    assert list(result.as_card()) == ["people", "cells", "side", "found", "stated", "calibration_error"]
    assert HeldOut.from_card(result.as_card()) == result
    with pytest.raises(TypeError):
        HeldOut.from_card({"people": 9})
