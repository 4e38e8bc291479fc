import json
import shutil

import pytest


@pytest.fixture
def train(penchant, small_recipe, small_forum):
    """Runs `penchant train` on the small forum; later arguments win."""

    def run(*arguments: object, method: str = "ica", data: object = None):
        where = ("--data", data or small_forum / "train")
        return penchant("train", "--recipe", small_recipe, "--method", method, *where, *arguments)

    return run


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


def test_a_run_that_was_stopped_is_not_started_anew_unasked(train, tmp_path) -> None:
    folder = tmp_path / "m"
    assert train("--out", folder).code == 0
    (folder / "model.safetensors").unlink()
    kept = sorted(path.name for path in (folder / "checkpoints").iterdir())
    refused = train("--out", folder)
    assert refused.code == 2
    assert "holds a run that was stopped; go on with --resume, or set --overwrite to start anew" in refused.err
    assert sorted(path.name for path in (folder / "checkpoints").iterdir()) == kept


@pytest.mark.parametrize("method", ["few_shot", "dpo"])
def test_a_method_that_is_not_trained_is_refused(train, tmp_path, method: str) -> None:
    ran = train("--out", tmp_path / "m", method=method)
    assert ran.code == 2
    assert f"--method {method}: only ica, pba, pba_summary, pba_both, universal are trained" in ran.err
    assert "penchant fit makes vpl, lore, encoder" in ran.err


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


def test_an_adapter_is_one_flag_and_is_measured_like_any_model(penchant, train, small_forum, tmp_path) -> None:
    assert train("--out", tmp_path / "m", "--lora").code == 0
    assert (tmp_path / "m" / "adapter_model.safetensors").is_file()
    assert "use_peft" in (tmp_path / "m" / "README.md").read_text(encoding="utf-8")
    where = ("--data", small_forum / "test", "--personas", "mixed")
    ran = penchant("eval", "accuracy", tmp_path / "m", *where, "--json")
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
    assert "is a finished model; give another --out, or set --overwrite" in refused.err
    assert (tmp_path / "m" / "model.safetensors").stat().st_mtime_ns == before
    assert train("--out", tmp_path / "m", "--overwrite").code == 0
    assert (tmp_path / "m" / "model.safetensors").stat().st_mtime_ns != before


@pytest.mark.parametrize("more", [(), ("--model", "some/model")])
def test_without_a_recipe_the_error_says_which_to_take(penchant, small_forum, tmp_path, more) -> None:
    where = ("--data", small_forum / "train", "--out", tmp_path / "m")
    ran = penchant("train", "--method", "ica", *where, *more)
    assert (ran.code, ran.out) == (2, "")
    assert "--recipe is missing: take hub for a pretrained model" in ran.err
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("method", "arguments", "message"),
    [
        ("ica", ("--annotator", "x"), "penchant: No such option: --annotator of penchant train; "),
        ("pba", ("--cache", "x"), "penchant: No such option: --cache of penchant train; "),
        ("ica", ("--seed", "1"), "penchant: penchant train has no --seed: the seed is the recipe's; give --set seed=1"),
    ],
)
def test_an_option_that_is_not_read_is_refused_in_one_sentence(train, tmp_path, method, arguments, message) -> None:
    ran = train("--out", tmp_path / "m", *arguments, method=method)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[-1].startswith(message)
    assert not (tmp_path / "m").exists()


def test_a_base_without_a_template_is_trained_and_measured_with_the_one_that_is_named_once(
    penchant, train, small_base, small_forum, tmp_path
) -> None:
    base = tmp_path / "base"
    shutil.copytree(small_base, base)
    (base / "chat_template.jinja").unlink()
    refused = train("--model", base, "--out", tmp_path / "m")
    assert refused.code == 2
    assert "has no chat template; set --template to chatml, plain or the file of a template" in refused.err
    ran = train("--model", base, "--template", "plain", "--out", tmp_path / "m")
    assert ran.code == 0, ran.err
    shown = penchant("show", "prompt", "--data", small_forum / "test", "--model", tmp_path / "m")
    assert "User: " in shown.out
    assert shown.out.rstrip().endswith("Assistant:")
    measured = penchant("eval", "accuracy", tmp_path / "m", "--data", small_forum / "test", "--limit", 6)
    assert measured.code == 0, measured.err
    alone = penchant("show", "prompt", "--data", small_forum / "test", "--template", "plain")
    assert (alone.code, "name it with --model" in alone.err) == (2, True)
