"""Aligned models as options."""

import pytest


@pytest.fixture
def models(small_base, aligned):
    return ("--reference", small_base, "--ica", aligned["ica"], "--pba", aligned["pba"])
