from dataclasses import replace

import pytest

from penchant.audit.bias import Changed, Cost
from penchant.cli.suites import sections
from penchant.cli.suites.bias import Bias
from penchant.eval.control import Control, Share
from penchant.eval.cost import Cost as Spent

COMMAND = "penchant eval --annotator reader --baselines 'a b,c' --data d --fit-data e --out f --overwrite --suite all"


def test_a_part_has_the_command_that_asks_it_alone() -> None:
    found = sections.cost([], COMMAND)
    assert found.command == "penchant eval --annotator reader --baselines 'a b,c' --data d --suite cost"
    nothing = Bias(0, (), Cost(0.8, 0.8, 0.0, (0.0, 0.0), pairs=0, not_finite=0), ())
    assert sections.bias({"ica": nothing}, COMMAND).command == "penchant eval --annotator reader --data d --suite bias"


def test_a_part_that_asked_fewer_pairs_than_its_command_says_so() -> None:
    part = sections.cost([], COMMAND)
    assert sections.of_some(part, 2000, 2000) == part
    told = sections.of_some(part, 2010, 8000).asked
    assert told == "Of 2,010 pairs, the first people's of each wording; the command asks all 8,000."


def test_what_turns_is_told_in_per_cent_and_what_is_not_known_is_a_dash() -> None:
    one = Control("pba", "true", 0.9, flipped=Share(0.987, (0.97, 1.0), 1050), texts_silent=3, nothing_believed=2)
    found = sections.control({"known": [one]}, COMMAND)
    assert found.body[0][:4] == ("pba", "true", "known", "98.7 (97.0–100.0) of 1,050")
    assert set(found.body[0][4:]) == {"–"}
    assert found.left_out == (
        "pba, true: 2 pairs, as nothing is believed of the person",
        "pba, true: 3 people's written answers, as no side is read in them",
    )
    both = sections.control({"known": [one], "unseen": [replace(one, not_finite=4)]}, COMMAND).left_out
    assert both[3] == "pba, true, unseen: 4 pairs, as a margin is no finite number"


def test_bias_that_was_not_measured_has_no_command_and_no_numbers() -> None:
    found = sections.bias({}, COMMAND, "nobody reads")
    assert found.lead == "Not measured: nobody reads."
    assert (found.command, found.body) == ("", ())


@pytest.mark.parametrize(("neutral", "words"), [(False, "stated"), (True, "stated, made neutral")])
def test_what_changes_with_words_is_told_by_method(neutral: bool, words: str) -> None:
    changed = Changed("gender", "stated", neutral, 0.0125, (0.0, 0.03), None, 80, 20)
    cost = Cost(0.8, 0.79, -0.01, (-0.02, 0.0), pairs=79, not_finite=1)
    found = sections.bias({"ica": Bias(80, (changed,), cost, ())}, f"{COMMAND} --neutral")
    nothing = [("ica", trait, "own words", "–", "–", "0") for trait in ("gender", "age")]
    assert found.body == (("ica", "gender", words, "1.2 (0.0–3.0)", "–", "80"), *nothing)
    assert "ica -1.0 points" in found.lead
    assert found.command == "penchant eval --annotator reader --data d --suite bias"
    assert found.left_out == ("ica, neutral words: 1 pairs, as a margin is no finite number",)


def test_cost_is_told_a_method_a_line() -> None:
    scorer = Spent("vpl", None, 0.5, None, None, 400)
    found = sections.cost([Spent("ica", 101.25, 3.456, 78.9, None, 400), scorer], COMMAND)
    assert found.body == (("ica", "101.2", "3.46", "78.9", "400"), ("vpl", "–", "0.50", "–", "400"))
    assert len(found.head) == len(found.body[0])
