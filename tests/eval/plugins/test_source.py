"""What a harness is told is what `penchant eval` shows, from the same records."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from penchant import Comment, Direction, Message, Persona, PreferenceSpace, Record
from penchant.errors import ConfigError, RecordError
from penchant.eval.bench import Bench, draw_condition
from penchant.eval.choice import orders
from penchant.eval.plugins.source import Source
from penchant.eval.score import Setting
from penchant.model.fake import FakeModel
from penchant.render import Budget


def people(direction: Direction | None = None, count: int = 3) -> list[Record]:
    def evidence(person: int) -> Persona:
        return Persona(tuple(Comment(f"post {i}", f"I am {person}, word {i}", direction) for i in range(4)))

    return [Record(f"r{i}", f"u{i}", "drink?", "tea", "coffee", evidence(i)) for i in range(count)]


@pytest.mark.parametrize("persona", ["ugc", "mixed", "none", "shuffled"])
@pytest.mark.parametrize("method", ["few_shot", "pba", "universal"])
def test_prompts_are_those_that_the_bench_shows_its_models(tiny: PreferenceSpace, method: str, persona: str) -> None:
    records = [replace(r, profile=tiny.direction({"depth": 1})) for r in people(tiny.direction({"humour": 1}))]
    source = Source.of(records, tiny, method=method, persona=persona, seed=3)
    bench = Bench(Setting("d", "user_first", 3), "user_first", tiny, FakeModel(), {method: FakeModel()})
    expected = bench.prompts(method, draw_condition(records, persona, seed=3))
    assert [source.rendered(place) for place in range(len(source))] == expected


def test_another_question_is_asked_of_the_same_person(tiny) -> None:
    source = Source.of(people(), tiny, persona="ugc")
    one, _ = orders(source.condition.records[1])
    asked = source.rendered(1, one).messages[-1].content
    assert "I am 1, word 3" in asked
    assert '"A": "tea", "B": "coffee"' in asked


def test_a_harness_reads_every_turn_of_a_conversation(tiny) -> None:
    turns = (Message("user", "I am thirsty."), Message("assistant", "It is hot."), Message("user", "drink?"))
    source = Source.of([replace(record, prompt=turns) for record in people()], tiny, persona="ugc")
    messages = source.rendered(1).messages
    assert [message.role for message in messages] == ["system", "user", "assistant", "user"]
    assert "I am 1, word 3" in messages[1].content
    assert messages[1].content.endswith("I am thirsty.")
    assert messages[2:] == turns[1:]


def test_evidence_beyond_a_budget_is_left_out_and_counted(tiny) -> None:
    source = Source.of(people(), tiny, persona="ugc")
    count = FakeModel().count
    whole = source.rendered(0)
    short = source.rendered(0, budget=Budget(count(whole.messages) - 1, count))
    assert (whole.dropped, short.dropped) == (0, 1)


@pytest.mark.parametrize(("name", "value"), [("method", "icl"), ("persona", "everything"), ("layout", "poster")])
def test_an_unknown_setting_is_refused_with_the_known_ones(tiny, name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} '{value}': known are .*(ica|ugc|paper)"):
        Source.of(people(), tiny, **{name: value})


def test_nobody_to_show_instead_and_no_records_are_refused(tiny) -> None:
    with pytest.raises(RecordError):
        Source.of(people(count=1), tiny, persona="shuffled")
    with pytest.raises(ConfigError, match="no records"):
        Source.of([], tiny)


def test_a_record_that_a_method_cannot_show_is_named(tiny) -> None:
    with pytest.raises(RecordError, match="pba about record 'r0'"):
        Source.of(people(), tiny, method="pba").rendered(0)


def test_a_record_without_a_user_is_a_person_of_its_own(tiny) -> None:
    source = Source.of([replace(people()[0], user_id=None)], tiny)
    assert source.user(0) == "r0"


def line(record_id: str, **changes: str) -> str:
    whole = {"record_id": record_id, "user_id": "u", "prompt": "drink?", "chosen": "tea", "rejected": "coffee"}
    return json.dumps({**whole, "evidence": [{"kind": "comment", "prompt": "p", "text": "tea!"}], **changes})


def test_a_path_is_read_in_the_space_beside_it_and_rows_set_aside_are_warned_of(tiny, tmp_path: Path) -> None:
    (tmp_path / "space.toml").write_text(tiny.as_toml(), encoding="utf-8")
    data = tmp_path / "rows.jsonl"
    lines = [line("a"), line("b", prompt=" "), line("c", split="test"), line("d", split="test")]
    data.write_text("\n".join(lines), encoding="utf-8")
    with pytest.warns(UserWarning, match="rows.jsonl: 4 rows: 3 kept, 1 dropped .prompt is empty: 1"):
        source = Source.read(data, split="test", persona="ugc", seed=5)
    assert [record.record_id for record in source.condition.records] == ["c", "d"]
    assert source.space.digest == tiny.digest
    assert source.facts["rows"] == "4 rows: 3 kept, 1 dropped (prompt is empty: 1)"
    assert (source.facts["records"], source.facts["persona"], source.facts["seed"]) == (2, "ugc", 5)
    json.dumps(source.facts)
    with pytest.warns(UserWarning, match="1 dropped"), pytest.raises(ConfigError, match="no records"):
        Source.read(data, split="dev")
    with pytest.warns(UserWarning, match="1 dropped"):
        assert Source.read(data, space="alignx90").space.name == "alignx90"
