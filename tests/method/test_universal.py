from penchant import Person
from penchant.message import Message
from penchant.method import METHODS
from penchant.render import LAYOUTS


def test_everybody_gets_the_prompt_alone(ann: Person, nobody: Person) -> None:
    for layout in LAYOUTS:
        shown = [METHODS["universal"].messages(who, "How do I boil an egg?", layout=layout) for who in (ann, nobody)]
        assert [one.messages for one in shown] == [(Message("user", "How do I boil an egg?"),)] * 2
        assert [one.dropped for one in shown] == [0, 0]
