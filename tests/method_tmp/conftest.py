"""A person with one item of each kind of the paper and one correction."""

import pytest

from penchant import Comment, Comparison, Correction, Demographics, Person, Persona, PreferenceSpace, meet


@pytest.fixture(scope="session")
def ann(tiny: PreferenceSpace) -> Person:
    """Short and with sources by what she wrote, and jokes by her own word."""
    evidence = (
        Comment("A long post", "Too long, no sources.", tiny.direction({"length": 1, "depth": 1})),
        Comparison("Best tea?", "Assam.", "It depends.", tiny.direction({"length": 1, "humour": -1})),
        Demographics("a nurse from Leeds", tiny.direction()),
    )
    return meet(Persona(evidence), tiny, corrections=(Correction("humour", 1),))


@pytest.fixture(scope="session")
def nobody(tiny: PreferenceSpace) -> Person:
    return meet(Persona(), tiny)
