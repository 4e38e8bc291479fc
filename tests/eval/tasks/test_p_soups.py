import json

import pytest

from penchant.errors import DataError
from penchant.eval.tasks.base import DUPLICATE
from penchant.eval.tasks.p_soups import load

CHILD = "Generate a response that can be easily understood by an elementary school student."


def test_every_list_of_the_folder_is_a_subset_named_by_its_file(as_list, published_row, opened90, tmp_path) -> None:
    for name in ("concise_detail.json", "friendly_unfriendly.json", "student_phd.json"):
        as_list(name, published_row(0, ground_truth_persona=CHILD), published_row(1))
    found = load(tmp_path, opened90, 0)
    names = {record.provenance.attribute for record in found.records}
    assert names == {"concise_detail", "friendly_unfriendly", "student_phd"}
    assert {record.split for record in found.records} == {"test"}
    assert json.loads(found.records[0].provenance.meta)["persona"] == CHILD
    assert "persona" not in json.loads(found.records[1].provenance.meta)


def test_opposite_poles_of_one_prompt_are_one_cluster_and_no_duplicates(as_list, published_row, opened90) -> None:
    mirrored = published_row(0)
    mirrored["chosen"], mirrored["rejected"] = mirrored["rejected"], mirrored["chosen"]
    found = load(as_list("student_phd.json", published_row(0), mirrored, published_row(0)), opened90, 0)
    assert len(found.records) == 2
    assert len({record.user_id for record in found.records}) == 1
    assert found.counts.dropped == {DUPLICATE: 1}


def test_a_folder_without_a_list_says_so(tmp_path, opened90) -> None:
    (tmp_path / "README.md").touch()
    with pytest.raises(DataError, match=r"has none of concise_detail\.json, .*; it has: README\.md"):
        load(tmp_path, opened90, 0)
    with pytest.raises(DataError, match="no such file"):
        load(tmp_path / "nowhere", opened90, 0)
