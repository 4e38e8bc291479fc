"""Reads conversations in the forms that files have: texts, lists of turns, transcripts, and lists inside a text.

A turn is `{"role", "content"}` or `{"from", "value"}` (ShareGPT); its content may stand in parts (`{"type": "text"}`).
A transcript is one text whose paragraphs begin with "Human:" and "Assistant:" (Bai et al. 2022, arXiv:2204.05862), or
whose later turns begin with "<extra_id_1>User" and "<extra_id_1>Assistant" (HelpSteer2, arXiv:2406.08673). A turn may
also be a list of speaker and text (FastChat).
RecordError is the reason to set a row aside.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence

from penchant.errors import RecordError
from penchant.message import Message, Role
from penchant.shards.fields import sound

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "context": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "customer": "user",
    "question": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "ai": "assistant",
    "agent": "assistant",
    "chatbot": "assistant",
    "answer": "assistant",
    "tool": "tool",
    "function": "tool",
    "observation": "tool",
    "ipython": "tool",
}
"""Name of a speaker in a file -> role."""
_SPEAKER = ("role", "from", "speaker", "author", "sender")
_HOLDERS = ("messages", "conversation", "conversations", "turns")
"""Keys of an object that holds a list of turns."""
_CONTENT = ("content", "value", "text", "message", "parts")
_PACKED = re.compile(r"[\[{]\s{0,20}[{\"']")
_TRANSCRIPT = re.compile(r"(?:^|\n\n)(Human|Assistant):[ ]?")
_MARKED = re.compile(r"<extra_id_1>(User|Assistant)\n")
Turns = tuple[Message, ...]


def turns_of(value: object, key: str) -> Turns:
    """The turns of a prompt or of a whole conversation; a plain text is one user turn.

    Raises:
        RecordError: the value is no text and no list of turns.
    """
    value = unpacked(value)
    if isinstance(value, str):
        return transcript(value) or (Message("user", sound(value, key)),)
    if isinstance(value, Mapping):  # one message, or an object that holds the list
        inner = next((value[name] for name in _HOLDERS if name in value), None)
        return turns_of(inner, key) if inner is not None else (turn_of(value, key),)
    if isinstance(value, Sequence) and value:
        if any(isinstance(turn, str) for turn in value):
            raise RecordError(f"{key} is a list of texts; a text or a list of turns belongs there")
        return tuple(turn_of(turn, f"{key}[{place}]") for place, turn in enumerate(value))
    raise RecordError(f"{key} is {_described(value)}; a text or a list of turns belongs there")


def turn_of(value: object, key: str) -> Message:
    """One turn. Raises RecordError: it has no known speaker, or its content is no text."""
    if _is_spoken(value):
        return Message(_ROLES[value[0].strip().lower()], _content(value[1], key))  # type: ignore[index]
    if not isinstance(value, Mapping):
        raise RecordError(f"{key} is {_described(value)}; a turn with a role and a content belongs there")
    speaker = next((value[name] for name in _SPEAKER if value.get(name) is not None), None)
    if isinstance(speaker, Mapping):  # as in exports of chats: {"author": {"role": …}}
        speaker = speaker.get("role")
    role = _ROLES.get(speaker.strip().lower()) if isinstance(speaker, str) else None
    if role is None:
        raise RecordError(f"{key} has a speaker {_described(speaker)}; known are {', '.join(_ROLES)}")
    content = next((value[name] for name in _CONTENT if value.get(name) is not None), "")
    return Message(role, _content(content, key))


def _is_spoken(value: object) -> bool:
    """Whether a value is a speaker and a text, as a list of two."""
    if not isinstance(value, list | tuple) or len(value) != 2 or not all(isinstance(part, str) for part in value):
        return False
    return value[0].strip().lower() in _ROLES


def answer_of(value: object, key: str) -> tuple[Turns, str]:
    """An answer, and the turns before it if the value is a whole conversation.

    Raises:
        RecordError: there is no answer, or the conversation does not end with one.
    """
    value = unpacked(value)
    if isinstance(value, str):
        turns = transcript(value)
        if not turns:
            return (), filled(value, key)
    elif isinstance(value, Mapping) and not any(name in value for name in (*_SPEAKER, *_HOLDERS)):
        return (), filled(_content(value, key), key)
    else:
        turns = turns_of(value, key)
    if turns[-1].role != "assistant":
        raise RecordError(f"{key} does not end with an answer of the assistant")
    return turns[:-1], filled(turns[-1].content, key)


def transcript(text: str) -> Turns:
    """The turns of a transcript; none for another text.

    An empty turn at the end is left out: some files end a prompt with "Assistant:".
    """
    if "<extra_id_1>" in text:
        parts = _MARKED.split(text)  # text, speaker, text, speaker, text …
        parts = ["", "User", *parts] if parts[0].strip() else parts
    elif text.lstrip().startswith(("Human:", "Assistant:")):
        parts = _TRANSCRIPT.split(text)
    else:
        return ()
    if len(parts) < 3 or parts[0].strip():
        return ()
    turns = [Message(_ROLES[who.lower()], said.strip()) for who, said in zip(parts[1::2], parts[2::2], strict=True)]
    while turns and not turns[-1].content:
        turns.pop()
    return tuple(turns)


def unpacked(value: object) -> object:
    """A value, or the turns that it holds as a text (`'[{"role": …'`), as tables of cells keep them."""
    if hasattr(value, "tolist"):  # arrays count as lists
        value = value.tolist()
    if isinstance(value, str) and _PACKED.match(value):
        inner = _parsed(value)
        if isinstance(inner, Mapping) and any(isinstance(inner.get(name), list) for name in _HOLDERS):
            return inner
        entries = inner if isinstance(inner, list) else [inner]
        if entries and all(isinstance(entry, Mapping) and any(name in entry for name in _SPEAKER) for entry in entries):
            return inner
    return value


def texts_of(value: object, key: str) -> list[str]:
    """A list of texts, also one that a cell keeps as a text (`'["one", "two"]'`); a plain text is a list of one.

    Raises:
        RecordError: the value is neither.
    """
    if isinstance(value, str):
        inner = _parsed(value) if value[:1] == "[" else None
        value = inner if isinstance(inner, list) else [value]
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, Sequence) or not all(isinstance(text, str | None) for text in value):
        raise RecordError(f"{key} is {_described(value)}; a list of texts belongs there")
    return [sound(text or "", key) for text in value]


def object_in(value: object) -> Mapping[str, object] | None:
    """An object, also one that a cell keeps as a text (`'{"question": …'`); None for another value."""
    if isinstance(value, str):
        value = _parsed(value) if value[:1] == "{" else None
    return value if isinstance(value, Mapping) else None


def _parsed(text: str) -> object:
    """A value that is written as JSON, or as Python prints it; None for another text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None


def filled(text: str, key: str) -> str:
    """A text that is not empty and can be stored. Raises RecordError for another."""
    if not text.strip():
        raise RecordError(f"{key} is empty")
    return sound(text, key)


def _content(value: object, key: str) -> str:
    """The text of a turn, which may stand in parts."""
    if isinstance(value, str):
        return sound(value, key)
    if isinstance(value, Mapping):
        for name in ("text", "content", "parts", "value"):
            if name in value:
                return _content(value[name], key)
        raise RecordError(f"{key} has a part of kind '{value.get('type')}'; only texts are read")
    if isinstance(value, Sequence):
        return "".join(_content(part, key) for part in value)
    raise RecordError(f"{key} is {_described(value)}; a text belongs there")


def _described(value: object) -> str:
    """A value in a message: its type, or a short text itself."""
    if value is None:
        return "missing"
    return f"'{value[:40]}'" if isinstance(value, str) else f"of type {type(value).__name__}"
