import numpy as np

from penchant.infer.fake import FakeAnnotator
from penchant.persona import Comment, Comparison, Persona
from penchant.record import Record
from penchant.scorer.belief import BeliefScorer
from penchant.space import PreferenceSpace

WORDS = {"short": ("length", 1), "long": ("length", -1), "jokes": ("humour", 1), "earnest": ("humour", -1)}


def scorer(space: PreferenceSpace) -> BeliefScorer:
    return BeliefScorer(FakeAnnotator(space, WORDS))


def record(chosen: str, rejected: str, name: str = "r") -> Record:
    return Record(name, "u", "What now?", chosen, rejected, Persona((Comment("p", "unused"),)))


def test_the_answer_that_suits_the_belief_is_preferred(tiny: PreferenceSpace) -> None:
    persona = Persona((Comment("p", "short"), Comparison("p", "earnest", "jokes")))
    margins = scorer(tiny).margins([record("short", "long"), record("jokes", "earnest")], [persona, persona])
    assert margins[0] > 0.5
    assert margins[1] < -0.3


def test_swapping_the_answers_turns_the_margin(tiny: PreferenceSpace) -> None:
    persona = [Persona((Comment("p", "short jokes"),))] * 2
    one, other = scorer(tiny).margins([record("short", "earnest"), record("earnest", "short")], persona)
    assert one == -other


def test_nothing_shown_or_nothing_in_common_is_a_tie(tiny: PreferenceSpace) -> None:
    margins = scorer(tiny).margins(
        [record("short", "long"), record("short", "long")], [Persona(), Persona((Comment("p", "jokes"),))]
    )
    assert (np.abs(margins) < 0.1).all()
    assert margins[0] == 0
