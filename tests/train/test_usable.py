"""Records that cannot be trained on are left out by name; a run is refused when nothing is left."""

from dataclasses import replace

import pytest

from penchant import Comparison, Demographics, Item, Persona, Record
from penchant.errors import TrainingError
from penchant.model.chat import ChatTokenizer
from penchant.train.trees import TrainingRow, people
from penchant.train.usable import usable

LONG = "what works with length " * 40


def test_usable_people_are_all_counted(training_set) -> None:
    seen: list[int] = []
    checked = usable(training_set("pba"), progress=seen.append)
    assert seen == [1] * 6
    assert (checked.bare, checked.halved, checked.dropped) == (0, 0, {})
    assert checked.training_set.people == training_set("pba").people


def test_a_record_beyond_the_budget_is_left_out_by_its_name(training_set, records, tokenizer) -> None:
    # the last of eight pairs, four of which are trained per round
    long = tuple(replace(r, prompt=LONG) if r.record_id.endswith("3-07") else r for r in records)
    assert sum(a != b for a, b in zip(long, records, strict=True)) == 1
    short = ChatTokenizer(tokenizer.tokenizer, positions=100)
    for data in (training_set(of=long, max_prompt_tokens=80), training_set(of=long, tokenizer=short)):
        checked = usable(data)
        ((reason, names),) = checked.dropped.items()
        assert names == ("train-known-000003-07",)
        assert "the prompt alone is longer than the budget" in reason
        assert sum(map(len, checked.training_set.people)) == len(records) - 1
    assert usable(training_set(of=long)).dropped == {}


def test_a_run_is_refused_when_nothing_is_left(training_set, records) -> None:
    long = tuple(replace(r, prompt=LONG) for r in records)
    with pytest.raises(TrainingError, match=r"cannot train ica on record train-known-000000-00: .*no record is left"):
        usable(training_set(of=long, max_prompt_tokens=80))
    with pytest.raises(TrainingError, match="the record alone has more tokens than max_tree_tokens, 12"):
        usable(training_set(max_tree_tokens=12))


def test_people_who_all_lack_evidence_are_refused_with_what_to_do(training_set, records) -> None:
    bare = tuple(replace(record, persona=Persona()) for record in records)
    with pytest.raises(TrainingError, match="record train-known-000000-00: the persona has no evidence, and neither"):
        usable(training_set(of=bare))
    assert usable(training_set("universal", of=bare)).bare == len({record.user_id for record in bare})


def test_people_without_evidence_are_counted_and_asked_the_bare_prompt_as_in_evaluation(training_set, records) -> None:
    bare = tuple(r if r.user_id == records[0].user_id else replace(r, persona=Persona()) for r in records)
    data = training_set(of=bare)
    count = len({record.user_id for record in records})
    assert usable(data).bare == count - 1
    rows = data.rows(count)
    prompts = [
        data.conversations(row)[0]["prompt"] for row in rows if data.people[row.person][0].user_id != records[0].user_id
    ]
    assert [[turn["role"] for turn in prompt] for prompt in prompts] == [["user"]] * (count - 1)


def others(records: list[Record]) -> list[Record]:
    """Every record carries the user's other pairs as its evidence, as a conversion of a TRL file does."""
    items = {r.record_id: Item(Comparison(r.task, r.chosen, r.rejected), id=r.record_id) for r in records}
    return [replace(r, persona=Persona(tuple(i for name, i in items.items() if name != r.record_id))) for r in records]


@pytest.mark.parametrize("pairs", [2, 3, 8])
def test_records_whose_evidence_is_each_others_pair_train(training_set, pairs: int) -> None:
    asked = others([Record(f"r{i}", "u", f"tea {i}", f"milk {i}", f"lemon {i}") for i in range(pairs)])
    data = replace(training_set(), people=people(asked), pairs_per_person=8)
    assert usable(data).halved == 1
    for number in range(4):
        row = TrainingRow(0, number)
        targets = data.records(row)
        shown = data.person(row).persona.of(Comparison)
        assert 1 <= len(targets) <= (pairs + 1) // 2
        assert shown
        assert not {item.chosen for item in shown} & {record.chosen for record in targets}
    rounds = [record.record_id for number in range(pairs) for record in data.records(TrainingRow(0, number))]
    assert set(rounds) == {record.record_id for record in asked}


def test_a_description_without_a_direction_does_not_exclude_a_person_whose_other_evidence_has_some(
    training_set, records
) -> None:
    described = tuple(
        replace(r, persona=Persona((*r.persona.items, Item(Demographics("works nights"), id="profile"))))
        for r in records
    )
    data = training_set("pba", of=described)
    checked = usable(data)
    assert checked.dropped == {}
    assert sum(map(len, checked.training_set.people)) == len(records)
    for row in data.rows(20 * len(data.people)):
        assert data.person(row).direction() is not None
    assert usable(training_set("ica", of=described)).dropped == {}
    alone = tuple(replace(r, persona=Persona((Item(Demographics("works nights")),))) for r in records)
    stated = tuple(replace(record, profile=record.golden) for record in alone)
    assert usable(training_set("pba", of=stated)).dropped == {}
    with pytest.raises(TrainingError, match="there is no belief about this person"):
        usable(training_set("pba", of=alone))
