from dataclasses import replace

import numpy as np

from penchant import Comment, Comparison, Demographics, Persona, Rating, Record, Statement
from penchant.eval.bench import Condition
from penchant.eval.mistakes import mistakes, worst
from penchant.eval.score import Scored
from penchant.message import Message
from penchant.render import Rendered

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
SHOWN = Condition("mixed", RECORDS, tuple(record.persona for record in RECORDS))


def read(method: str, condition: Condition) -> list[Rendered]:
    texts = ("judge by them", f"{method}: {condition.records[0].task}")
    return [Rendered(tuple(Message("user", text) for text in texts), 1, 0)]


MARGINS = np.array([1.0, 2.0, -3.0, -1.0, 1.0, -0.5])


def test_the_worst_people_come_first_each_with_their_worst_pair() -> None:
    found = list(mistakes(Scored("ica", "mixed", RECORDS, MARGINS, None), SHOWN, read))
    assert [(one.user, one.prompt, one.margin) for one in found] == [("u1", "q10", 3.0), ("u2", "q21", 0.5)]
    assert found[0].evidence == (
        "wrote under “a post”: wrote",
        "chose for “p”: yes — rather than: no",
        "disliked for “p”: fine",
        "described as: somebody",
        "says: short",
    )
    assert found[0].read == "judge by them\n\nica: q10"


def test_no_more_people_than_asked_for() -> None:
    assert len(list(mistakes(Scored("ica", "mixed", RECORDS, MARGINS, None), SHOWN, read, people=1))) == 1


def test_only_the_methods_and_the_setting_asked_for() -> None:
    table = [Scored(name, kind, RECORDS, MARGINS, None) for name in ("ica", "pba") for kind in ("mixed", "ugc")]
    assert {(one.method, one.user) for one in worst(table, SHOWN, ["pba"], read)} == {("pba", "u1"), ("pba", "u2")}


def test_people_who_are_torn_throughout_hide_nobody_who_is_got_wrong() -> None:
    # u0 is right half the time by ties alone, u1 two times in three with one pair wrong
    records = (*RECORDS[:2], *RECORDS[2:4], replace(RECORDS[2], record_id="r12", prompt="q12"))
    shown = Condition("mixed", records, tuple(record.persona for record in records))
    found = list(mistakes(Scored("ica", "mixed", records, np.array([0.0, 0.0, 1.0, 2.0, -0.5]), None), shown, read))
    assert [(one.user, one.prompt) for one in found] == [("u1", "q12")]


def test_margins_that_are_not_finite_are_no_mistakes() -> None:
    broken = MARGINS.copy()
    broken[2] = -np.inf
    broken[0] = np.nan
    found = list(mistakes(Scored("ica", "mixed", RECORDS, broken, None), SHOWN, read))
    assert [(one.user, one.prompt, one.margin) for one in found] == [("u1", "q11", 1.0), ("u2", "q21", 0.5)]


def test_only_the_published_metric_of_a_method_is_shown() -> None:
    table = [Scored("ica", "mixed", RECORDS, MARGINS, variant=variant) for variant in ("", "raw", "choice")]
    assert len(worst(table, SHOWN, ["ica"], read)) == 2
