import json
from collections import Counter

import pytest

from penchant import Comparison
from penchant.errors import DataError
from penchant.eval.tasks.uf_p4 import ATTRIBUTES, EVIDENCE, TARGETS, load, split_of


def answer(response: str, *ratings: object) -> dict[str, object]:
    annotations = {name: {"Rating": rating} for name, rating in zip(ATTRIBUTES, ratings, strict=True)}
    return {"response": response, "annotations": annotations}


def opposed(prompt: str) -> dict[str, object]:
    """The first answer is more helpful and more honest, the second follows better, and both are as true."""
    first, second = answer(f"{prompt}: help", "5", 4, "1", "3"), answer(f"{prompt}: obey", "2", "3", "4", "3")
    return {"instruction": prompt, "completions": [first, second]}


@pytest.fixture
def source(as_lines):
    return as_lines("ultrafeedback.jsonl", *(opposed(f"prompt {number}") for number in range(120)))


def test_users_choose_by_their_attribute(source, opened90) -> None:
    found = load(source, opened90, 0)
    for record in found.records:
        wanted = "obey" if record.provenance.attribute == "instruction_following" else "help"
        pairs = [Comparison(record.task, record.chosen, record.rejected), *record.persona.evidence]
        assert all(pair.chosen == f"{pair.prompt}: {wanted}" != pair.rejected for pair in pairs)
    assert {record.provenance.attribute for record in found.records} == set(ATTRIBUTES) - {"truthfulness"}
    meta = json.loads(found.records[0].provenance.meta)
    assert (meta["licence"], meta["simulated_users"]) == ("MIT", True)


def test_a_user_shows_four_pairs_and_is_asked_about_four_others_all_of_different_prompts(source, opened90) -> None:
    records = load(source, opened90, 0).records
    for user in {record.user_id for record in records}:
        own = [record for record in records if record.user_id == user]
        assert len(own) == TARGETS
        assert len({record.persona for record in own}) == 1
        evidence = own[0].persona.of(Comparison)
        assert len(evidence) == EVIDENCE
        prompts = [item.prompt for item in evidence] + [record.task for record in own]
        assert len(set(prompts)) == EVIDENCE + TARGETS


def test_people_of_different_splits_share_no_prompt_whatever_the_seed(source, opened90) -> None:
    seen: dict[str, set[str]] = {"train": set(), "test": set()}
    for seed in (0, 1):
        for record in load(source, opened90, seed).records:
            assert record.user_id is not None
            assert record.split in record.user_id
            seen[record.split] |= {record.task, *(item.prompt for item in record.persona.of(Comparison))}
    assert seen["train"]
    assert seen["test"]
    assert not seen["train"] & seen["test"]
    assert 0.1 < sum(split_of(f"prompt {n}") == "test" for n in range(1000)) / 1000 < 0.3


def test_every_choice_that_a_line_offers_is_a_record_or_a_counted_drop(source, opened90) -> None:
    found = load(source, opened90, 0)
    counts = found.counts
    assert counts.rows == 120 * len(ATTRIBUTES)
    assert counts.rows == len(found.records) + sum(counts.dropped.values())
    assert counts.dropped["a tie under truthfulness"] == 120
    assert "a tie under honesty" not in counts.dropped
    assert counts.dropped["shown as evidence"] == len(found.records)


def test_the_same_seed_gives_the_same_people_and_another_one_others(source, opened90) -> None:
    assert load(source, opened90, 3).records == load(source, opened90, 3).records
    assert load(source, opened90, 3).records != load(source, opened90, 4).records


def test_lines_without_a_pair_that_divides_the_attributes_are_counted(as_lines, opened90, tmp_path) -> None:
    unrated = opposed("unrated")
    unrated["completions"][0]["annotations"]["honesty"]["Rating"] = "N/A"
    missing = opposed("missing")
    del missing["completions"][1]["annotations"]["truthfulness"]
    agreed = {"instruction": "agreed", "completions": [answer("a", 5, 5, 5, 5), answer("b", 4, 5, 5, 4)]}
    equal = {"instruction": "equal", "completions": [answer("a", 5, 1, 1, 1), answer(" a", 1, 5, 5, 5)]}
    lines = [opposed(f"prompt {number}") for number in range(80)]
    lines[5]["completions"].append(answer("third", "N/A", "1", "1", "1"))
    as_lines("a.jsonl", *lines)
    as_lines("b.jsonl", unrated, missing, agreed, equal, opposed("prompt 7"), opposed(" "))
    found = load(tmp_path, opened90, 0)
    reasons = {
        "fewer than two answers have all four ratings": 8,
        "no two answers that the attributes order differently": 8,
        "a line before it has the same instruction": 4,
        "instruction is empty": 4,
    }
    assert {reason: found.counts.dropped[reason] for reason in reasons} == reasons
    assert found.counts.rows == 86 * len(ATTRIBUTES) == len(found.records) + sum(found.counts.dropped.values())
    assert found.counts.lost_items == {"answer: it has not all four ratings": 1}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            {"prompt": "p", "completions": []},
            "not a line of UltraFeedback, it has no 'instruction'; it has: prompt, com",
        ),
        ({"instruction": "p", "answers": []}, "it has no 'completions'; it has: instruction, answers"),
        ({"instruction": "p", "completions": [{"text": "x"}]}, "it has no 'response'; it has: text"),
        (
            {"instruction": "p", "completions": [{"response": "x", "annotations": {"Helpfulness": 1}}]},
            "it has no 'helpfulness'; it has: Helpfulness",
        ),
        ({"instruction": "p", "completions": "none"}, "'completions' is of type str; it must be a list"),
    ],
)
def test_another_layout_names_line_and_the_first_key_it_lacks(line, sentence: str, as_lines, opened90) -> None:
    with pytest.raises(DataError) as raised:
        load(as_lines("uf.jsonl", line), opened90, 0)
    assert "uf.jsonl: line 1: " in str(raised.value)
    assert sentence in str(raised.value)


def test_published_files_come_before_sources(as_list, as_lines, published_row, opened90, tmp_path) -> None:
    as_lines("ultrafeedback.jsonl", opposed("p"))
    as_list("honesty.json", published_row(0), published_row(1))
    found = load(tmp_path, opened90, 0)
    assert Counter(record.provenance.attribute for record in found.records) == {"honesty": 2}
    assert {record.split for record in found.records} == {"test"}
    assert "none stated" in json.loads(found.records[0].provenance.meta)["licence"]


def test_a_folder_with_neither_says_what_was_looked_for(tmp_path, opened90) -> None:
    with pytest.raises(DataError, match=r"has none of helpfulness\.json, .* and no \.jsonl file .*; it has: nothing"):
        load(tmp_path, opened90, 0)
