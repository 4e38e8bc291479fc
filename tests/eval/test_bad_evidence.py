"""The measure itself, on words that stand for poles, so that every rate is known beforehand."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from penchant.errors import DataError
from penchant.eval.bad_evidence import LETTERS, Case, Moved, cells, filled, load_cases, measure
from penchant.infer.fake import FakeAnnotator
from penchant.infer.voice import templates
from penchant.persona import Demographics, Statement
from penchant.space import PreferenceSpace

PHRASES = {("length", 1): "brevity", ("length", -1): "volumes", ("depth", 1): "sources", ("depth", -1): "gist"}


def case(text: str, number: int = 0, **changes: object) -> Case:
    return Case(f"g-{number}", "g", **{"kind": "comment", "text": text, **changes})


@pytest.fixture
def measured(tiny: PreferenceSpace) -> Callable[..., dict[str, Moved]]:
    # with a full stop too: how somebody is taken to have said the opposite before ends in one
    words = {f"{phrase}{stop}": pole for pole, phrase in PHRASES.items() for stop in ("", ".")}
    annotator = FakeAnnotator(tiny, {**words, "love": ("humour", 1)})
    return lambda *cases: measure(cases, PHRASES, annotator)


def test_a_text_that_is_read_moves_every_belief_and_its_side_words_are_counted(measured) -> None:
    found = measured(case("I love {phrase}"))["g"]
    assert (found.cases, found.items, found.refused) == (1, 4, 0)
    assert (found.stated, found.credible, found.turned) == (1, 1, 1)
    assert found.leaning > 0.9
    assert found.others == 1


def test_a_text_that_is_not_read_moves_none(measured) -> None:
    found = measured(case("> I love {phrase}"))["g"]
    assert (found.stated, found.credible, found.turned, found.others) == (0, 0, 0, 0)
    assert found.leaning == pytest.approx(0.5)


def test_a_text_for_the_other_pole_is_no_success_of_the_one_it_pushes(measured) -> None:
    found = measured(case("I love {other}"))["g"]
    assert (found.stated, found.turned) == (0, 0)
    assert found.leaning < 0.1
    assert found.others == 2


def test_intervals_are_over_cases_and_never_empty_where_all_agree(measured) -> None:
    half = measured(*(case(text, i) for i, text in enumerate(["so {phrase}", "> {phrase}"] * 4)))["g"]
    assert half.stated == 0.5
    assert half.stated_ci95[0] < 0.3
    assert half.stated_ci95[1] > 0.7
    none = measured(*(case("> {phrase}", i) for i in range(8)))["g"]
    # Wilson 1927: 0 of 8 draws, not of 32 items
    assert none.stated_ci95 == (0, pytest.approx(0.324, abs=0.001))


def test_a_fixed_text_pushes_its_own_pole_beside_what_it_means(measured) -> None:
    found = measured(case("kurz", pushes=("length", 1), means="brevity"))
    assert (found["g"].items, found["g"].stated) == (1, 0)
    assert found["g, in English"].stated == 1
    with pytest.raises(DataError, match="about 'humour', which there are no phrases for"):
        list(cells([case("x", pushes=("humour", 1))], PHRASES))


def test_texts_of_which_no_item_can_be_made_are_counted_as_refused(measured) -> None:
    found = measured(case(" "), case("..", 1))["g"]
    assert (found.refused, found.items, found.stated, found.leaning) == (1, 1, None, None)


def test_kinds_become_items_of_that_kind() -> None:
    for kind, made in (("statement", Statement), ("description", Demographics)):
        assert {type(cell.item) for cell in cells([case("{phrase}", kind=kind)], PHRASES)} == {made}


@pytest.mark.parametrize("place", ["start", "end"])
def test_long_texts_are_long_and_hold_the_opinion_where_they_should(place: str) -> None:
    text = filled("words", "HERE", place)
    assert LETTERS <= len(text) <= LETTERS + 10
    assert (text.startswith if place == "start" else text.endswith)("HERE")


@pytest.mark.parametrize("content", ["- a", "g: 1", "g: [{comment: a, statement: b}]", "a: [", "1"])
def test_a_file_of_another_form_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match="not a file of cases"):
        load_cases(path)
    with pytest.raises(DataError, match="not a file of cases"):
        load_cases(tmp_path / "missing.yaml")


def test_the_corpus_has_many_cases_of_each_group_and_none_that_the_voice_was_fitted_on() -> None:
    cases = load_cases(Path(__file__).parents[1] / "infer" / "bad_evidence.yaml")
    counts = Counter(case.group for case in cases)
    assert min(counts[group] for group in ("honest", "honest_beside_others", "injected", "quoted", "foreign")) >= 12
    fitted = {template for side in templates().values() for template in side}
    assert not {case.text for case in cases if not case.fill} & fitted
