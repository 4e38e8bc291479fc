"""The three published kinds of evidence, under whatever keys a layout keeps them.

Published rows carry no times, so the order is fixed: comments, then comparisons, then the description.
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
    """Where a row keeps its history."""

    ugc: str
    """List of {prompt, comment}."""
    pair: str
    """List of {prompt, chosen, rejected}."""
    demo: str
    """Text, or null."""


def history(
    content: Content, keys: HistoryKeys, direction: Callable[[Content], Direction | None]
) -> tuple[Persona, tuple[str, ...]]:
    """The persona of a row, and why items were left out, one reason each.

    Args:
        direction: reads the direction of one comment or comparison.
    Raises:
        DataError: a list or text of the wrong type.
    """
    evidence: list[Evidence] = []
    lost: list[str] = []

    def comment(item: Content) -> Evidence:
        return Comment(text_or_empty(item, "prompt"), text(item, "comment"), direction(item))

    def comparison(item: Content) -> Evidence:
        prompt = text_or_empty(item, "prompt")
        return Comparison(prompt, text(item, "chosen"), text(item, "rejected"), direction(item))

    def description(item: Content) -> Evidence:
        return Demographics(text(item, keys.demo))

    offers = [("comment", comment, item) for item in items(content, keys.ugc)]
    offers += [("comparison", comparison, item) for item in items(content, keys.pair)]
    if content.get(keys.demo) not in (None, ""):
        offers.append(("demographics", description, content))
    for kind, build, item in offers:
        try:
            evidence.append(build(item))
        except RecordError as error:
            lost.append(f"{kind}: {error}")
    return Persona(tuple(evidence)), tuple(lost)
