"""What the few_shot method shows, to the letter."""

from penchant import Person
from penchant.method import METHODS

TASK = "How do I boil an egg?"
SYSTEM = "Answer as this person would prefer, judging by what they wrote and chose."


def test_the_person_comes_first_and_the_task_last(ann: Person) -> None:
    rendered = METHODS["few_shot"].messages(ann, TASK)
    assert [message.content for message in rendered.messages] == [
        SYSTEM,
        """\
<person>
- A long post wrote: Too long, no sources.
- Best tea? chose: Assam. over: It depends.
- described as: a nurse from Leeds
- says: Likes jokes
</person>
How do I boil an egg?""",
    ]
    assert (rendered.kept, rendered.dropped) == (3, 0)


def test_the_published_layout_has_the_task_before_the_history(ann: Person) -> None:
    rendered = METHODS["few_shot"].messages(ann, TASK, layout="paper")
    assert [message.content for message in rendered.messages] == [
        SYSTEM,
        """\
***Task***
How do I boil an egg?

***Historical Behavior***
1. A long post wrote: Too long, no sources.
2. Best tea? chose: Assam. over: It depends.
3. described as: a nurse from Leeds
* says: Likes jokes

***Response:***""",
    ]
