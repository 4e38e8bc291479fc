"""The builder as a whole: every row counted, the same bytes with any number of workers and after any stop."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from penchant.errors import ConfigError, DataError
from penchant.runs.build import build
from penchant.runs.build_folder import HIDDEN, MANIFEST
from penchant.shards.parquet import read
from penchant.space import load_space

from ..build.conftest import rows_of, write_forum


@pytest.fixture(scope="module")
def recipe(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("forum")
    rows = [*rows_of(60), {"id": "broken"}, {"id": "x", "author": "[deleted]", "text": "gone, and long enough"}]
    return write_forum(folder, rows)


@pytest.fixture(scope="module")
def built(recipe: Path, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("built") / "data"
    build(config=recipe, out=out)
    return out


def manifest(folder: Path) -> dict:
    return json.loads((folder / MANIFEST).read_text())


def test_every_row_is_in_a_record_or_was_dropped_with_a_reason(built: Path) -> None:
    steps = manifest(built)["steps"]
    assert steps["parse"]["in"] == 302
    order = ["parse", "deleted", "machine", "quotes", "prose", "scrub", "authors", "ids", "duplicates", "replies"]
    for before, after in pairwise(order):
        assert steps[before]["out"] == steps[after]["in"]
    for counts in steps.values():
        assert counts["in"] == counts["out"] + sum(counts["dropped"].values())
    assert steps["parse"]["dropped"] == {"no author": 1}
    assert steps["deleted"]["dropped"] == {"deleted author": 1}
    assert (
        steps["people"]["out"]
        == steps["train"]["out"] + steps["test"]["out"]
        == sum(manifest(built)["records"].values())
    )


def test_the_shards_are_records_with_evidence_and_their_space(built: Path) -> None:
    for split, count in manifest(built)["records"].items():
        space = load_space(str(built / split / "space.toml"))
        records = read(built / split, space).records()
        assert len(records) == count > 10
        assert all(record.persona.items and record.user_id for record in records)
    assert not (built / HIDDEN).exists()
    rules = manifest(built)["rules"]
    assert rules["records"] == manifest(built)["records"]["test"]
    assert 0 <= rules["longer"][1] <= rules["longer"][0] <= rules["longer"][2] <= 1
    assert "# invented" in (built / "README.md").read_text()


def test_the_number_of_workers_changes_nothing(recipe: Path, built: Path, tmp_path: Path) -> None:
    build(config=recipe, out=tmp_path / "data", workers=2)
    assert manifest(tmp_path / "data")["files"] == manifest(built)["files"]


@pytest.mark.prove
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra ray is not installed")
def test_ray_makes_the_same_files(recipe: Path, built: Path, tmp_path: Path) -> None:
    build(config=recipe, out=tmp_path / "data", engine="ray", workers=2)
    assert manifest(tmp_path / "data")["files"] == manifest(built)["files"]


@pytest.mark.prove
def test_after_a_kill_a_build_goes_on_to_the_same_bytes(recipe: Path, built: Path, tmp_path: Path) -> None:
    out = tmp_path / "data"
    command = [sys.executable, "-m", "penchant", "build", "--config", str(recipe), "--out", str(out)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    for tasks in (1, 5, 9):
        process = subprocess.Popen(
            [*command, *(["--resume"] if tasks > 1 else [])], env=environment, stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        while process.poll() is None and len(list((out / HIDDEN).glob("*/*.json"))) < tasks:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if (out / MANIFEST).exists():
            break
    if not (out / MANIFEST).exists():
        assert list((out / HIDDEN).glob("read/*.json"))
        build(config=recipe, out=out, resume=True, workers=2)
    assert manifest(out)["files"] == manifest(built)["files"]


@pytest.mark.prove
def test_an_interrupt_stops_the_workers_too(recipe: Path, built: Path, tmp_path: Path) -> None:
    out = tmp_path / "data"
    command = [sys.executable, "-m", "penchant", "build", "--config", str(recipe), "--out", str(out), "--workers", "2"]
    process = subprocess.Popen(
        command,
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
        # the tests may run in the background, where a shell makes processes ignore interrupts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while process.poll() is None and not list((out / HIDDEN).glob("*/*.json")):
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, words = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted; --resume goes on after its last whole" in words
    build(config=recipe, out=out, resume=True)
    assert manifest(out)["files"] == manifest(built)["files"]


def test_a_stopped_build_goes_on_with_the_same_recipe_only(recipe: Path, tmp_path: Path, monkeypatch) -> None:
    out = tmp_path / "data"

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("penchant.build.stages.sift.sift", stop)
        with pytest.raises(KeyboardInterrupt):
            build(config=recipe, out=out)
    with pytest.raises(DataError, match="holds a build that was stopped; go on with `resume`"):
        build(config=recipe, out=out)
    with pytest.raises(DataError, match="had another setting seed; give what it had"):
        build(config=recipe, out=out, resume=True, overrides=["seed=1"])
    build(config=recipe, out=out, resume=True)
    with pytest.raises(DataError, match="is not empty; give another `out`"):
        build(config=recipe, out=out)
    with pytest.raises(DataError, match="holds a finished build"):
        build(config=recipe, out=out, resume=True)
    assert manifest(out)["seed"] == 0
    build(config=recipe, out=out, overwrite=True, overrides=["seed=1"])
    assert manifest(out)["seed"] == 1


def test_a_full_disk_stops_with_its_error_and_the_build_goes_on(recipe, built, tmp_path, monkeypatch) -> None:
    import penchant.build.spill as spill

    out, whole = tmp_path / "data", spill.replacing

    def full(path: Path):
        if path.name == "000002.arrow":
            raise OSError(28, "No space left on device", str(path))
        return whole(path)

    with monkeypatch.context() as patch:
        patch.setattr(spill, "replacing", full)
        with pytest.raises(OSError, match="No space left"):
            build(config=recipe, out=out)
    assert not (out / MANIFEST).exists()
    build(config=recipe, out=out, resume=True)
    assert manifest(out)["files"] == manifest(built)["files"]


def test_profiles_describe_people(tmp_path: Path) -> None:
    table = "author,job\n" + "".join(f"person{number},job {number}\n" for number in range(30))
    (tmp_path / "people.csv").write_text(table)
    profiles = {"path": "people.csv", "author": "author", "text": "works as {job}"}
    recipe = write_forum(tmp_path, rows_of(60), profiles=profiles)
    build(config=recipe, out=tmp_path / "data")
    record = next(iter(read(tmp_path / "data" / "train", load_space("alignx90"))))
    assert record.persona.evidence[-1].text == f"works as job {record.user_id.removeprefix('person')}"
    content = yaml.safe_load(recipe.read_text())
    content["profiles"]["text"] = "works as {work}"
    recipe.write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigError, match=r"has no 'work', which the profiles of the recipe name; it has author, job"):
        build(config=recipe, out=tmp_path / "again")


def test_mirrored_pairs_are_there_twice(recipe: Path, tmp_path: Path) -> None:
    from penchant.build.pairs import mirrored

    build(config=recipe, out=tmp_path / "data", overrides=["pairs.mirrored=true", "persona.fewest=3"])
    steps = manifest(tmp_path / "data")["steps"]
    assert steps["people"]["dropped"]
    assert steps["mirror"]["out"] == sum(manifest(tmp_path / "data")["records"].values()) > 20
    for split in ("train", "test"):
        records = read(tmp_path / "data" / split, load_space("alignx90")).records()
        pairs = {record.record_id: (record.chosen, record.rejected) for record in records}
        assert all(pairs[mirrored(name)] == texts[::-1] for name, texts in pairs.items())


def test_a_column_that_is_not_there_is_refused_at_once(tmp_path: Path) -> None:
    recipe = write_forum(tmp_path, rows_of(3))
    content = yaml.safe_load(recipe.read_text())
    content["sources"][0]["columns"]["author"] = "user"
    recipe.write_text(yaml.safe_dump(content))
    with pytest.raises(
        ConfigError, match=r"has no column 'user', which the recipe names for author; it has id, thread"
    ):
        build(config=recipe, out=tmp_path / "data")
    assert not (tmp_path / "data").exists()


@pytest.mark.prove
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_the_first_process(recipe: Path, tmp_path: Path, how: int) -> None:
    command = [sys.executable, "-m", "penchant", "build", "--config", str(recipe), "--out", str(tmp_path / "data")]
    process = subprocess.Popen([*command, "--workers", "2"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    while process.poll() is None and not list((tmp_path / "data" / HIDDEN).glob("*/*.json")):
        time.sleep(0.002)
    process.send_signal(how)
    process.communicate(timeout=60)  # returns when the last process that holds the pipe has ended


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"sources": [{"kind": "reddit", "path": "none.jsonl"}]}, "no such file; check the path of this source"),
        ({"sources": []}, "names neither `sources`"),
        ({"persona": {"comments": 3}}, "unknown key 'persona.comments'"),
        ({"filters": {"language": "english"}}, "no such code"),
    ],
)
def test_a_recipe_that_cannot_be_used_is_refused_before_anything_is_written(tmp_path, settings, sentence) -> None:
    recipe = write_forum(tmp_path, rows_of(1), **settings)
    with pytest.raises((ConfigError, DataError), match=sentence):
        build(config=recipe, out=tmp_path / "data")
    assert not (tmp_path / "data").exists()


@pytest.mark.prove
def test_directions_are_the_same_with_any_number_of_workers(tmp_path: Path) -> None:
    said = ["I love camping in the hills.", "I can't stand video games.", "Long novels are my idea of a good evening."]
    rows = rows_of(30)
    for number, row in enumerate(rows):
        row["text"] = f"{said[number % 3]} {row['text']}" if number % 2 else row["text"]
    recipe = write_forum(tmp_path, rows, annotator="english")
    files = [build(config=recipe, out=tmp_path / f"with {n}", workers=n)["files"] for n in (1, 2)]
    assert files[0] == files[1]
    records = read(tmp_path / "with 1" / "train", load_space("alignx90")).records()
    assert any(record.direction and record.direction.poles() for record in records)


def test_an_engine_that_is_none_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="`engine` is 'spark'"):
        build(config=write_forum(tmp_path, rows_of(1)), out=tmp_path / "data", engine="spark")
    assert not (tmp_path / "data").exists()


def test_a_build_without_a_record_is_an_error_that_shows_the_steps(tmp_path: Path, reporter) -> None:
    alone = [{**row, "parent": None} for row in rows_of(3)]
    with pytest.raises(DataError, match="no record was made"):
        build(config=write_forum(tmp_path, alone), out=tmp_path / "data", reporter=reporter)
    assert any("opens a thread" in note for note in reporter.notes)
    assert (tmp_path / "data" / "dropped.parquet").is_file()
    assert "No records. Of two" in (tmp_path / "data" / "README.md").read_text()


def test_sources_without_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="hold no rows"):
        build(config=write_forum(tmp_path, []), out=tmp_path / "data")


@pytest.mark.prove
def test_a_million_comments_by_one_bot_are_counted_and_change_nothing(
    recipe: Path, built: Path, tmp_path: Path
) -> None:
    (tmp_path / "recipe.yaml").write_text(recipe.read_text())
    comment = {"thread": "t0", "parent": "t0", "author": "newsbot", "score": 1, "at": "2024-01-01T00:00:00+00:00"}
    with (tmp_path / "posts.jsonl").open("w", encoding="utf-8") as file:
        file.write((recipe.parent / "posts.jsonl").read_text())
        for number in range(1_000_000):
            file.write(
                json.dumps({**comment, "id": f"bot{number}", "text": f"News number {number} of the day."}) + "\n"
            )
    content = build(config=tmp_path / "recipe.yaml", out=tmp_path / "data", overrides=["chunk=20000"], workers=2)
    assert content["steps"]["machine"]["dropped"] == {"bot": 1_000_000}
    assert content["records"] == manifest(built)["records"]


@pytest.mark.prove
def test_a_language_model_that_fails_now_and_then_labels_every_reply_once(tmp_path: Path, served, monkeypatch) -> None:
    """20 % of requests answered 429, 5 % 500, 3 % garbled, 1 % cut, 2 % never; then a stop; no label is paid twice."""

    def reply(_request: dict, number: int) -> object:
        place = number * 37 % 100
        if place < 20:
            return 429, {"Retry-After": "0"}
        return (500, {}) if place < 25 else _answer(place)

    served.reply = reply
    endpoint = {"base_url": served.url, "model": "m", "ledger": "labels.sqlite", "concurrency": 32, "timeout_s": 1}
    (tmp_path / "llm.yaml").write_text(yaml.safe_dump({"endpoint": endpoint}))
    recipe = write_forum(tmp_path, rows_of(1400), annotator="llm.yaml", buckets=2)
    from penchant.build.stages import compose

    with monkeypatch.context() as patch:
        patch.setattr(compose, "compose", _stop)
        with pytest.raises(KeyboardInterrupt):
            build(config=recipe, out=tmp_path / "data")
    paid = len(served.requests)
    content = build(config=recipe, out=tmp_path / "data", resume=True)
    assert len(served.requests) == paid
    labelled = content["steps"]["replies"]["out"]
    assert labelled > 5_000
    assert labelled <= paid <= 1.5 * labelled  # 31 % of the requests fail: 1.45 are needed
    build(config=recipe, out=tmp_path / "again", overrides=["seed=1"])  # other draws, the same labels
    assert len(served.requests) - paid <= 0.1 * labelled  # those without a usable answer, no other


def _answer(place: int) -> str:
    return "garbled" if place < 28 else "cut" if place < 29 else "hang" if place < 31 else '{"says": []}'


def _stop(*_: object) -> None:
    raise KeyboardInterrupt
