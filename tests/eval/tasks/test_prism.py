import json

import pytest

from penchant import Comparison, Demographics, Statement
from penchant.errors import DataError
from penchant.eval.tasks.prism import TOO_FEW, load


def said(content: str, score: object = None, chosen: bool = False, *, turn: int = 0) -> dict[str, object]:
    return {"turn": turn, "role": "model", "content": content, "score": score, "if_chosen": chosen}


def talk(user: str, number: int, *answers: dict[str, object], **changes: object) -> dict[str, object]:
    prompt = f"{user} asks {number}"
    told = list(answers) or [
        said(f"{prompt}: middling", 40),
        said(f"{prompt}: best", 90, True),
        said(f"{prompt}: worst", 5),
    ]
    later = [
        {"turn": 1, "role": "user", "content": "and then?"},
        said("later and chosen", 99, True, turn=1),
        said("later and bad", 1, turn=1),
    ]
    content = {
        "conversation_id": f"{user}-c{number}",
        "user_id": user,
        "conversation_type": "values guided" if number % 2 else "unguided",
        "opening_prompt": prompt,
        "conversation_history": [{"turn": 0, "role": "user", "content": prompt}, *told, *later],
    }
    return {**content, **changes}


def surveyed(user: str, **changes: object) -> dict[str, object]:
    return {"user_id": user, "self_description": f"I am {user}", "system_string": f"Be kind to {user}", **changes}


@pytest.fixture
def folder(as_lines, tmp_path):
    """Two people of six conversations, one of four."""

    def write(*more: dict[str, object]):
        people = {"ann": 6, "bob": 6, "cyd": 4}
        talks = [talk(user, number) for user, count in people.items() for number in range(count)]
        as_lines("conversations.jsonl", *talks, *more)
        as_lines("survey.jsonl", surveyed("ann"), surveyed("bob", self_description=" ", system_string=None))
        return tmp_path

    return write


def test_the_chosen_answer_stands_against_the_lowest_of_its_turn(folder, opened90) -> None:
    for record in load(folder(), opened90, 0).records:
        assert (record.chosen, record.rejected) == (f"{record.task}: best", f"{record.task}: worst")
        assert record.task.startswith(f"{record.user_id} asks")
        assert (record.split, record.provenance.dataset) == ("test", "prism")


def test_four_other_conversations_of_the_same_person_are_shown_in_their_order(folder, opened90) -> None:
    drawn = set()
    for record in load(folder(), opened90, 0).records:
        prompts = [item.prompt for item in record.persona.of(Comparison)]
        assert len(set(prompts) - {record.task}) == 4
        assert prompts == sorted(prompts)
        assert all(prompt.startswith(f"{record.user_id} asks") for prompt in prompts)
        drawn.add(tuple(prompts))
    assert len(drawn) > 6


def test_what_the_survey_has_of_a_person_is_shown_first_and_what_it_lacks_is_not(folder, opened90) -> None:
    records = load(folder(), opened90, 0).records
    ann = next(record for record in records if record.user_id == "ann")
    assert ann.persona.evidence[:2] == (Demographics("I am ann"), Statement("Be kind to ann"))
    bob = next(record for record in records if record.user_id == "bob")
    assert not bob.persona.of(Demographics, Statement)


def test_people_who_talked_too_little_are_counted_and_rows_in_are_records_and_drops(folder, opened90) -> None:
    found = load(folder(), opened90, 0)
    assert {record.user_id for record in found.records} == {"ann", "bob"}
    assert found.counts.dropped == {TOO_FEW: 4}
    assert found.counts.rows == 16 == len(found.records) + 4


def test_conversations_without_a_clear_choice_are_counted_by_reason(folder, opened90) -> None:
    more = [
        talk("ann", 10, said("x", 50), said("y", 40)),
        talk("ann", 11, said("x", 50, True), said("y", 60, True)),
        talk("ann", 12, said("x", 50, True), said("y", 50), said("z", None)),
        talk("ann", 13, said("x", 50, True), said(" x", 40)),
        talk("ann", 14, said("", 50, True), said("y", 40)),
        talk("ann", 15, opening_prompt="  "),
    ]
    found = load(folder(*more), opened90, 0)
    assert found.counts.dropped == {
        TOO_FEW: 4,
        "not exactly one answer to the opening prompt was chosen": 2,
        "no other answer to the opening prompt was scored lower": 1,
        "chosen and rejected are the same answer": 1,
        "content is empty": 1,
        "opening_prompt is empty": 1,
    }
    assert found.counts.rows == 22 == len(found.records) + sum(found.counts.dropped.values())


@pytest.mark.parametrize("seed", range(4))
def test_a_prompt_asked_twice_keeps_both_records_and_stands_in_neither_history(seed: int, folder, opened90) -> None:
    found = load(folder(talk("ann", 6, opening_prompt="ann asks 0")), opened90, seed)
    for record in found.records:
        assert record.task not in {item.prompt for item in record.persona.of(Comparison)}
    assert sum(record.task == "ann asks 0" for record in found.records) == 2
    assert found.counts.dropped == {TOO_FEW: 4}


def test_somebody_who_is_not_in_the_survey_is_kept_and_said(folder, opened90) -> None:
    found = load(folder(*(talk("dee", number) for number in range(5))), opened90, 0)
    assert sum(record.user_id == "dee" for record in found.records) == 5
    assert found.counts.lost_items == {"survey: the person is not in it": 5}


def test_the_same_seed_draws_the_same_histories_and_another_one_others(folder, opened90) -> None:
    path = folder()
    assert load(path, opened90, 1).records == load(path, opened90, 1).records
    assert load(path, opened90, 1).records != load(path, opened90, 2).records


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ({"conversation_id": "c0"}, "not a conversation of PRISM, it has no 'user_id'; it has: conversation_id"),
        (talk("ann", 0, {"turn": 0, "role": "model"}), "not an utterance of PRISM, it has no 'content'"),
        (talk("ann", 0, {"turn": 0, "role": "model", "content": "x"}), "not an answer of PRISM, it has no 'score'"),
    ],
)
def test_another_layout_names_line_and_the_first_key_it_lacks(line, sentence: str, folder, as_lines, opened90) -> None:
    path = folder()
    as_lines("conversations.jsonl", talk("ann", 9), line)
    with pytest.raises(DataError) as raised:
        load(path, opened90, 0)
    assert f"conversations.jsonl: line 2: {sentence}" in str(raised.value)
    as_lines("survey.jsonl", {"user_id": "ann", "about": "x"})
    with pytest.raises(DataError, match=r"survey\.jsonl: line 1: .* no 'self_description'; it has: user_id, about"):
        load(path, opened90, 0)


def test_both_source_files_are_needed(as_lines, opened90, tmp_path) -> None:
    as_lines("conversations.jsonl")
    with pytest.raises(DataError, match=r"no PRISM\.json and no survey\.jsonl; it has: conversations\.jsonl"):
        load(tmp_path, opened90, 0)


def test_the_published_file_is_of_real_people_clustered_by_prompt(as_list, published_row, opened90, tmp_path) -> None:
    as_list("PRISM.json", published_row(0), published_row(0, chosen="another"), published_row(1))
    records = load(tmp_path, opened90, 0).records
    assert (len(records), len({record.user_id for record in records})) == (3, 2)
    assert json.loads(records[0].provenance.meta)["simulated_users"] is False
    assert {record.provenance.attribute for record in records} == {"PRISM"}
