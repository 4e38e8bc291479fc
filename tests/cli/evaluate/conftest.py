"""Aligned models as arguments."""

import pytest


@pytest.fixture
def models(aligned):
    return (aligned["ica"], aligned["pba"])
