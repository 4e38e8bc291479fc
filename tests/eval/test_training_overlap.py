import pytest

from penchant import Record
from penchant.eval.training_overlap import Overlap
from penchant.record import people_digest


def of(*people: str) -> list[Record]:
    return [Record(f"r-{who}-{i}", who, "p", "y", "n") for who in people for i in range(2)]


TRAINED, TESTED = of("a", "b"), of("c", "d", "e")
ON_TRAINED, ON_TESTED, ON_OTHERS = ({people_digest(some)} for some in (TRAINED, TESTED, of("f")))


@pytest.mark.parametrize(
    ("fitted", "fit_on", "sentence", "excluded"),
    [
        ({"ica": ON_TRAINED, "vpl": ON_TRAINED}, TRAINED, "None of these 3 people was met in training.", True),
        ({"ica": ON_TRAINED}, None, "whether any was met in training was not checked (`fit_data`)", False),
        # the card gives it away, whatever is named as training data
        ({"ica": ON_TRAINED, "vpl": ON_TESTED}, TRAINED, "vpl was fitted on just these 3 people: no measure", False),
        ({"ica": ON_TRAINED, "vpl": ON_TESTED}, TRAINED, "Of ica: None of these 3 people was met in training.", False),
        ({"ica": ON_OTHERS, "vpl": ON_TESTED}, TRAINED, "but ica was fitted on others", False),
        ({"ica": ON_TESTED, "vpl": ON_TESTED}, None, "ica, vpl were fitted on just these 3 people", False),
        ({"ica": ON_TRAINED}, of("a", "c", "d"), "2 of these 3 people were met in training: no measure", False),
        ({"ica": ON_TRAINED, "pba": ON_OTHERS}, TRAINED, "but pba was fitted on others", False),
        ({"ica": set()}, TRAINED, "but ica was fitted on others, or on people that no card names", False),
        ({"ica": ON_TRAINED | ON_OTHERS}, TRAINED, "but ica was fitted on others", False),
    ],
)
def test_what_cards_and_named_data_tell_of_people_met(fitted, fit_on, sentence: str, excluded: bool) -> None:
    overlap = Overlap.of(TESTED, "some data", fitted, fit_on)
    assert sentence in overlap.sentence
    assert overlap.excluded is excluded
    if "not checked" in sentence:
        assert "some data" in overlap.sentence
