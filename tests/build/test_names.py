"""Names by presidio, with a spaCy model that knows two of them."""

import sys

import pytest

from penchant.build import names
from penchant.build.names import hidden
from penchant.errors import ConfigError


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a spaCy model."""
    pytest.importorskip("presidio_analyzer", reason="the extra presidio is not installed")
    import spacy

    network = spacy.blank("en")
    known = [{"label": "PERSON", "pattern": "Ann Miller"}, {"label": "GPE", "pattern": "Leeds"}]
    network.add_pipe("entity_ruler").add_patterns([*known, {"label": "ORG", "pattern": "Acme"}])
    folder = tmp_path_factory.mktemp("model")
    network.to_disk(folder)
    return str(folder)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("I am Ann Miller, born in Leeds.", "I am [person], born in [place]."),
        ("my card is 4111 1111 1111 1111", "my card is [number]"),
        ("I work at Acme since May 2014", "I work at Acme since May 2014"),
        ("write to [email]", "write to [email]"),
        ("", ""),
    ],
)
def test_names_become_marks_and_everything_else_stays(model: str, text: str, clean: str) -> None:
    assert hidden(text, model)[0] == clean


def test_marks_are_counted_by_kind(model: str) -> None:
    assert hidden("Ann Miller met Ann Miller in Leeds", model)[1] == {"person": 2, "place": 1}


def test_a_model_that_is_missing_is_named_and_not_downloaded(model: str) -> None:
    with pytest.raises(ConfigError, match="no such model; python -m spacy download en_none_sm"):
        hidden("a text", "en_none_sm")


def test_without_presidio_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    names._analyzer.cache_clear()
    with pytest.raises(ConfigError, match=r"pip install 'penchant\[presidio\]'"):
        hidden("a text", "any")
