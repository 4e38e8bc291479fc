"""Trees under FSDP2: weights in pieces, the same gradients."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.prove
def test_a_tree_through_weights_cut_up_by_fsdp2_has_the_gradients_of_the_whole_model(tmp_path: Path) -> None:
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    script = str(Path(__file__).with_name("sharded.py"))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*launch, script, str(tmp_path / "furthest")], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert float((tmp_path / "furthest").read_text()) < 1e-6
