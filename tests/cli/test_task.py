"""`penchant task`: benchmarks listed, and built from their files."""

import json

import pytest

from penchant.eval.tasks import TASKS
from penchant.shards import read_manifest

WORDS = ("openness", "order", "autonomy", "science", "cinema", "travel")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def row(number: int, **changes: object) -> dict[str, object]:
    """A published benchmark row."""
    shown = [{"prompt": f"about {word}", "chosen": f"short {word}", "rejected": f"a long {word}"} for word in WORDS[:4]]
    content = {
        "prompt": f"What of {WORDS[number % 6]}, for the {number} time?",
        "chosen": f"I like {WORDS[number % 6]}.",
        "rejected": f"I would rather have {WORDS[(number + 1) % 6]}.",
        "profile": "Young, Female, Concise communication style",
        "ground_truth_persona": "You like short answers.",
        "Pair-wise Comparative Feedback": shown,
    }
    return {**content, **changes}


@pytest.fixture
def soups(tmp_path):
    """Two published files, with a duplicate and a row that shows its own target."""
    folder = tmp_path / "P-Soups"
    folder.mkdir()
    own = row(2)
    own["prompt"] = "about order"
    lists = {"student_phd.json": [row(0), row(1), row(0), own], "concise_detail.json": [row(3), row(4)]}
    for name, rows in lists.items():
        (folder / name).write_text(json.dumps(rows), encoding="utf-8")
    return folder


def test_without_a_name_the_benchmarks_are_listed(penchant) -> None:
    ran = penchant("task")
    assert ran.code == 0
    assert [line for line in ran.out.splitlines() if not line.startswith(" ")] == list(TASKS)
    for task in TASKS.values():
        assert all(f": {text}\n" in ran.out for text in (task.what, task.source, task.licence, task.metric))
    listed = penchant("task", "--json").last["tasks"]
    assert [one["name"] for one in listed] == list(TASKS)
    assert listed[1]["published"] == ["concise_detail.json", "friendly_unfriendly.json", "student_phd.json"]


def test_published_files_become_shards_that_are_counted_and_can_be_scored(
    penchant, soups, small_base, tmp_path
) -> None:
    out = tmp_path / "records"
    ran = penchant("task", "p_soups", "--data", soups, "--out", out, "--json")
    assert ran.code == 0, ran.err
    counts = ran.last
    assert (counts["rows"], counts["records"], counts["users"], counts["simulated"]) == (6, 4, 4, True)
    assert sorted(counts["dropped"].values()) == [1, 1]
    assert counts["attributes"] == {"test concise_detail": 2, "test student_phd": 2}
    manifest = read_manifest(out)
    assert (manifest.rows, manifest.records, manifest.dropped) == (6, 4, counts["dropped"])
    assert manifest.simulated
    command, eval_, question, model, *options = counts["next"].split()
    assert (command, eval_, question, model) == ("penchant", "eval", "accuracy", "MODEL")
    assert options == ["--data", str(out), "--split", "test", "--personas", "pair"]
    scored = penchant(eval_, question, f"ica={small_base}", *options, "--base", small_base, "--json")
    assert scored.code == 0, scored.err
    rows = [
        row for row in scored.last["rows"] if (row["method"], row["variant"], row["persona"]) == ("ica", "", "pair")
    ]
    ica = {row["attribute"]: row for row in rows}
    assert {name: (r["n"], r["users"]) for name, r in ica.items()} == {
        "all": (4, 4),
        "student_phd": (2, 2),
        "concise_detail": (2, 2),
    }


def test_without_json_counts_are_lines_and_the_licence_goes_to_stderr(penchant, soups, tmp_path) -> None:
    ran = penchant("task", "p_soups", "--data", soups, "--out", tmp_path / "out")
    assert "rows: 6\nrecords: 4\ndropped:\n" in ran.out
    assert "  test student_phd: 2\n" in ran.out
    assert ran.out.splitlines()[-1].startswith("next: penchant eval accuracy MODEL --data ")
    assert TASKS["p_soups"].licence in ran.err
    assert f"{soups} lacks friendly_unfriendly.json: the benchmark is of all 3 files, these records not" in ran.err


def test_records_are_not_replaced_unasked(penchant, soups, tmp_path) -> None:
    first = ("task", "p_soups", "--data", soups, "--out", tmp_path / "out")
    assert penchant(*first).code == 0
    again = penchant(*first)
    assert (again.code, again.out) == (2, "")
    assert "holds records already; give another --out, or set --overwrite" in again.err
    assert penchant(*first, "--overwrite").code == 0


def test_a_dataset_is_fetched_into_the_folder_before_it_is_read(penchant, tmp_path, monkeypatch) -> None:
    def snapshot(_name: str, *, local_dir, **_: object) -> None:
        local_dir.mkdir()
        (local_dir / "Reddit_UGC.json").write_text(json.dumps([row(0), row(1)]), encoding="utf-8")

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    where = ("--data", tmp_path / "new", "--out", tmp_path / "out")
    ran = penchant("task", "alignx_test", *where, "--download", f"org/name@{COMMIT}", "--json")
    assert ran.code == 0, ran.err
    assert ran.last["attributes"] == {"test Reddit_UGC": 2}
    refused = penchant("task", "alignx_test", *where, "--overwrite", "--download", "org/name@main")
    assert refused.code == 2
    assert "give ORG/NAME@COMMIT with all 40 hexadecimal digits" in refused.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("p_soup",), "no benchmark 'p_soup'; known are alignx_test, p_soups, prism, uf_p4"),
        (("prism",), "benchmark prism needs --data and --out"),
        (("--data", "x"), "name the benchmark that --data, --out and --download are of: alignx_test"),
        (("prism", "--data", "nowhere", "--out", "out"), "nowhere: no such file or folder"),
    ],
)
def test_a_wrong_argument_is_one_sentence(penchant, arguments, sentence: str) -> None:
    ran = penchant("task", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err
