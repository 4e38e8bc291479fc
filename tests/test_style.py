import numpy as np
import pytest

from penchant.style import STYLE, WARM, style


def of(text: str) -> dict[str, float]:
    return dict(zip(STYLE, style(text).tolist(), strict=True))


@pytest.mark.parametrize("text", ["", "   \n", "…!?", "12 34", "a" * 10_000, "ünïcödé 猫"])
def test_every_text_has_finite_numbers(text: str) -> None:
    assert style(text).shape == (len(STYLE),)
    assert np.isfinite(style(text)).all()


def test_the_counts_of_a_small_text() -> None:
    found = of("Thanks, I am glad!\nAre you?")
    assert found["log words"] == pytest.approx(np.log(7))
    assert found["log sentences"] == pytest.approx(np.log(3))
    assert found["log words per sentence"] == pytest.approx(np.log(3))
    assert found["letters per word"] == pytest.approx(19 / 6)
    assert found["warm words per 100"] == pytest.approx(200 / 6)
    for name in ("exclamations", "questions", "commas", "lines"):
        assert found[name] == pytest.approx(10 / 6)
    assert found["capitals"] == pytest.approx(30 / 27)
    assert found["variety"] == 1


def test_the_school_grade_is_that_of_kincaid() -> None:
    # 4 words, 1 sentence, 4 + 1 syllables: "make" has a silent e, "table" keeps one of its two
    assert of("We make one table.")["school grade"] == pytest.approx(0.39 * 4 + 11.8 * 4 / 4 - 15.59)
    assert of("Internationalisation necessitates deliberation.")["school grade"] > of("We go on.")["school grade"] + 10


def test_repeating_words_lowers_variety_only_and_counts_length() -> None:
    once, thrice = of("rose bolt."), of("rose bolt. rose bolt. rose bolt.")
    assert thrice["variety"] == pytest.approx(once["variety"] / 3)
    assert thrice["log words"] > once["log words"]
    assert thrice["log words per sentence"] == once["log words per sentence"]


def test_warm_words_are_lower_case_single_words() -> None:
    assert all(word == word.lower() and word.isalpha() for word in WARM)
    assert of("THANKS")["warm words per 100"] == 100
