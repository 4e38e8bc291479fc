"""Settings of every test, and one small space.

Property tests are reproducible and not timed, as CI has two slow cores.
"""

import pytest
from hypothesis import settings

from penchant import Dimension, PreferenceSpace

settings.register_profile("penchant", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("penchant")


@pytest.fixture(scope="session")
def tiny() -> PreferenceSpace:
    return PreferenceSpace(
        "tiny",
        (
            Dimension("length", "Length", "need", "Likes it short", "Likes it long"),
            Dimension("humour", "Humour", "need", "Likes jokes", "Dislikes jokes"),
            Dimension("depth", "Depth", "need", "Likes detail, with sources", "Likes the gist"),
        ),
    )
