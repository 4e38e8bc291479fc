"""Messages of a chat as turns: what one author sends in a row is one turn, and it answers the turn before.

Messages are in the order of their times where all of a conversation have one, else in the order of the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from penchant.build.post import Post

BEFORE = "\0before"
"""The parent of a message that answers the one before it; no id has this character."""
JOINED = "joined to the message before it"


def turned(posts: Sequence[Post]) -> tuple[list[Post], list[Post]]:
    """The posts with each chat as turns, and the messages that were joined to the one before them.

    A turn has the id, the time and the origin of its first message. Other posts are returned as they are.
    """
    chats: dict[str, list[Post]] = {}
    kept: list[Post] = []
    for post in posts:
        if post.parent == BEFORE:
            chats.setdefault(post.thread, []).append(post)
        else:
            kept.append(post)
    joined: list[Post] = []
    for messages in chats.values():
        before = None
        for _, group in groupby(_ordered(messages), key=lambda message: message.author):
            first, *rest = group
            text = "\n".join(message.text for message in (first, *rest))
            kept.append(replace(first, text=text, parent=before))
            joined += rest
            before = first.id
    return kept, joined


def _ordered(messages: list[Post]) -> list[Post]:
    times = [message.at for message in messages if message.at is not None]
    if len(times) < len(messages):
        return messages
    order = sorted(range(len(messages)), key=times.__getitem__)
    return [messages[row] for row in order]
