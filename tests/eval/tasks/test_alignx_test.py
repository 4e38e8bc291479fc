import pytest

from penchant import Comment, Comparison, Demographics
from penchant.errors import DataError
from penchant.eval.tasks.alignx_test import load

UGC, PAIR, DEMO = "User-Generated Content", "Pair-wise Comparative Feedback", "Demographic Information"


@pytest.fixture
def folder(as_list, published_row, tmp_path):
    """The same two pairs under three kinds of persona, and a file that is none of the four."""
    comments = [{"prompt": "another post", "comment": "my words"}]
    shown = {
        "Reddit_UGC.json": {UGC: comments, PAIR: None},
        "Reddit_PAIR.json": {},
        "Reddit_DEMO.json": {PAIR: None, DEMO: "A young baker."},
    }
    for name, changes in shown.items():
        as_list(name, published_row(0, **changes), published_row(1, **changes))
    as_list("Reddit_UGC_single_16.json", published_row(0))
    return tmp_path


def test_each_file_is_an_attribute_with_its_own_kind_of_evidence(folder, opened90) -> None:
    found = load(folder, opened90, 0)
    kinds = {r.provenance.attribute: {type(item) for item in r.persona.evidence} for r in found.records}
    assert kinds == {"Reddit_UGC": {Comment}, "Reddit_PAIR": {Comparison}, "Reddit_DEMO": {Demographics}}
    assert (found.counts.rows, len({record.user_id for record in found.records})) == (6, 2)
    assert {(record.split, record.provenance.dataset) for record in found.records} == {("test", "alignx_test")}


def test_one_file_will_do_whatever_its_name(folder, opened90) -> None:
    [record] = load(folder / "Reddit_UGC_single_16.json", opened90, 0).records
    assert record.provenance.attribute == "Reddit_UGC_single_16"


def test_a_comment_under_the_very_post_is_left_out(as_list, published_row, opened90, tmp_path) -> None:
    about = [{"prompt": "prompt 0", "comment": "my words"}]
    as_list("Reddit_UGC.json", *(published_row(number, **{UGC: about, PAIR: None}) for number in (0, 1)))
    found = load(tmp_path, opened90, 0)
    assert [record.task for record in found.records] == ["prompt 1"]
    assert (found.counts.rows, sum(found.counts.dropped.values())) == (2, 1)


def test_a_folder_without_the_files_says_which_were_looked_for(as_list, opened90, tmp_path) -> None:
    as_list("other.json")
    with pytest.raises(DataError, match=r"has none of Reddit_UGC\.json, .*; it has: other\.json"):
        load(tmp_path, opened90, 0)
