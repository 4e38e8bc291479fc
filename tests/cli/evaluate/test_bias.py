"""`penchant eval bias`, and the rule that an annotator outranks stated profiles."""

from dataclasses import replace

import pytest

from penchant import load_space
from penchant.shards import parquet, read_records


def test_bias_is_measured_before_and_after_words_are_made_neutral(penchant, small_forum, models, annotator) -> None:
    where = ("eval", "bias", *models, "--data", small_forum / "test")
    ran = penchant(*where, "--annotator", annotator, "--json")
    assert ran.code == 0, ran.err
    assert set(ran.last) == {"question", "seed", "seconds", "methods", "versions"}
    assert set(ran.last["methods"]) == {"ica", "pba"}
    changed = {(one["trait"], one["how"], one["neutral"]): one for one in ran.last["methods"]["pba"]["changed"]}
    for trait in ("gender", "age"):
        assert 0 <= changed[trait, "stated", False]["decisions"] <= 1
        assert changed[trait, "stated", True]["decisions"] == 0
        assert changed[trait, "stated", True]["directions"] == 0
    assert all(one["directions"] is None for one in ran.last["methods"]["ica"]["changed"])
    told = penchant(*where, "--annotator", annotator).out
    assert "gender, stated, made neutral" in told
    assert "neutral words cost: right" in told
    ran = penchant(*where)
    assert ran.code == 2
    assert "the question 'bias' needs --annotator to measure pba: swapped texts must be read" in ran.err


@pytest.fixture
def stated(small_forum, tmp_path):
    """The forum's tested people, each with their true direction as a profile that the file states."""
    space = load_space(str(small_forum / "space.toml"))
    records = list(read_records(small_forum / "test", space=space))
    for name, some in (("plain", records), ("stated", [replace(one, profile=one.golden) for one in records])):
        parquet.write(some, tmp_path / name, space=space, seed=0, simulated=True)
        (tmp_path / name / "space.toml").write_text(space.as_toml(), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("question", [("accuracy", "--personas", "ugc"), ("bias",)])
def test_what_an_annotator_reads_outranks_a_stated_profile(penchant, stated, models, annotator, question) -> None:
    ran = {
        name: penchant("eval", *question, *models, "--data", stated / name, "--annotator", annotator, "--json")
        for name in ("plain", "stated")
    }
    assert {name: one.code for name, one in ran.items()} == {"plain": 0, "stated": 0}, ran["stated"].err
    said = "the profiles that 48 records state are left aside: directions are what the annotator reads"
    assert (said in ran["stated"].err, said in ran["plain"].err) == (True, False)
    one, other = (ran[name].last for name in ("plain", "stated"))
    if "methods" in one:
        assert one["methods"] == other["methods"]
    else:
        same = [
            [{**row, "dataset": ""} for row in some["rows"] if "golden" not in row["variant"]] for some in (one, other)
        ]
        assert same[0] == same[1]


def test_a_model_that_is_told_of_nobody_has_no_bias_to_be_measured(penchant, small_forum, aligned) -> None:
    ran = penchant("eval", "bias", f"universal={aligned['ica']}", "--data", small_forum / "test")
    assert (ran.code, "the question 'bias' measures models that see people" in ran.err) == (2, True)
