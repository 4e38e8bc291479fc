"""Aligning a model as a call: what is trained, resumed, kept and refused."""

import json
import shutil
from dataclasses import replace

import pytest
from safetensors.numpy import load_file

from penchant.errors import ConfigError, ModelError, TrainingError
from penchant.reporter import Quiet
from penchant.runs import train as module
from penchant.runs.data import Data
from penchant.shards import jsonl
from penchant.space import load_space


class Notes(Quiet):
    """A reporter that keeps its notes."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def note(self, text: str) -> None:
        self.texts.append(text)


@pytest.fixture
def train(small_recipe, small_forum):
    """Trains on the small forum; settings given win."""

    def run(**settings):
        return module.train(**{"data": small_forum / "train", "method": "ica", "recipe": small_recipe, **settings})

    return run


@pytest.fixture
def bare(tmp_path):
    """One record that says nothing of its person."""
    path = tmp_path / "bare.jsonl"
    path.write_text('{"record_id":"bare-1","prompt":"p","chosen":"a","rejected":"b"}\n', encoding="utf-8")
    return path


def test_a_call_returns_what_was_trained_and_prints_nothing(train, tmp_path, capfd) -> None:
    capfd.readouterr()
    summary = train(out=tmp_path / "m")
    assert {key: summary[key] for key in ("method", "model", "people", "records", "rows", "pairs")} == {
        "method": "ica",
        "model": str(tmp_path / "m"),
        "people": 24,
        "records": 48,
        "rows": 16,
        "pairs": 32,
    }
    seen = capfd.readouterr()
    assert (seen.out, seen.err) == ("", "")


def test_ratings_are_trained_on_without_a_word(train, small_forum, tmp_path, capfd) -> None:
    rated = tmp_path / "rated.jsonl"
    ratings = [
        {"kind": "rating", "prompt": "p", "answer": answer, "liked": liked}
        for answer, liked in (("x", True), ("y", False))
    ]
    record = {"record_id": "r", "user_id": "u", "prompt": "p", "chosen": "a", "rejected": "b", "evidence": ratings}
    rated.write_text(json.dumps(record) + "\n", encoding="utf-8")
    capfd.readouterr()
    summary = train(data=rated, out=tmp_path / "m", ratings=True, space=str(small_forum / "space.toml"))
    assert summary == {"method": "ica", "model": str(tmp_path / "m"), "people": 1, "ratings": 2}
    assert capfd.readouterr().out == ""


def test_a_reporter_hears_what_is_trained_on(train, tmp_path) -> None:
    notes = Notes()
    train(out=tmp_path / "m", resume=True, reporter=notes)
    assert notes.texts[0] == f"nothing to go on with in {tmp_path / 'm'}: starting anew"
    assert notes.texts[1].startswith("ica: aligning ")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"recipe": None}, "`recipe` is missing: take hub for a pretrained model"),
        ({"method": "dpo"}, "`method` dpo: only ica, pba, pba_summary, pba_both, universal are trained"),
        ({"summaries": "annotator-llm"}, "`summaries` are not read by ica; train pba_summary or pba_both"),
        ({"ratings": True, "resume": True}, "`ratings` takes no `resume`, `reference_cache` or `summaries`"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(train, tmp_path, settings, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        train(out=tmp_path / "m", **settings)
    assert not (tmp_path / "m").exists()


def test_a_run_cut_off_and_resumed_gives_the_same_weights(train, tmp_path) -> None:
    folder = tmp_path / "m"
    train(out=folder)
    whole = load_file(folder / "model.safetensors")
    shutil.rmtree(folder / "checkpoints" / "checkpoint-4")
    # a run that started again would write the first checkpoint once more
    first = folder / "checkpoints" / "checkpoint-2" / "model.safetensors"
    written = first.stat().st_mtime_ns
    (folder / "model.safetensors").unlink()
    (folder / "curve.json").unlink()
    resumed = train(out=folder, resume=True)
    assert resumed["rows"] == 16
    assert first.stat().st_mtime_ns == written
    weights = load_file(folder / "model.safetensors")
    assert weights.keys() == whole.keys()
    for name, values in weights.items():
        assert (values == whole[name]).all(), name


@pytest.mark.parametrize(("change", "differs"), [("ica.learning_rate=0.5", "learning_rate"), ("seed=9", "seed")])
def test_only_the_same_run_goes_on_from_checkpoints(train, tmp_path, change: str, differs: str) -> None:
    folder = tmp_path / "m"
    train(out=folder)
    before = (folder / "model.safetensors").read_bytes(), (folder / "README.md").read_text(encoding="utf-8")
    with pytest.raises(TrainingError, match=f"its checkpoints are of a run with other {differs}; give another "):
        train(out=folder, resume=True, overrides=[change])
    with pytest.raises(TrainingError, match="method"):
        train(out=folder, resume=True, method="pba")
    assert before == ((folder / "model.safetensors").read_bytes(), (folder / "README.md").read_text(encoding="utf-8"))


def test_a_record_without_evidence_is_refused_by_name_before_anything_is_written(train, bare, tmp_path) -> None:
    with pytest.raises(TrainingError, match="cannot train ica on record bare-1: the persona has no evidence"):
        train(out=tmp_path / "m", data=bare)
    assert not (tmp_path / "m").exists()


def test_pba_on_evidence_without_directions_says_what_is_missing_and_what_to_do(train, tmp_path) -> None:
    data = tmp_path / "plain.jsonl"
    evidence = '"evidence":[{"kind":"comment","text":"hi"}]'
    data.write_text(f'{{"record_id":"r-1","prompt":"p","chosen":"a","rejected":"b",{evidence}}}\n', encoding="utf-8")
    with pytest.raises(TrainingError, match="annotate the evidence with directions") as refused:
        train(out=tmp_path / "m", method="pba", data=data)
    assert "cannot train pba on record r-1: there is no belief about this person" in str(refused.value)
    assert not (tmp_path / "m").exists()


def test_pickled_weights_are_refused_before_any_row_is_read(train, small_base, tmp_path) -> None:
    folder = tmp_path / "base"
    shutil.copytree(small_base, folder)
    (folder / "pytorch_model.bin").write_bytes(b"x")
    notes = Notes()
    with pytest.raises(ModelError, match="pickled weights can run code and are refused"):
        train(out=tmp_path / "m", model=str(folder), reporter=notes)
    assert notes.texts == []
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(("rate", "moved"), [(1e-9, False), (0.05, True)])
def test_a_run_that_ends_where_it_began_says_so(train, tmp_path, rate: float, moved: bool) -> None:
    notes = Notes()
    train(out=tmp_path / "m", reporter=notes, overrides=[f"ica.learning_rate={rate}"])
    said = [text for text in notes.texts if "the loss has hardly moved" in text]
    assert bool(said) is not moved
    assert all("ica.learning_rate=1e-08 (it was 1e-09)" in text for text in said)
    assert any("4 steps of 4 people, 0.7 turns for each; after the first step" in text for text in notes.texts)


def test_rows_of_another_split_are_not_trained_on(train, planted, tmp_path) -> None:
    notes = Notes()
    half = [replace(r, split="train" if i % 2 else "test") for i, r in enumerate(planted)]
    jsonl.write(half, tmp_path / "rows.jsonl", space=None)
    done = train(data=tmp_path / "rows.jsonl", out=tmp_path / "m", reporter=notes)
    assert done["records"] == len(planted) // 2
    assert any(f"{len(planted) // 2} of {len(planted)} records are of another split" in text for text in notes.texts)


def test_ratings_take_no_history_and_show_evidence_of_another_file(train, tmp_path) -> None:
    thumbs = tmp_path / "thumbs.jsonl"
    rows = [{"prompt": f"q{i}", "completion": f"a{i}", "label": i > 0, "user_id": "u"} for i in range(3)]
    thumbs.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(ConfigError, match="other ratings of a person are shown in any case; leave out `history`"):
        train(data=Data(thumbs, history="others"), ratings=True, out=tmp_path / "m")
    comments = tmp_path / "comments.jsonl"
    comments.write_text('{"user_id": "u", "comment": "I like it short."}\n', encoding="utf-8")
    (people,) = module._raters(Data(thumbs, evidence=comments), load_space(), "given", rejected=None, reporter=Notes())
    assert any("I like it short." in str(item) for record in people for item in record.persona.evidence)
