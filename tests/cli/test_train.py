import json
import shutil

import pytest
from safetensors.numpy import load_file


@pytest.fixture
def train(penchant, small_recipe, small_forum):
    """Runs `penchant train` on the small forum; later arguments win."""

    def run(*arguments: object, method: str = "ica", data: object = None):
        where = ("--data", data or small_forum / "train")
        return penchant("train", "--recipe", small_recipe, "--method", method, *where, *arguments)

    return run


@pytest.fixture
def bare(tmp_path):
    """One record that says nothing of its person."""
    path = tmp_path / "bare.jsonl"
    path.write_text('{"record_id":"bare-1","prompt":"p","chosen":"a","rejected":"b"}\n', encoding="utf-8")
    return path


def test_a_model_is_saved_with_its_card_and_curve(aligned) -> None:
    for method, folder in aligned.items():
        assert f"aligned to each person by {method.upper()}" in (folder / "README.md").read_text(encoding="utf-8")
        assert json.loads((folder / "curve.json").read_text(encoding="utf-8"))[-1]["loss"] > 0
        assert (folder / "model.safetensors").is_file()


def test_stdout_holds_the_summary_only_as_one_json_line(train, tmp_path) -> None:
    ran = train("--out", tmp_path / "m", "--json")
    assert ran.code == 0, ran.err
    assert ran.out.count("\n") == 1
    assert {key: ran.last[key] for key in ("method", "people", "records", "rows", "pairs")} == {
        "method": "ica",
        "people": 24,
        "records": 48,
        "rows": 16,
        "pairs": 32,
    }
    assert "ica: aligning" in ran.err


def test_a_run_cut_off_and_resumed_gives_the_same_weights(train, tmp_path) -> None:
    folder = tmp_path / "m"
    assert train("--out", folder).code == 0
    whole = load_file(folder / "model.safetensors")
    shutil.rmtree(folder / "checkpoints" / "checkpoint-4")
    # a run that started again would write the first checkpoint once more
    first = folder / "checkpoints" / "checkpoint-2" / "model.safetensors"
    written = first.stat().st_mtime_ns
    (folder / "model.safetensors").unlink()
    (folder / "curve.json").unlink()
    resumed = train("--out", folder, "--resume", "--json")
    assert resumed.code == 0, resumed.err
    assert resumed.last["rows"] == 16
    assert first.stat().st_mtime_ns == written
    weights = load_file(folder / "model.safetensors")
    assert weights.keys() == whole.keys()
    for name, values in weights.items():
        assert (values == whole[name]).all(), name


@pytest.mark.parametrize(
    ("more", "differs"), [(("--set", "ica.learning_rate=0.5"), "learning_rate"), (("--set", "seed=9"), "seed")]
)
def test_only_the_same_run_goes_on_from_checkpoints(train, tmp_path, more, differs: str) -> None:
    folder = tmp_path / "m"
    assert train("--out", folder).code == 0
    before = (folder / "model.safetensors").read_bytes(), (folder / "README.md").read_text(encoding="utf-8")
    refused = train("--out", folder, "--resume", *more)
    assert (refused.code, refused.out) == (2, "")
    assert f"its checkpoints are of a run with other {differs}; give another --out" in refused.err
    other = train("--out", folder, "--resume", method="pba")
    assert other.code == 2
    assert "method" in other.err
    assert before == ((folder / "model.safetensors").read_bytes(), (folder / "README.md").read_text(encoding="utf-8"))


def test_a_run_that_was_stopped_is_not_started_anew_unasked(train, tmp_path) -> None:
    folder = tmp_path / "m"
    assert train("--out", folder).code == 0
    (folder / "model.safetensors").unlink()
    kept = sorted(path.name for path in (folder / "checkpoints").iterdir())
    refused = train("--out", folder)
    assert refused.code == 2
    assert "holds a run that was stopped; go on with --resume, or add --overwrite to start anew" in refused.err
    assert sorted(path.name for path in (folder / "checkpoints").iterdir()) == kept


def test_a_record_without_evidence_is_refused_by_name_before_anything_is_written(train, bare, tmp_path) -> None:
    ran = train("--out", tmp_path / "m", data=bare)
    assert (ran.code, ran.out) == (2, "")
    assert "cannot train ica on record bare-1: the persona has no evidence" in ran.err
    assert not (tmp_path / "m").exists()


def test_pba_on_evidence_without_directions_says_what_is_missing_and_what_to_do(train, tmp_path) -> None:
    data = tmp_path / "plain.jsonl"
    evidence = '"evidence":[{"kind":"comment","text":"hi"}]'
    data.write_text(f'{{"record_id":"r-1","prompt":"p","chosen":"a","rejected":"b",{evidence}}}\n', encoding="utf-8")
    ran = train("--out", tmp_path / "m", method="pba", data=data)
    assert (ran.code, ran.out) == (2, "")
    assert "cannot train pba on record r-1: nothing is believed of this person" in ran.err
    assert "annotate the evidence with directions" in ran.err
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("method", ["few_shot", "dpo"])
def test_a_method_that_is_not_trained_is_refused(train, tmp_path, method: str) -> None:
    ran = train("--out", tmp_path / "m", method=method)
    assert ran.code == 2
    assert f"--method {method}: only ica, pba, pba_summary, pba_both, universal are trained" in ran.err
    assert "penchant train also fits vpl, lore, encoder" in ran.err


