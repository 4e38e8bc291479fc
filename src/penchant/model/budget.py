"""How long a prompt may be: what the model's context leaves beside the longest answer, and a setting that is lower."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from penchant.message import Message
from penchant.render import Budget

_SHARE = 16
"""Answers below this part of a context are not tokenised to see how much of it they take."""


class Counts(Protocol):
    """What knows its context and counts tokens: a `Model`, or a `ChatTokenizer`."""

    @property
    def context(self) -> int | None:
        """See `Model.context`."""
        ...

    def count(self, messages: Sequence[Message], *, enough: int = 0) -> int:
        """See `Model.count`."""
        ...


def prompt_budget(
    reader: Counts, answers: Sequence[str] = (), *, answer_tokens: int = 0, max_prompt_tokens: int | None = None
) -> Budget | None:
    """The budget of a prompt that is read together with one of its answers; None where nothing limits it.

    Args:
        answers: each is counted as a turn of its own, a few tokens more than it adds to the prompt. Short answers
            (below a sixteenth of the context) are counted by bytes.
        answer_tokens: the longest answer that may be written.
        max_prompt_tokens: a lower limit; it cannot exceed what the context leaves.
    """
    limits = [] if max_prompt_tokens is None else [max_prompt_tokens]
    if reader.context is not None:
        enough = reader.context // _SHARE
        lengths = [reader.count((Message("user", answer),), enough=enough) for answer in dict.fromkeys(answers)]
        limits.append(max(reader.context - max([*lengths, answer_tokens]), 0))
    if not limits:
        return None
    limit = min(limits)
    return Budget(limit, lambda messages: reader.count(messages, enough=limit))
