"""What texts tell of people: an attribute that is in the vectors is told, another is not."""

import numpy as np

from penchant.audit.disclosure import disclosed

PEOPLE = 200


def vectors(values: np.ndarray, strength: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    made = rng.normal(size=(PEOPLE, 16)).astype(np.float32)
    made[:, 0] += strength * values
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def test_an_attribute_that_the_texts_show_is_told() -> None:
    sexes = np.arange(PEOPLE) % 2
    told = disclosed("sex", [("female", "male")[value] for value in sexes], vectors(sexes, 6))
    assert told.accuracy > 0.9
    assert told.is_disclosed
    assert (told.people, told.values, told.most_common) == (PEOPLE, 2, 0.5)


def test_an_attribute_that_the_texts_do_not_show_is_not() -> None:
    sexes = np.arange(PEOPLE) % 2
    names = [("female", "male")[value] for value in np.random.default_rng(1).permutation(sexes)]
    told = disclosed("sex", names, vectors(sexes, 6))
    assert not told.is_disclosed
    assert abs(told.accuracy - 0.5) < 0.12


def test_many_numbers_become_thirds() -> None:
    ages = np.arange(PEOPLE)
    told = disclosed("age", [str(18 + value // 4) for value in ages], vectors(ages / PEOPLE, 12))
    assert told.values == 3
    assert told.is_disclosed


def test_rare_and_unknown_values_are_left_out() -> None:
    jobs = ["nurse"] * 90 + ["baker"] * 90 + ["king"] * 10 + [""] * 10
    assert disclosed("job", jobs, vectors(np.zeros(PEOPLE), 0)).people == 180


def test_one_value_alone_is_no_question() -> None:
    assert disclosed("job", ["nurse"] * PEOPLE, vectors(np.zeros(PEOPLE), 0)) is None
