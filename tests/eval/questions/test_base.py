"""What every question shares: its missing inputs are named, its passes reported, its figures written alike."""

import pytest

from penchant import Persona, PreferenceSpace, Record
from penchant.errors import ConfigError
from penchant.eval.bench import Bench
from penchant.eval.questions.base import Answer, Inputs, Question, interval, percent, require
from penchant.eval.score import Setting
from penchant.model.fake import FakeModel


def refuse_universal(inputs) -> None:
    if "universal" in inputs["models"] and not inputs.get("annotator"):
        raise ConfigError("not universal alone")


ANY = Question(
    name="any",
    asks="Any?",
    title="Any",
    needs=("models", "judge"),
    takes=("annotator",),
    measure=lambda _inputs: Answer(),
    check=refuse_universal,
)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "the question 'any' measures aligned models"),
        ({"models": {}, "judge": "j.yaml"}, "the question 'any' measures aligned models"),
        ({"models": {"ica": "m"}}, "the question 'any' asks a language model; name its recipe with `judge`"),
    ],
)
def test_a_missing_input_is_named(inputs, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        require(ANY, inputs)


def test_an_input_that_is_not_read_is_refused_and_one_that_is_not_given_is_not() -> None:
    inputs = {"models": {"ica": "m"}, "judge": "j.yaml", "draws": 0, "personas": (), "summaries": None}
    require(ANY, inputs)
    with pytest.raises(ConfigError, match="the question 'any' does not read `draws`; leave it out"):
        require(ANY, {**inputs, "draws": 2})


def test_a_question_checks_methods_itself_and_knows_whether_there_is_an_annotator() -> None:
    inputs = {"models": {"universal": "m"}, "judge": "j.yaml"}
    with pytest.raises(ConfigError, match="not universal alone"):
        require(ANY, inputs)
    require(ANY, {**inputs, "annotator": "a"})


def test_passes_are_counted_and_what_the_budget_left_out_is_noted_afterwards(tiny: PreferenceSpace, counted) -> None:
    bench = Bench(Setting("d", "user_first", 7), "user_first", tiny, FakeModel(), max_prompt_tokens=9, dropped=5)
    inputs = Inputs([Record("r", "u", "p", "a", "b", Persona(()))], tiny, bench, reporter=counted)
    assert inputs.seed == 7
    with inputs.passes(2):
        bench.done("one")
        bench.done("two")
    assert (counted.total, counted.steps, counted.notes) == (2, 2, [])
    with inputs.passes(1):
        bench.dropped += 3
    assert counted.notes == ["the budget of 9 tokens left out 3 items of evidence over 1 passes"]


def test_an_interval_is_in_brackets_and_nothing_where_there_is_none() -> None:
    assert interval((0.1234, 0.5)) == "(12.3–50.0)"
    assert interval([0.1234, 0.5], times=1, digits=2) == "(0.12–0.50)"
    assert interval(None) == ""


def test_a_share_is_a_percentage_or_a_dash() -> None:
    assert (percent(0.1234), percent(0.1234, 0), percent(None)) == ("12.3", "12", "–")
