"""Which pairs, under which evidence, make up each row."""

from copy import copy
from dataclasses import replace

import pytest

from penchant.errors import TrainingError
from penchant.model.chat import ChatTokenizer
from penchant.model.tree import Branch, pack
from penchant.persona import Comment, Comparison, Demographics, Persona, Rating
from penchant.record import Record
from penchant.train.trees import TrainingRow, people
from penchant.train.usable import usable


@pytest.mark.parametrize("rounds", [1, 3])
def test_every_person_is_met_once_per_round_in_a_fresh_order(training_set, rounds: int) -> None:
    count = len(training_set().people)
    rows = training_set().rows(rounds * count)
    for number in range(rounds):
        part = rows[number * count : (number + 1) * count]
        assert {row.round for row in part} == {number}
        assert sorted(row.person for row in part) == list(range(count))
    assert len({tuple(row.person for row in training_set().rows(8 * count)[i::8]) for i in range(8)}) > 1


def test_any_number_of_rows_can_be_asked_for(training_set) -> None:
    assert [len(training_set().rows(count)) for count in (0, 1, 7, 13)] == [0, 1, 7, 13]
    assert len(set(training_set().rows(13))) == 13


def test_rows_and_draws_are_decided_by_the_seed(training_set) -> None:
    one, same, other = training_set(), training_set(), training_set(seed=1)
    rows = one.rows(18)
    assert same.rows(18) == rows
    assert other.rows(18) != rows
    assert [same.person(row) for row in rows] == [one.person(row) for row in rows]
    assert [other.person(row) for row in rows] != [one.person(row) for row in rows]
    assert [same.trees(row) for row in rows[:3]] == [one.trees(row) for row in rows[:3]]


def test_ica_and_pba_draw_the_same_evidence_for_the_same_rows(training_set) -> None:
    ica, pba = training_set("ica"), training_set("pba")
    for row in ica.rows(24):
        assert ica.person(row) == pba.person(row)
        assert ica.records(row) == pba.records(row)
        assert ica.trees(row)[0].ids != pba.trees(row)[0].ids


def test_a_golden_share_changes_who_is_told_and_not_what_evidence_is_drawn(training_set) -> None:
    plain, mixed, golden = (training_set("pba", golden_share=share) for share in (0.0, 0.5, 1.0))
    rows = plain.rows(36)
    assert [g.person(row).persona for g in (mixed, golden) for row in rows] == [
        plain.person(row).persona for row in rows
    ] * 2
    assert all(plain.person(row).profile is None for row in rows)
    assert all(golden.person(row).profile == golden.people[row.person][0].golden for row in rows)
    assert 0 < sum(mixed.person(row).profile is not None for row in rows) < len(rows)


def test_all_kinds_of_evidence_are_drawn_and_every_draw_is_part_of_the_persona(training_set) -> None:
    data = training_set()
    kinds = set()
    for row in data.rows(60):
        drawn, everything = data.person(row).persona, data.people[row.person][0].persona
        assert drawn.evidence
        assert [item for item in everything.evidence if item in drawn.evidence] == list(drawn.evidence)
        kinds.add(frozenset(type(item) for item in drawn.evidence))
    assert {frozenset({Comment}), frozenset({Comparison}), frozenset({Demographics})} < kinds


def test_a_draw_without_items_falls_back_to_what_there_is(training_set, records) -> None:
    only = tuple(replace(record, persona=Persona(record.persona.of(Comment)[:1])) for record in records)
    data = training_set(of=only)
    assert all(len(data.person(row).persona) == 1 for row in data.rows(30))


def test_no_target_is_ever_part_of_the_evidence(training_set) -> None:
    data = training_set()
    repeats = 0
    for row in data.rows(48):
        targets = {(record.task, record.chosen) for record in data.records(row)}
        repeats += any((i.prompt, i.chosen) in targets for i in data.people[row.person][0].persona.of(Comparison))
        choices = {(item.prompt, item.chosen) for item in data.person(row).persona.of(Comparison)}
        assert not choices & targets
    # the small space does repeat pairs: without the removal of targets this test would fail
    assert repeats


def test_a_person_with_many_pairs_is_asked_about_all_of_them_in_turn(training_set) -> None:
    data = training_set(pairs_per_person=3)
    turns = [[record.record_id[-2:] for record in data.records(TrainingRow(0, number))] for number in range(4)]
    assert turns == [["00", "01", "02"], ["03", "04", "05"], ["06", "07", "00"], ["01", "02", "03"]]
    all_pairs = training_set(pairs_per_person=99)
    assert all_pairs.records(TrainingRow(0, 5)) == list(all_pairs.people[0])


