from penchant import Comment, Comparison, Demographics, Persona, PreferenceSpace, Record
from penchant.eval.bench import Bench
from penchant.eval.questions.base import Inputs
from penchant.eval.questions.limited import LIMITED, first_items
from penchant.eval.score import Setting
from penchant.model.fake import FakeModel


def people(space: PreferenceSpace) -> list[Record]:
    """Four people; the second item says what they drink, the first nothing; the last person has said one thing."""
    found = []
    for person in range(4):
        mine, other = ("tea", "coffee") if person % 2 else ("coffee", "tea")
        items = (
            Comment("a post", "hello", space.direction({"length": 1})),
            Comparison("a post", f"give me {mine}", f"never {mine} nor", space.direction({"length": 1})),
            Demographics("a person", space.direction()),
        )
        evidence = items if person < 3 else items[:1]
        found.append(Record(f"r{person}", f"u{person}", "drink?", mine, other, Persona(evidence)))
    return found


def test_items_are_shown_in_order_without_descriptions_and_no_more_than_there_are(tiny: PreferenceSpace) -> None:
    shown = first_items(people(tiny))
    assert [one.persona for one in shown] == ["first 0", "first 1", "first 2"]
    assert [[len(persona) for persona in one.personas] for one in shown] == [[0] * 4, [1] * 4, [2, 2, 2, 1]]
    assert not any(isinstance(item, Demographics) for one in shown for known in one.personas for item in known.evidence)


def test_everything_is_measured_after_the_same_items(tiny: PreferenceSpace, counted) -> None:
    policies = {"ica": FakeModel(follow=2.0, name="ica")}
    bench = Bench(Setting("d", "user_first", 0), "user_first", tiny, FakeModel(), policies)
    answer = LIMITED.measure(Inputs(people(tiny), tiny, bench, reporter=counted))
    assert answer.measured is not None
    margins = {(one.label, one.persona): one.margins.tolist() for one in answer.measured.scored}
    assert counted.total == counted.steps > 0
    assert margins["ica", "first 0"] == [0, 0, 0, 0]
    assert margins["ica", "first 1"] == [0, 0, 0, 0]
    assert margins["ica", "first 2"] == [2, 2, 2, 0]
    assert {method for method, _ in margins} >= {"overlap", "style", "habit", "longer", "few_shot", "ica"}


def test_nobody_has_said_anything(tiny: PreferenceSpace) -> None:
    blank = [Record("r", "u", "drink?", "tea", "coffee", Persona(()))]
    assert [one.persona for one in first_items(blank)] == ["first 0"]
