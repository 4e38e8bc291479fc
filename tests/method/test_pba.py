"""What the pba method shows, to the letter."""

import pytest

from penchant import Comment, Person, Persona, PreferenceSpace, RecordError, meet
from penchant.method.pba import PBA

TASK = "How do I boil an egg?"
SYSTEM = "Answer as this person would prefer, judging by their preferences."


def test_the_poles_held_come_first_and_the_task_last(ann: Person) -> None:
    rendered = PBA().messages(ann, TASK)
    assert [message["content"] for message in rendered.messages] == [
        SYSTEM,
        """\
<person>
- Likes it short
- Likes jokes
- Likes detail, with sources
</person>
How do I boil an egg?""",
    ]
    assert (rendered.shown, rendered.dropped) == (0, 0)


def test_the_published_layout_has_the_task_before_the_preferences(ann: Person) -> None:
    rendered = PBA().messages(ann, TASK, layout="paper")
    assert [message["content"] for message in rendered.messages] == [
        SYSTEM,
        """\
***Task***
How do I boil an egg?

***User Preferences***
* Likes it short
* Likes jokes
* Likes detail, with sources

***Response:***""",
    ]


def test_none_of_the_persons_own_words_are_shown(ann: Person) -> None:
    text = str(PBA().messages(ann, TASK).messages)
    assert not any(word in text for word in ("Assam", "Too long", "Leeds"))


def test_a_stated_profile_stands_in_for_the_belief(ann: Person, tiny: PreferenceSpace) -> None:
    person = meet(ann.persona, tiny, profile=tiny.direction({"length": -1}))
    body = PBA().messages(person, TASK).messages[1]["content"]
    assert body == "<person>\n- Likes it long\n</person>\nHow do I boil an egg?"


def test_evidence_that_says_nothing_is_told_so_and_evidence_without_directions_is_refused(tiny) -> None:
    neutral = meet(Persona((Comment("p", "x", tiny.direction()),)), tiny)
    assert "- no known preference" in PBA().messages(neutral, TASK).messages[1]["content"]
    with pytest.raises(RecordError, match="nothing is believed"):
        PBA().messages(meet(Persona((Comment("p", "x"),)), tiny), TASK)
