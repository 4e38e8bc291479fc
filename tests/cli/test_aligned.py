"""Aligned models as the command line names them; most of it is in test_evaluate.py and test_suites.py."""

import shutil

import pytest

from penchant import Comment, Persona, Record
from penchant.cli.aligned import Aligned, kind_of, progress
from penchant.cli.data import read, space_for
from penchant.errors import ModelError
from penchant.space import load_space


def test_a_bench_is_of_the_models_named_and_the_records_given(small_base, small_forum, aligned) -> None:
    space = space_for(small_forum / "test", None)
    records = read(small_forum / "test", space, limit=8)
    bench = Aligned(str(small_base), {"ica": aligned["ica"]}, seed=3).bench(records, space, "named")
    assert (bench.setting.dataset, bench.setting.seed) == (records[0].provenance.dataset, 3)
    assert list(bench.policies) == ["ica"]
    assert bench.golden
    assert bench.rule is not None


def test_a_model_measured_against_another_base_than_its_own_is_said(
    small_base, planted, aligned, tmp_path, capsys
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(small_base, copy)
    Aligned(str(small_base), {"ica": aligned["ica"]}).bench(planted, load_space(), "d")
    assert "as its card says" not in capsys.readouterr().err
    Aligned(str(copy), {"ica": aligned["ica"]}).bench(planted, load_space(), "d")
    told = f"was aligned from {small_base} as its card says, and is measured against {copy}"
    assert told in capsys.readouterr().err


def test_people_that_a_model_was_aligned_to_are_said_to_be_no_new_ones(
    small_base, small_forum, planted, aligned, capsys
) -> None:
    space = space_for(small_forum / "train", None)
    model = Aligned(str(small_base), {"ica": aligned["ica"]})
    model.bench(planted, load_space(), "d")
    assert "no measure of new people" not in capsys.readouterr().err
    model.bench(read(small_forum / "train", space), space, "d")
    assert f"{aligned['ica']} was aligned to just these people as its card says" in capsys.readouterr().err


def test_neutral_people_are_shown_without_words_of_gender_and_age(small_base) -> None:
    person = Persona((Comment("p", "I am a woman of 30, and like it short"),))
    records = [Record("r", "u", "q", "yes", "no", person)]
    shown = [
        Aligned(str(small_base), neutral=neutral).bench(records, load_space(), "d").believed(person).evidence[0].text
        for neutral in (False, True)
    ]
    assert shown == ["I am a woman of 30, and like it short", "I am a person of 30, and like it short"]


def test_a_model_that_is_not_there_is_named(planted, tmp_path) -> None:
    with pytest.raises(ModelError, match="no model folder"):
        Aligned(str(tmp_path / "none")).bench(planted, load_space(), "d")


def test_what_a_budget_left_out_is_said_after_the_last_pass(small_base, planted, capsys) -> None:
    bench = Aligned(str(small_base), max_prompt_tokens=45).bench(planted, load_space(), "d")
    with progress(bench, 1):
        bench.done("a pass")
        bench.dropped = 7
    assert "the budget of 45 tokens left out 7 items of evidence over 1 passes" in capsys.readouterr().err


@pytest.mark.parametrize(("personas", "kind"), [(["pair"], "pair"), (["all"], "all"), (["ugc", "pair"], "mixed")])
def test_somebody_else_is_shown_by_the_one_kind_of_evidence_that_is_measured(personas, kind: str) -> None:
    assert kind_of(personas) == kind
