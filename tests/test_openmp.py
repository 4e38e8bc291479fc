import os
import subprocess
import sys

import pytest

from penchant.openmp import wait_passively

CHOICES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")


gnu = pytest.mark.skipif(sys.platform != "linux", reason="torch brings GNU's OpenMP on Linux only")


def spins_after(code: str, **variables: str) -> str:
    """How often a thread spins before it sleeps, by OpenMP's own report from a fresh process that runs some code."""
    environment = {name: value for name, value in os.environ.items() if name not in CHOICES}
    environment |= {"OMP_DISPLAY_ENV": "verbose", **variables}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    (line,) = {line.strip() for line in done.stderr.splitlines() if "GOMP_SPINCOUNT" in line}
    return line.partition("=")[2].strip().strip("'")


def test_threads_wait_passively_where_nobody_chose() -> None:
    environment: dict[str, str] = {}
    wait_passively(environment, ())
    assert environment == {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "300"}


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_of_the_user_is_left_alone(name: str) -> None:
    environment = {name: "1"}
    wait_passively(environment, ())
    assert environment == {name: "1"}


def test_nothing_is_set_once_torch_is_loaded() -> None:
    environment: dict[str, str] = {}
    wait_passively(environment, {"torch"})
    assert environment == {}


@gnu
def test_torch_sleeps_soon_after_the_package() -> None:
    assert spins_after("import penchant, torch") == "300"


@gnu
def test_torch_keeps_the_number_of_spins_that_the_user_sets() -> None:
    assert spins_after("import penchant, torch", GOMP_SPINCOUNT="77") == "77"


@gnu
def test_torch_spins_without_the_package() -> None:
    assert int(spins_after("import torch")) > 10_000


@gnu
def test_a_process_that_is_started_from_here_sleeps_soon_too() -> None:
    start = "import subprocess, sys, penchant; subprocess.run([sys.executable, '-c', 'import torch'], check=True)"
    assert spins_after(start) == "300"
