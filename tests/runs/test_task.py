"""Benchmarks built as a call: records, their space, and counts; nothing is printed."""

import json

import pytest

from penchant.errors import ConfigError
from penchant.eval.tasks import TASKS
from penchant.runs.task import benchmarks, build_task
from penchant.shards import parquet, read_manifest
from penchant.space import load_space

WORDS = ("openness", "order", "autonomy", "science", "cinema", "travel")


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


def test_a_call_returns_counts_and_prints_nothing(soups, tmp_path, reporter, capsys) -> None:
    counts = build_task("p_soups", data=soups, out=tmp_path / "out", reporter=reporter)
    assert (counts["task"], counts["rows"], counts["records"], counts["users"]) == ("p_soups", 6, 4, 4)
    assert counts["attributes"] == {"test concise_detail": 2, "test student_phd": 2}
    assert read_manifest(tmp_path / "out").dropped == counts["dropped"]
    missing, licence = reporter.notes
    assert "lacks friendly_unfriendly.json" in missing
    assert licence == f"licence of the data: {TASKS['p_soups'].licence}"
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_the_records_keep_their_profile_and_the_space_that_may_read_it_stands_beside(soups, tmp_path) -> None:
    build_task("p_soups", data=soups, out=tmp_path / "out")
    space = load_space(str(tmp_path / "out" / "space.toml"))
    assert not space.withheld.any()
    first = next(iter(parquet.read(tmp_path / "out", space)))
    assert first.profile == space.direction({"age_group": 1, "gender": 1, "communication_length": 1})


def test_every_benchmark_has_a_name(tmp_path) -> None:
    assert list(benchmarks()) == list(TASKS)
    with pytest.raises(ConfigError, match="no benchmark 'p_soup'; known are alignx_test, p_soups, prism, uf_p4"):
        build_task("p_soup", data=tmp_path, out=tmp_path)
    with pytest.raises(ConfigError, match="benchmark prism needs `data` and `out`"):
        build_task("prism", data=tmp_path)


def test_records_are_replaced_only_when_asked(soups, tmp_path) -> None:
    build_task("p_soups", data=soups, out=tmp_path / "out")
    with pytest.raises(ConfigError, match="holds records already; give another `out`, or set `overwrite`"):
        build_task("p_soups", data=soups, out=tmp_path / "out")
    assert build_task("p_soups", data=soups, out=tmp_path / "out", overwrite=True)["records"] == 4
