from dataclasses import replace

from penchant.infer.labelled import labelled
from penchant.persona import Comment, Comparison, Persona
from penchant.record import Record
from penchant.space import PreferenceSpace


def test_each_annotated_item_comes_once_per_person_without_its_label(tiny: PreferenceSpace) -> None:
    short, deep = tiny.direction({"length": 1}), tiny.direction({"depth": -1})
    persona = Persona((Comment("p", "a", short), Comment("p", "not annotated")))
    one = Record("r1", "u", "q", "yes", "no", persona, direction=deep)
    items = labelled([one, replace(one, record_id="r2", prompt="q2"), replace(one, record_id="r3", user_id="v")])
    assert [(x.person, x.item, x.direction) for x in items[:3]] == [
        ("u", Comment("p", "a"), short),
        ("u", Comparison("q", "yes", "no"), deep),
        ("u", Comparison("q2", "yes", "no"), deep),
    ]
    assert [x.person for x in items[3:]] == ["v", "v"]


def test_records_without_directions_have_nothing_to_teach() -> None:
    assert labelled([Record("r", "u", "q", "yes", "no", Persona((Comment("p", "a"),)))]) == []
