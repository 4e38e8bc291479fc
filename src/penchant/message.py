"""A message: one turn of a conversation. A conversation ends with a turn of the user, which a model then answers.

Messages are values; `as_dicts` gives the form that chat templates, files and APIs take.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from penchant.errors import RecordError

Role = Literal["system", "user", "assistant", "tool"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant", "tool")


@dataclass(frozen=True, slots=True)
class Message:
    """One turn: who speaks, and the text."""

    role: Role
    content: str


Conversation = tuple[Message, ...]
"""Turns in order; not empty, and the last one is the user's."""


def conversation(prompt: str | Iterable[Message]) -> Conversation:
    """A prompt as a conversation; a plain text is one user turn.

    Raises:
        RecordError: the conversation is empty, has an unknown role or an empty user turn, or ends otherwise.
    """
    messages = (Message("user", prompt),) if isinstance(prompt, str) else tuple(prompt)
    if not messages:
        raise RecordError("the prompt is a conversation without turns; give at least the user's")
    for place, message in enumerate(messages, start=1):
        if message.role not in ROLES:
            raise RecordError(f"turn {place} of the prompt has role '{message.role}'; known are {', '.join(ROLES)}")
        if message.role == "user" and not message.content.strip():
            raise RecordError("the prompt is empty" if len(messages) == 1 else f"turn {place} of the prompt is empty")
    if messages[-1].role != "user":
        raise RecordError(f"the prompt ends with a turn of the {messages[-1].role}; end it with the user's")
    return messages


def as_value(messages: Sequence[Message]) -> str | list[dict[str, str]]:
    """A prompt as files and judges see it: the text of a single user turn, else the turns as dicts."""
    first = messages[0]
    return first.content if len(messages) == 1 and first.role == "user" else as_dicts(messages)


def as_text(messages: Sequence[Message]) -> str:
    """A prompt for people to read: the text of a single user turn, else one block per turn under its role."""
    value = as_value(messages)
    return value if isinstance(value, str) else "\n\n".join(f"[{turn.role}]\n{turn.content}" for turn in messages)


def as_dicts(messages: Iterable[Message]) -> list[dict[str, str]]:
    """Messages as `{"role": …, "content": …}`."""
    return [{"role": message.role, "content": message.content} for message in messages]
