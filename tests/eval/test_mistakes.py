import numpy as np

from penchant import Comment, Comparison, Demographics, Persona, Rating, Record, Statement
from penchant.eval.benchmark import Shown
from penchant.eval.mistakes import mistakes, worst
from penchant.eval.score import Scored

EVERYTHING = Persona(
    (
        Comment("a post", "wrote"),
        Comparison("p", "yes", "no"),
        Rating("p", "fine", liked=False),
        Demographics("somebody"),
        Statement("short"),
    )
)
RECORDS = tuple(
    Record(f"r{person}{i}", f"u{person}", f"q{person}{i}", "good", "bad", EVERYTHING)
    for person in range(3)
    for i in (0, 1)
)
SHOWN = Shown("mixed", RECORDS, tuple(record.persona for record in RECORDS))
MARGINS = np.array([1.0, 2.0, -3.0, -1.0, 1.0, -0.5])


def test_the_worst_people_come_first_each_with_their_worst_pair() -> None:
    found = list(mistakes(Scored("ica", "mixed", RECORDS, MARGINS, None), SHOWN))
    assert [(one.user, one.prompt, one.margin) for one in found] == [("u1", "q10", 3.0), ("u2", "q21", 0.5)]
    assert found[0].shown == (
        "wrote under “a post”: wrote",
        "chose for “p”: yes — rather than: no",
        "disliked for “p”: fine",
        "described as: somebody",
        "says: short",
    )


def test_no_more_people_than_asked_for() -> None:
    assert len(list(mistakes(Scored("ica", "mixed", RECORDS, MARGINS, None), SHOWN, people=1))) == 1


def test_only_the_methods_and_the_setting_asked_for() -> None:
    table = [Scored(name, kind, RECORDS, MARGINS, None) for name in ("ica", "pba") for kind in ("mixed", "ugc")]
    assert {(one.method, one.user) for one in worst(table, SHOWN, ["pba"])} == {("pba", "u1"), ("pba", "u2")}


def test_margins_that_are_not_finite_are_no_mistakes() -> None:
    broken = MARGINS.copy()
    broken[2] = -np.inf
    broken[0] = np.nan
    found = list(mistakes(Scored("ica", "mixed", RECORDS, broken, None), SHOWN))
    assert [(one.user, one.prompt, one.margin) for one in found] == [("u1", "q11", 1.0), ("u2", "q21", 0.5)]
