"""The timings run, say what they compared, and compare the same thing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(script: str, *arguments: str) -> dict:
    command = [sys.executable, str(ROOT / "benchmarks" / script), "--repetitions", "3", "--json", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.prove
def test_training_is_timed_against_trl_with_the_same_gradients() -> None:
    found = run("train.py", "--cells", "64x2", "--vocabulary", "1024")
    (cell,) = found["cells"]
    assert (cell["persona_tokens"], cell["pairs"]) == (64, 2)
    assert cell["max_rel_grad_err"] < 1e-4
    assert cell["ratio_vs_trl"] > 1
    assert cell["ratio_vs_trl_compact"] > 1
    assert 1 < cell["flop_ratio"] < cell["flop_ratio_trl"]


@pytest.mark.prove
def test_scoring_is_timed_against_single_sequences_with_the_same_numbers() -> None:
    found = run("score.py", "--cells", "64x2", "--vocabulary", "1024")
    (cell,) = found["cells"]
    assert cell["max_abs_difference_nats"] < 1e-2
    assert cell["ratio_vs_single"] > 1
    assert cell["ratio_vs_padded"] > 1


@pytest.mark.prove
def test_a_benchmark_is_scored_against_single_sequences_with_the_same_margins() -> None:
    found = run("evaluate.py", "--cells", "64x4")
    (cell,) = found["cells"]
    assert cell["records"] == 16
    assert cell["max_abs_difference_nats"] < 1e-2
    assert cell["ratio"] > 1


@pytest.mark.prove
def test_memory_is_reported_at_equal_pairs_and_pair_by_pair() -> None:
    (cell,) = run("train.py", "--memory", "--cells", "64x2", "--vocabulary", "1024")["cells"]
    assert cell["pairs_in_flight"] == 2
    assert {"peak_mb_tree", "peak_mb_trl", "peak_mb_trl_compact", "peak_mb_trl_compact_micro_batch_1"} <= cell.keys()


@pytest.mark.prove
def test_load_is_timed_under_each_policy_with_the_same_results() -> None:
    measured = run("load.py", "--works", "write", "--policies", "package,spinning", "--scale", "0.02")
    situations = [(row["situation"], row["policy"]) for row in measured["rows"]]
    assert situations == [(name, policy) for name in ("alone", "two", "loop") for policy in ("package", "spinning")]
    assert len({result for row in measured["rows"] for result in row["results"]}) == 1
