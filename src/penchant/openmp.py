"""Lets the idle threads of torch sleep soon, so that runs stay fast beside other busy processes.

torch computes on OpenMP threads. By default a thread that has finished its part spins until the other threads have
finished. This is quick while every thread has a core of its own. If another process is busy, the spinning thread blocks
the core that the last thread needs, and a run takes several times as long. A passive thread sleeps at once, but waking
it costs small models a tenth of their time. A few hundred spins before sleeping cost neither (docs/lab/load.md).
OpenMP reads its settings once, when torch is loaded, so this package sets them when it is imported. Processes started
from here inherit the settings. This module does not import torch. Source: OpenMP 5.0, section 6.7, and the manual of
GNU libgomp under GOMP_SPINCOUNT.
"""

import os
import sys
from collections.abc import Container, MutableMapping

_SETTINGS = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "300"}
"""The policy is for every OpenMP; GNU's follows the number of spins instead."""
_CHOICES = (*_SETTINGS, "KMP_BLOCKTIME")
"""Environment variables that set how threads wait, for OpenMP, GNU and Intel."""


def wait_passively(environment: MutableMapping[str, str] = os.environ, modules: Container[str] = sys.modules) -> None:
    """Makes waiting threads sleep soon, unless the user has set one of these variables or torch is loaded already.

    Args:
        environment: the variables that OpenMP will read; changed in place.
        modules: names of the modules that are loaded.
    """
    if "torch" not in modules and not any(name in environment for name in _CHOICES):
        environment.update(_SETTINGS)
