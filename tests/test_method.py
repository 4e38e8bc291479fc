"""What every method keeps to."""

import pytest

from penchant import Comment, Correction, Person, Persona, PreferenceSpace, Record, RecordError, meet
from penchant.message import Message
from penchant.method import METHODS, Method
from penchant.render import LAYOUTS, Budget, Layout, render

PERSONAL = {name: method for name, method in METHODS.items() if name != "universal"}
EACH = pytest.mark.parametrize("method", PERSONAL.values(), ids=PERSONAL)
TASK = "How do I boil an egg?"


def text(method: Method, person: Person, layout: Layout = "user_first") -> str:
    return "\n".join(message.content for message in method.messages(person, TASK, layout=layout).messages)


def test_every_method_is_registered_under_its_own_name() -> None:
    assert list(METHODS) == ["few_shot", "ica", "pba", "pba_summary", "pba_both", "universal"]
    assert {name: method.name for name, method in METHODS.items()} == {name: name for name in METHODS}
    assert [method.trained for method in METHODS.values()] == [False, True, True, True, True, True]


@EACH
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_task_is_asked_in_the_user_turn_and_the_person_never_in_the_system_turn(
    ann: Person, method: Method, layout: Layout
) -> None:
    system, user = method.messages(ann, TASK, layout=layout).messages
    assert (system.role, user.role) == ("system", "user")
    assert user.content.endswith(TASK)
    assert user.content.startswith(TASK) == (layout == "paper")
    assert not any(word in system.content for word in ("Assam", "Leeds", "Likes"))


@EACH
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_correction_reaches_every_method(ann: Person, tiny: PreferenceSpace, method: Method, layout: Layout) -> None:
    turned = meet(ann.persona, tiny, corrections=(*ann.corrections, Correction("humour", -1)))
    assert "Likes jokes" in text(method, ann, layout)
    assert "Dislikes jokes" not in text(method, ann, layout)
    assert "Dislikes jokes" in text(method, turned, layout)


@EACH
def test_of_somebody_unknown_there_is_nothing_to_show(nobody: Person, method: Method) -> None:
    with pytest.raises(RecordError):
        render(nobody, TASK, content=method.content)
    assert method.messages(nobody, TASK).messages == (Message("user", TASK),)


@EACH
def test_a_record_that_cannot_be_shown_is_named(tiny: PreferenceSpace, method: Method) -> None:
    record = Record("r7", "ann", TASK, "Boil it.", "Fry it.")
    person = meet(Persona((Comment("p", "no directions here"),)), tiny)
    if method.bridged:
        with pytest.raises(RecordError, match="cannot ask pba.* about record 'r7'"):
            method.record_messages(record, person)
    else:
        assert method.record_messages(record, person) == method.messages(person, TASK)


@EACH
def test_a_budget_is_kept_and_the_task_is_never_cut(ann: Person, method: Method) -> None:
    def count(messages) -> int:
        return sum(len(message.content.split()) for message in messages)

    whole = method.messages(ann, TASK)
    tight = Budget(count(whole.messages), count)
    assert method.messages(ann, TASK, budget=tight) == whole
    if method.content == "history":
        less = method.messages(ann, TASK, budget=Budget(tight.max_tokens - 1, count))
        assert (less.kept, less.dropped) == (2, 1)
        assert TASK in less.messages[-1].content
    with pytest.raises(RecordError, match="longer than the budget"):
        method.messages(ann, TASK, budget=Budget(5, count))
