"""How results are told; the table for people is in test_evaluate.py."""

from dataclasses import replace

from penchant.cli.tables import say_not_finite, summary
from penchant.eval.contrasts import Contrast
from penchant.eval.measured import Results
from penchant.eval.rows import Row

ROW = Row("d", "ica", "ugc", "all", "-", "user_first", 0, 2 / 3, (0.5, 0.75), 3, 2, 0, None, 0.5, 0.25)
CONTRAST = Contrast("d", "ica", "ugc", "overlap", "ugc", "-", 0.1, (0.0, 0.2), 0.1111111, 1 / 3, 3, 2)


def test_a_summary_rounds_what_is_measured_and_keeps_the_rest() -> None:
    found = summary(Results((ROW,), (CONTRAST,)), seconds={"evaluate": 1.23456}, seed=3, versions={"python": "3"})
    assert list(found) == ["rows", "contrasts", "seconds", "seed", "versions"]
    assert found["rows"][0]["accuracy"] == 0.666667
    assert found["contrasts"][0]["p_holm"] == 0.333333
    assert (found["seconds"], found["seed"]) == ({"evaluate": 1.23}, 3)


def test_pairs_that_are_left_out_are_said_once(capsys) -> None:
    say_not_finite(Results((ROW, replace(ROW, not_finite=2)), (CONTRAST,)))
    assert capsys.readouterr().err.count("ica, ugc: 2 of 5") == 1
    say_not_finite(Results((ROW,), ()))
    assert capsys.readouterr().err == ""