def test_a_tree_holds_each_pair_as_chosen_then_rejected(training_set) -> None:
    data = training_set()
    row = TrainingRow(2, 1)
    person, branches = data.person(row), []
    for record in data.records(row):
        messages = data.method.messages(person, record.task, layout="user_first").messages
        encoded = data.tokenizer.encode(messages, (record.chosen, record.rejected))
        branches.append(Branch(encoded.prompt, encoded.answers))
    assert data.trees(row) == [pack(branches)]
    assert len(data.trees(row)[0].paths) == 2 * len(branches) == 8


def test_a_prompt_budget_drops_items_and_keeps_task_and_answers(training_set) -> None:
    unlimited, tight = training_set(), training_set(max_prompt_tokens=60)
    rows = unlimited.rows(12)
    assert all(
        len(tight.branches(tight.person(row), [record])[0].prompt) <= 60
        for row in rows
        for record in tight.records(row)
    )
    assert any(len(unlimited.trees(row)[0].ids) > len(tight.trees(row)[0].ids) for row in rows)
    for row in rows:
        assert tight.trees(row)[0].target == unlimited.trees(row)[0].target


def test_records_are_grouped_by_person_in_order_of_appearance() -> None:
    def record(number: int, user: str | None, text: str) -> Record:
        return Record(f"r{number}", user, "p", "a", "b", Persona((Comment("p", text),)))

    records = [
        record(0, "u2", "x"),
        record(1, "u1", "y"),
        record(2, "u2", "x"),
        record(3, None, "x"),
        record(4, None, "x"),
    ]
    assert [[r.record_id for r in mine] for mine in people(records)] == [["r0", "r2"], ["r1"], ["r3"], ["r4"]]
    with pytest.raises(TrainingError, match="no records"):
        people([])


def test_one_users_records_share_a_tree_unless_their_profiles_differ(tiny) -> None:
    plain = Record("r0", "u", "p", "a", "b", Persona((Comment("p", "x"),)))
    more = replace(plain, record_id="r1", persona=Persona((Comment("p", "y"),)))
    profiled = replace(plain, record_id="r2", profile=tiny.direction({"length": 1}))
    again = replace(plain, record_id="r3")
    grouped = people([plain, more, profiled, again])
    assert [[r.record_id for r in mine] for mine in grouped] == [["r0", "r1", "r3"], ["r2"]]


def test_records_with_personas_of_their_own_share_a_fresh_draw_from_all_of_them(training_set, records) -> None:
    mine = [record for record in records if record.user_id == records[0].user_id]
    items = [
        (Comment("p", f"plain {i}"), Comparison("q", f"long {i}", f"short {i}"), Comparison("z", "a", f"b{i}"))
        for i in range(len(mine))
    ]
    own = tuple(replace(r, persona=Persona(items[i][: 2 + i % 2])) for i, r in enumerate(mine))
    # the first record's own choice is among the evidence of the second
    target = Comparison(own[0].task, own[0].chosen, "x")
    own = (own[0], replace(own[1], persona=Persona((*items[1], target))), *own[2:])
    data = training_set(of=own, pairs_per_person=8)
    assert len(data.people) == 1
    draws = [data.person(TrainingRow(0, number)).persona for number in range(60)]
    everything = {item for record in own for item in record.persona.evidence}
    assert all(draw.evidence and set(draw.evidence) <= everything for draw in draws)
    assert max(len(draw) for draw in draws) <= 4
    assert len({draw for draw in draws}) > 30
    assert set().union(*(draw.evidence for draw in draws)) == everything - {target}


def test_prompts_and_answers_fit_the_models_own_context(training_set, tokenizer) -> None:
    whole = training_set()
    rows = whole.rows(12)
    sizes = [
        len(branch.prompt) + max(map(len, branch.answers))
        for row in rows
        for branch in whole.branches(whole.person(row), whole.records(row))
    ]
    context = sorted(sizes)[len(sizes) // 2]
    small = training_set(tokenizer=ChatTokenizer(tokenizer.tokenizer, positions=context))
    assert usable(small).bare == 0
    for row in rows:
        for branch in small.branches(small.person(row), small.records(row)):
            assert len(branch.prompt) + max(map(len, branch.answers)) <= context
    assert max(sizes) > context


def test_rows_for_other_trainers_are_turns_that_the_template_writes(training_set, records, tokenizer) -> None:
    fast = copy(tokenizer.tokenizer)
    fast.chat_template = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
        "{{ '<|user|>' if m.role == 'user' else '<|assistant|>' }}{{ m.content }}<|end|>{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>{% endif %}"
    )
    marked = tuple(replace(r, chosen=f"<|end|>{r.chosen}") for r in records)
    data = training_set(of=marked, tokenizer=ChatTokenizer(fast))
    (row,) = data.rows(1)
    for line, record in zip(data.conversations(row), data.records(row), strict=True):
        (turn,) = line["prompt"]
        assert turn["role"] == "user"
        assert turn["content"].startswith("You are talking with somebody.")
        assert line["chosen"][0]["content"] == record.chosen.replace("<|end|>", " ")
        prompt = fast.apply_chat_template(line["prompt"], tokenize=False, add_generation_prompt=True)
        assert prompt == data.tokenizer.prompt_text(data.messages(data.person(row), record))


