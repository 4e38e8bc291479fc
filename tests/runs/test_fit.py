"""Fitting as a call: what is fitted, kept and refused; nothing is printed."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from penchant.encoder.fake import FakeEncoder
from penchant.errors import ConfigError, DataError, TrainingError
from penchant.fit.sentences import shipped
from penchant.runs.annotators import open_annotator
from penchant.runs.data import space_for
from penchant.runs.fit import fit_annotator, fit_baseline, fit_encoder
from penchant.runs.scorers import scorer_card
from penchant.shards import jsonl


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)


@pytest.fixture
def data(planted, tmp_path):
    jsonl.write(planted, tmp_path / "planted.jsonl", space=None)
    return tmp_path / "planted.jsonl"


def test_a_call_returns_what_was_fitted_and_prints_nothing(data, tmp_path, capsys) -> None:
    summary = fit_encoder(data=data, out=tmp_path / "encoder")
    assert summary["method"] == "encoder"
    assert (summary["people"], summary["records"]) == (24, 96)
    assert scorer_card(tmp_path / "encoder") == tmp_path / "encoder" / "scorer.json"
    assert "fit" in fit_baseline(name="vpl", data=data, out=tmp_path / "vpl")
    seen = capsys.readouterr()
    assert (seen.out, seen.err) == ("", "")


def test_english_names_the_sentences_of_penchant_unless_there_is_such_a_file(
    data, small_base, tmp_path, monkeypatch
) -> None:
    some = shipped()[::100]
    monkeypatch.setattr("penchant.fit.sentences.shipped", lambda: some)
    monkeypatch.chdir(tmp_path)
    fitted = fit_annotator(data=Path("english"), out=tmp_path / "a", encoder=str(small_base), steps=2)
    assert (fitted.counts["items"], fitted.counts["space"]) == (len(some), "alignx90")
    with pytest.raises(TrainingError, match="cannot be tuned"):
        fit_annotator(data=Path("english"), out=tmp_path / "b", encoder=str(small_base), tune=True)
    Path("english").write_bytes(data.read_bytes())
    with pytest.raises(DataError, match="english: unknown kind of file"):
        fit_annotator(data=Path("english"), out=tmp_path / "c", encoder=str(small_base), steps=2)


def test_an_annotator_comes_with_its_figures_and_prints_nothing(small_forum, small_base, tmp_path, capsys) -> None:
    capsys.readouterr()
    fitted = fit_annotator(data=small_forum / "train", out=tmp_path / "a", encoder=str(small_base), steps=5)
    assert fitted.counts["annotator"] == str(tmp_path / "a")
    assert fitted.held_out is not None
    assert fitted.held_out.people == 2
    assert "annotator" in {path.stem for path in (tmp_path / "a").iterdir()}
    seen = capsys.readouterr()
    assert (seen.out, seen.err) == ("", "")


def test_the_seed_decides(data, tmp_path) -> None:
    weights = []
    for seed in (0, 1, 0):
        fit_baseline(name="lore", data=data, out=tmp_path / "out", seed=seed, overwrite=True)
        weights.append((tmp_path / "out" / "baseline.safetensors").read_bytes())
    assert weights[0] == weights[2] != weights[1]


def test_embeddings_are_kept_for_whatever_is_fitted_next(data, tmp_path, monkeypatch) -> None:
    fit_baseline(name="lore", data=data, out=tmp_path / "out", seed=3)
    weights = (tmp_path / "out" / "baseline.safetensors").read_bytes()
    fit_encoder(data=data, out=tmp_path / "out", cache=tmp_path / "kept", overwrite=True)

    class Silent(FakeEncoder):
        def tokens(self, texts, *, progress=None):
            raise AssertionError("embedded again")

    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", Silent)
    fit_baseline(name="lore", data=data, out=tmp_path / "out", seed=3, cache=tmp_path / "kept", overwrite=True)
    assert (tmp_path / "out" / "baseline.safetensors").read_bytes() == weights


def test_people_too_few_leave_nothing_behind(planted, tmp_path) -> None:
    jsonl.write(planted[:4], tmp_path / "one.jsonl", space=None)
    with pytest.raises(TrainingError, match="pairs of 1 people to fit on"):
        fit_baseline(name="vpl", data=tmp_path / "one.jsonl", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_baseline_that_there_is_not_is_refused(data, tmp_path) -> None:
    with pytest.raises(ConfigError, match="`name` encoder: choose from vpl, lore"):
        fit_baseline(name="encoder", data=data, out=tmp_path / "out")


def test_a_teacher_reads_the_distinct_texts_and_their_sources_are_kept(
    small_forum, small_base, annotator_folder, tmp_path, monkeypatch
) -> None:
    rows = [{"text": text, "source": "s/one", "licence": "MIT"} for text in ("Short notes!", "Rain.", "Rain.")]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "texts.parquet")
    space = space_for(small_forum / "train", None)
    teacher = open_annotator(annotator_folder, space)
    lessons = []

    def tune(*_items, taught, **_settings):
        lessons.append(taught)
        return teacher

    monkeypatch.setattr("penchant.fit.tuned.tune_annotator", tune)
    fitted = fit_annotator(
        data=small_forum / "train",
        out=tmp_path / "a",
        encoder=str(small_base),
        tune=True,
        teacher=annotator_folder,
        texts=tmp_path / "texts.parquet",
    )
    assert fitted.counts["taught"] == 2
    (taught,) = lessons
    assert [item.text for item in taught.items] == ["Short notes!", "Rain."]
    np.testing.assert_allclose(taught.readings_ND3, teacher.annotate(taught.items), atol=1e-6)
    assert taught.credits == ("s (MIT): 3",)


@pytest.mark.parametrize("given", [{"teacher": "a"}, {"texts": Path("t")}, {"teacher": "a", "texts": Path("t")}])
def test_a_teacher_needs_texts_and_a_tuned_encoder(small_forum, tmp_path, given) -> None:
    tune = len(given) == 1
    with pytest.raises(ConfigError, match="give `tune`, `teacher` and `texts` together"):
        fit_annotator(data=small_forum / "train", out=tmp_path / "a", tune=tune, **given)
