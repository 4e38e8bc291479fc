"""Names of people and places in a text become marks; presidio finds them with a spaCy model that the user names.

It runs after the table of patterns (`scrub`), and also finds card and telephone numbers with fewer digits.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from penchant.errors import ConfigError

_MARKS: Final[Mapping[str, str]] = {
    "PERSON": "person",
    "LOCATION": "place",
    "PHONE_NUMBER": "number",
    "CREDIT_CARD": "number",
    "US_SSN": "number",
    "US_PASSPORT": "number",
    "UK_NHS": "number",
    "MEDICAL_LICENSE": "number",
    "CRYPTO": "number",
}
"""What presidio finds -> the mark in its place. Dates, nationalities and organisations stay."""
_LEAST_SCORE = 0.4
_MARK = re.compile(r"\[[a-z]{1,10}\]")


def hidden(text: str, model: str) -> tuple[str, Counter[str]]:
    """The text with marks such as `[person]`, and how many there are of each kind.

    Args:
        model: name or folder of a spaCy model.
    Raises:
        ConfigError: presidio or the model is not installed.
    """
    marked = [match.span() for match in _MARK.finditer(text)]
    spans = [
        (one.start, one.end, _MARKS[one.entity_type])
        for one in _analyzer(model).analyze(text, language="en", entities=list(_MARKS), score_threshold=_LEAST_SCORE)
        if not any(one.start < end and start < one.end for start, end in marked)
    ]
    parts: list[str] = []
    found: Counter[str] = Counter()
    done = 0
    for start, end, kind in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start < done:
            continue  # inside what was found before
        parts += [text[done:start], f"[{kind}]"]
        found[kind] += 1
        done = end
    return "".join([*parts, text[done:]]), found


@lru_cache(maxsize=2)
def _analyzer(model: str) -> Any:
    try:
        import spacy
        from presidio_analyzer import AnalyzerEngine
        from presidio_analyzer.nlp_engine import NlpEngineProvider
    except ImportError as error:
        raise ConfigError(
            f"`names` {model} needs presidio, which is not installed: pip install 'penchant[presidio]'"
        ) from error
    # presidio would download a missing model; that is the user's decision
    try:
        spacy.load(model)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"`names` {model}: spaCy has no such model; python -m spacy download {model}, or name its folder"
        ) from error
    models = [{"lang_code": "en", "model_name": model}]
    engine = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine()
    return AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])
