"""What the ica method shows, to the letter."""

from penchant import Person
from penchant.method import METHODS

TASK = "How do I boil an egg?"
SYSTEM = 'You are talking with somebody. The notes are about them. Answer them directly and say "you".'


def test_the_person_comes_first_and_the_task_last(ann: Person) -> None:
    rendered = METHODS["ica"].messages(ann, TASK)
    assert [message.content for message in rendered.messages] == [
        SYSTEM,
        """\
<notes>
When asked "A long post", they replied "Too long, no sources."
When they asked "Best tea?", they liked the answer "Assam." and not "It depends."
They are a nurse from Leeds
They say: Likes jokes
</notes>

How do I boil an egg?""",
    ]
    assert (rendered.kept, rendered.dropped) == (3, 0)


def test_the_published_layout_has_the_task_before_the_history_and_again_after_it(ann: Person) -> None:
    rendered = METHODS["ica"].messages(ann, TASK, layout="paper")
    assert [message.content for message in rendered.messages] == [
        SYSTEM,
        """\
How do I boil an egg?

<notes>
When asked "A long post", they replied "Too long, no sources."
When they asked "Best tea?", they liked the answer "Assam." and not "It depends."
They are a nurse from Leeds
They say: Likes jokes
</notes>

How do I boil an egg?""",
    ]


def test_it_is_shown_what_few_shot_is_shown_so_that_only_training_differs(ann: Person) -> None:
    for layout in ("user_first", "paper"):
        assert METHODS["ica"].messages(ann, TASK, layout=layout) == METHODS["few_shot"].messages(
            ann, TASK, layout=layout
        )
    assert METHODS["ica"].trained
    assert not METHODS["few_shot"].trained