def test_a_base_that_is_not_there_is_named(train, tmp_path) -> None:
    ran = train("--out", tmp_path / "m", "--model", tmp_path / "none")
    assert ran.code == 2
    assert f"no model folder at {tmp_path / 'none'}" in ran.err
    assert not (tmp_path / "m").exists()


def test_pickled_weights_are_refused(train, small_base, tmp_path) -> None:
    shutil.copytree(small_base, tmp_path / "base")
    (tmp_path / "base" / "pytorch_model.bin").write_bytes(b"")
    ran = train("--out", tmp_path / "m", "--model", tmp_path / "base")
    assert ran.code == 2
    assert "pytorch_model.bin: pickled weights can run code and are refused; convert them to safetensors" in ran.err
    assert not (tmp_path / "m").exists()


def test_unusable_rows_are_kept_aside_and_the_run_goes_on(train, small_forum, small_recipe, tmp_path) -> None:
    from penchant.shards import jsonl, parquet
    from penchant.space import load_space

    space = load_space(str(small_forum / "space.toml"))
    data = tmp_path / "rows.jsonl"
    jsonl.write(parquet.read(small_forum / "train", space), data, space=space)
    with data.open("a", encoding="utf-8") as file:
        file.write('{"record_id":"no-prompt","prompt":"","chosen":"a","rejected":"b"}\n')
    aside = tmp_path / "rows.rejected.jsonl"
    space_file = ("--space", small_forum / "space.toml")
    ran = train("--out", tmp_path / "m", *space_file, "--rejected", aside, "--json", data=data)
    assert ran.code == 0, ran.err
    assert "49 rows: 48 kept, 1 dropped (prompt is empty: 1)" in ran.err
    assert ran.last["records"] == 48
    assert "no-prompt" in aside.read_text(encoding="utf-8")


def test_an_adapter_is_one_flag_and_is_measured_like_any_model(
    penchant, train, small_forum, small_base, tmp_path
) -> None:
    assert train("--out", tmp_path / "m", "--lora").code == 0
    assert (tmp_path / "m" / "adapter_model.safetensors").is_file()
    assert "use_peft" in (tmp_path / "m" / "README.md").read_text(encoding="utf-8")
    where = ("--data", small_forum / "test", "--reference", small_base, "--ica", tmp_path / "m", "--personas", "mixed")
    ran = penchant("eval", *where, "--json")
    assert ran.code == 0, ran.err
    assert any(row["method"] == "ica" for row in ran.last["rows"])


def test_thumbs_are_trained_on_by_one_flag(penchant, small_recipe, small_forum, tmp_path) -> None:
    rated = tmp_path / "rated.jsonl"
    thumbs = [
        {"kind": "rating", "prompt": "p", "answer": a, "liked": liked} for a, liked in (("x", True), ("y", False))
    ]
    record = {"record_id": "r", "user_id": "u", "prompt": "p", "chosen": "a", "rejected": "b", "evidence": thumbs}
    rated.write_text(json.dumps(record) + "\n", encoding="utf-8")
    where = ("--data", rated, "--out", tmp_path / "m", "--method", "ica", "--recipe", small_recipe)
    ran = penchant("train", *where, "--ratings", "--json", "--space", small_forum / "space.toml")
    assert ran.code == 0, ran.err
    assert ran.last["ratings"] == 2
    assert "2 ratings of 1 people" in (tmp_path / "m" / "README.md").read_text(encoding="utf-8")


def test_thumbs_cannot_be_resumed(train, tmp_path) -> None:
    ran = train("--out", tmp_path / "m", "--ratings", "--resume")
    assert ran.code == 2
    assert "--ratings takes no --resume" in ran.err


def test_a_finished_model_is_replaced_only_when_asked_to(train, tmp_path) -> None:
    assert train("--out", tmp_path / "m").code == 0
    before = (tmp_path / "m" / "model.safetensors").stat().st_mtime_ns
    refused = train("--out", tmp_path / "m")
    assert refused.code == 2
    assert "is a finished model; give another --out, or add --overwrite" in refused.err
    assert (tmp_path / "m" / "model.safetensors").stat().st_mtime_ns == before
    assert train("--out", tmp_path / "m", "--overwrite").code == 0
    assert (tmp_path / "m" / "model.safetensors").stat().st_mtime_ns != before


def test_pickled_weights_are_refused_before_any_row_is_read(train, small_base, tmp_path) -> None:
    folder = tmp_path / "base"
    shutil.copytree(small_base, folder)
    (folder / "pytorch_model.bin").write_bytes(b"x")
    ran = train("--out", tmp_path / "m", "--model", folder)
    assert ran.code == 2
    assert ran.err.startswith("penchant: ")
    assert "pickled weights can run code and are refused" in ran.err
    assert not (tmp_path / "m").exists()