def test_people_with_mirrored_pairs_stand_next_to_each_other_and_others_alone(training_set, records) -> None:
    mirrored = training_set().people
    couples = [(a, b) for a, b in zip(mirrored[::2], mirrored[1::2], strict=True)]
    assert all(a[0].prompt == b[0].prompt and a[0].chosen == b[0].rejected for a, b in couples)
    order = [row.person for row in training_set().rows(len(mirrored))]
    assert all({order[i], order[i + 1]} == {order[i] & ~1, order[i] | 1} for i in range(0, len(order), 2))
    one_of_each = tuple(record for record in records if record.user_id == mirrored[0][0].user_id)
    assert [row.person for row in training_set(of=one_of_each).rows(2)] == [0, 0]


def mirrored(record: Record, user_id: str) -> Record:
    return replace(
        record,
        record_id=f"{user_id}-{record.record_id}",
        user_id=user_id,
        chosen=record.rejected,
        rejected=record.chosen,
    )


def test_mates_are_asked_the_same_pairs_first_and_every_pair_has_its_turn(training_set, records) -> None:
    ones = [replace(r, user_id="one") for r in records if r.user_id == records[0].user_id]
    # the other person has the mirrored pairs in another order, after pairs of their own
    own = [replace(r, user_id="other") for r in records if r.user_id == records[-1].user_id and r.task]
    own = [r for r in own if r.task not in {one.task for one in ones}][:3]
    others = [*own, *(mirrored(r, "other") for r in reversed(ones[:5]))]
    assert own
    data = training_set(of=(*ones, *others), pairs_per_person=4)
    covered = {0: set(), 1: set()}
    for row in data.rows(16):
        assert row.mate == 1 - row.person
        own_pairs = data.records(row)
        assert len({r.record_id for r in own_pairs}) == 4
        covered[row.person].update(r.record_id for r in own_pairs)
        mate_pairs = data.records(TrainingRow(row.mate, row.round, row.person))
        assert [(r.task, r.chosen) for r in own_pairs[:3]] == [(r.task, r.rejected) for r in mate_pairs[:3]]
    assert covered == {0: {r.record_id for r in ones}, 1: {r.record_id for r in others}}


def test_mates_change_from_round_to_round_and_nobody_is_met_twice_in_one(training_set, records) -> None:
    ones = [r for r in records if r.user_id == records[0].user_id]
    opposite = [mirrored(r, f"other-{i}") for i in range(3) for r in ones]
    data = training_set(of=(*ones, *opposite))
    rows = data.rows(4 * 20)
    assert {row.mate for row in rows if row.person == 0} == {1, 2, 3}
    for number in range(20):
        assert sorted(row.person for row in rows[4 * number : 4 * number + 4]) == [0, 1, 2, 3]
    # in each round two of the three mirrored people have no mate left
    assert sum(row.mate is None for row in rows) == 2 * 20


def test_a_tree_beyond_its_budget_is_planted_in_parts_that_hold_every_pair_once_in_order(training_set) -> None:
    single = training_set().trees(TrainingRow(0, 0))[0]
    for budget in range(
        max(len(tree.ids) for tree in training_set(max_tree_tokens=1).trees(TrainingRow(0, 0))), len(single.ids)
    ):
        parts = training_set(max_tree_tokens=budget).trees(TrainingRow(0, 0))
        assert len(parts) > 1
        assert all(len(tree.ids) <= budget for tree in parts)
        assert [token for tree in parts for token in tree.target] == single.target
    assert training_set(max_tree_tokens=len(single.ids)).trees(TrainingRow(0, 0)) == [single]


def test_a_target_is_told_neither_by_a_comment_nor_by_a_thumb(training_set, records) -> None:
    mine = [record for record in records if record.user_id == records[0].user_id]
    target = mine[0]
    revealing = (
        Comment("elsewhere", target.chosen),
        Rating(target.task, target.rejected, liked=False),
        Rating("another prompt", target.rejected, liked=False),
        Comparison(target.task, "something else", target.rejected),
    )
    data = training_set(of=tuple(replace(record, persona=Persona(revealing)) for record in mine), pairs_per_person=99)
    for number in range(8):
        drawn = set(data.person(TrainingRow(0, number)).persona.evidence)
        assert drawn <= set(revealing[2:])
        assert drawn
