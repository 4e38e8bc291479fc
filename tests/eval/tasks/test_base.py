import json
import re
from dataclasses import replace

import pytest

from penchant import Comment, Comparison, Demographics, Persona, Rating, Record
from penchant.errors import DataError
from penchant.eval.tasks import TASKS
from penchant.eval.tasks.base import (
    DUPLICATE,
    OWN_TARGET,
    built,
    by_prompt,
    cleaned,
    listing,
    placed,
    provenance,
    published_files,
    read_published,
    require_keys,
)
from penchant.shards.base import SourceRow

TASK = TASKS["p_soups"]


def asked(number: int, *evidence: object, user_id: str | None = None) -> Record:
    return Record(f"r{number}", user_id, "the prompt", "yes", "no", Persona(tuple(evidence)))


def test_every_task_says_what_it_is_where_it_is_from_and_how_it_may_be_used() -> None:
    for name, task in TASKS.items():
        assert task.name == name
        assert all((task.what, task.source, task.licence, task.metric, task.personas, task.published))
        assert re.search(r"arXiv:\d{4}\.\d{5}", task.source)


def test_of_exact_duplicates_the_first_is_kept() -> None:
    about = Demographics("a baker")
    kept, dropped = cleaned([asked(0, about), asked(1, about), asked(2), asked(3, about)])
    assert [record.record_id for record in kept] == ["r0", "r2"]
    assert dropped == {DUPLICATE: 2}


def test_two_people_who_choose_alike_are_no_duplicates() -> None:
    kept, dropped = cleaned([asked(0, user_id="a"), asked(1, user_id="b")])
    assert (len(kept), dropped) == (2, {})


@pytest.mark.parametrize(
    "item",
    [
        Comparison(" the prompt", "yes", "no"),
        Comment("the prompt\n", "my own words"),
        Rating("the prompt", "yes", liked=True),
    ],
)
def test_a_history_that_holds_its_own_target_is_left_out_and_counted(item) -> None:
    other = Comparison("another prompt", "the prompt", "no")
    kept, dropped = cleaned([asked(0, other, item), asked(1, other)])
    assert [record.record_id for record in kept] == ["r1"]
    assert dropped == {OWN_TARGET: 1}


def test_a_record_without_a_user_is_of_its_prompt_and_a_named_one_stays() -> None:
    same, again, named = by_prompt([asked(0), asked(1), asked(2, user_id="a")])
    other = by_prompt([replace(asked(3), prompt="another prompt")])[0]
    assert same.user_id == again.user_id == "prompt-906a183b1dba459d"
    assert named.user_id == "a"
    assert other.user_id != same.user_id


def test_the_meta_is_json_and_may_say_another_licence_than_the_task() -> None:
    here = provenance(TASK, "style", licence="MIT", persona="likes jokes")
    meta = json.loads(here.meta)
    assert (here.dataset, here.attribute) == ("p_soups", "style")
    assert meta == {"licence": "MIT", "source": TASK.source, "simulated_users": True, "persona": "likes jokes"}


def test_the_files_are_those_that_a_folder_has_or_the_one_named(as_list, tmp_path) -> None:
    second, stray = as_list("b.json"), as_list("stray.json")
    assert published_files(tmp_path, ("a.json", "b.json")) == [second]
    assert published_files(stray, ("a.json",)) == [stray]
    with pytest.raises(DataError, match=r"has none of a\.json, c\.json; it has: b\.json, stray\.json"):
        published_files(tmp_path, ("a.json", "c.json"))
    with pytest.raises(DataError, match="no such file or folder"):
        published_files(tmp_path / "x", ())


def test_a_long_folder_is_told_by_its_first_names(tmp_path) -> None:
    assert listing(tmp_path) == "nothing"
    for number in range(9):
        (tmp_path / f"f{number}").touch()
    assert listing(tmp_path).endswith("f7, …")


def test_rows_in_are_records_and_drops_and_items_left_out_are_counted(as_list, published_row, opened90) -> None:
    own = {"prompt": "prompt 0", "chosen": "c", "rejected": "d"}
    empty = {"prompt": "q", "chosen": " ", "rejected": "d"}
    key = "Pair-wise Comparative Feedback"
    rows = [
        published_row(0),
        published_row(0),
        published_row(0, **{key: [own]}),
        published_row(1, **{key: [empty]}),
        published_row(2, chosen=""),
    ]
    path = as_list("style.json", *rows)
    found = read_published(TASK, path, [path], opened90)
    counts = found.counts
    assert [record.record_id for record in found.records] == ["style-000000", "style-000003"]
    assert counts.dropped == {DUPLICATE: 1, OWN_TARGET: 1, "chosen is empty": 1}
    assert counts.lost_items == {"comparison: chosen is empty": 1}
    assert (counts.rows, counts.kept) == (5, 2) == (len(rows), len(found.records))
    assert counts.rows == counts.kept + sum(counts.dropped.values())


def test_a_published_row_is_a_test_record_with_its_profile_and_its_sentence_in_the_meta(
    as_list, published_row, opened90
) -> None:
    path = as_list("style.json", published_row(0, ground_truth_persona="You like short answers."))
    [record] = read_published(TASK, path, [path], opened90).records
    assert (record.split, record.provenance.dataset, record.provenance.attribute) == ("test", "p_soups", "style")
    assert json.loads(record.provenance.meta)["persona"] == "You like short answers."
    assert record.profile == opened90.direction({"age_group": 1, "communication_length": 1})
    assert [type(item) for item in record.persona.evidence] == [Comparison] * 4


def test_the_same_row_in_two_files_is_asked_in_both(as_list, published_row, opened90, tmp_path) -> None:
    files = [as_list(name, published_row(0)) for name in ("a.json", "b.json")]
    records = read_published(TASK, tmp_path, files, opened90).records
    assert [record.provenance.attribute for record in records] == ["a", "b"]
    assert records[0].user_id == records[1].user_id


def test_another_layout_names_the_first_key_it_lacks_and_what_it_has(as_list, opened90) -> None:
    path = as_list("style.json", {"prompt": "p", "answer_a": "x"})
    with pytest.raises(DataError, match=r"style\.json: .* it has no 'chosen'; it has: prompt, answer_a"):
        read_published(TASK, path, [path], opened90)
    with pytest.raises(DataError, match="not a thing, it has no 'b'; it has: a, c"):
        require_keys({"a": 1, "c": 2}, ("a", "b", "d"), what="a thing")


def test_an_error_in_a_row_says_where(tmp_path) -> None:
    with (
        pytest.raises(DataError, match=r"x\.jsonl: line 3: broken"),
        placed(tmp_path / "x.jsonl", SourceRow("line 3", 3, {})),
    ):
        raise DataError("broken")


def test_nothing_usable_is_an_error_with_the_reasons(tmp_path) -> None:
    with pytest.raises(DataError, match=r"no record comes of it; 2 rows: 0 kept, 2 dropped \(too dull: 2\)"):
        built(tmp_path, [], {"too dull": 2})
