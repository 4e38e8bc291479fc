"""Reads the three published kinds of evidence; each layout passes its own keys.

Published rows have no timestamps, so the order is fixed: comments, then comparisons, then the description.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from penchant.errors import RecordError
from penchant.persona import Comment, Comparison, Demographics, Evidence, Persona
from penchant.shards.fields import Content, items, text, text_or_empty
from penchant.space import Direction


@dataclass(frozen=True, slots=True)
class HistoryKeys:
    """The keys of a row's history."""

    ugc: str
    """Key of a list of {prompt, comment}."""
    pair: str
    """Key of a list of {prompt, chosen, rejected}."""
    demo: str
    """Key of a text or null."""


def history(
    content: Content, keys: HistoryKeys, direction: Callable[[Content], Direction | None]
) -> tuple[Persona, tuple[str, ...]]:
    """The persona of a row, and one reason for each item that was left out.

    Args:
        direction: returns the direction of one comment or comparison.
    Raises:
        DataError: a list or text has the wrong type.
    """
    evidence: list[Evidence] = []
    lost: list[str] = []

    def comment(item: Content) -> Evidence:
        return Comment(text_or_empty(item, "prompt"), text(item, "comment"), direction(item))

    def comparison(item: Content) -> Evidence:
        prompt = text_or_empty(item, "prompt")
        chosen, rejected = text(item, "chosen"), text(item, "rejected")
        return Comparison(prompt, chosen=chosen, rejected=rejected, direction=direction(item))

    def description(item: Content) -> Evidence:
        return Demographics(text(item, keys.demo))

    candidates = [("comment", comment, item) for item in items(content, keys.ugc)]
    candidates += [("comparison", comparison, item) for item in items(content, keys.pair)]
    if content.get(keys.demo) not in (None, ""):
        candidates.append(("demographics", description, content))
    for kind, build, item in candidates:
        try:
            evidence.append(build(item))
        except RecordError as error:
            lost.append(f"{kind}: {error}")
    return Persona.of_items(evidence), tuple(lost)
