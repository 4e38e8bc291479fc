"""Layouts about people without any question: what they wrote, and what describes them."""

from __future__ import annotations

from collections.abc import Iterator

from penchant.shards.fields import Content
from penchant.shards.layouts.base import USERS, Described, Layout, Nothing, Sample, Statement, Wrote
from penchant.shards.layouts.battles import sides_of
from penchant.shards.layouts.verdicts import verdict_column
from penchant.shards.turns import filled

_TEXTS = (
    "comment",
    "comment_text",
    "comment_body",
    "text",
    "post",
    "body",
    "message",
    "review",
    "content",
    "utterance",
    "tweet",
    "ugc",
)
_PROMPTS = ("prompt", "title", "question", "thread", "parent", "submission", "topic", "in_reply_to")
_ABOUT_OTHERS = ("traceid", "trace_id", "run_id", "forid", "hitid", "assignmentid")
"""Columns of logs of scores, whose comments are about a text that stands elsewhere, and of tasks on MTurk."""
_AUTHORS = (*USERS, "author", "author_id", "author_name", "by", "sender", "from_user")
"""Columns that name whoever wrote a text; elsewhere the author of a text is not who judged it."""
_GONE = ("[deleted]", "[removed]")
_PROFILES = (
    "description",
    "self_description",
    "profile",
    "bio",
    "about",
    "persona",
    "demographics",
    "demographic",
    "system_string",
)


def comments(sample: Sample) -> Layout | None:
    """A table of what people wrote: a person and a text in each row."""
    found, author = _spelt(sample, _TEXTS), _spelt(sample, _AUTHORS)
    if found is None or author is None or _is_about_others(sample):
        return None
    prompt_key = _spelt(sample, _PROMPTS)

    def read(row: Content) -> Iterator[Statement]:
        prompt = row.get(prompt_key) if prompt_key is not None else None
        if row.get(found) in _GONE or row.get(author) in _GONE:
            yield Nothing("the text or its author was deleted")
            return
        yield Wrote(filled(str(row.get(found) or ""), found), prompt if isinstance(prompt, str) else "")

    fields = {"user_id": author, **({} if prompt_key is None else {"prompt": prompt_key}), "text": found}
    return Layout("comments", fields, read)


def profiles(sample: Sample) -> Layout | None:
    """A table of people with a description of each."""
    found = [name for name in sample.columns if name.lower() in _PROFILES and isinstance(sample.value(name), str)]
    if not found or _spelt(sample, USERS) is None or _is_about_others(sample):
        return None

    def read(row: Content) -> Iterator[Statement]:
        texts = [str(row[name]).strip() for name in found if isinstance(row.get(name), str) and str(row[name]).strip()]
        if not texts:
            yield Nothing("nothing describes the person")
        for text in texts:
            yield Described(filled(text, found[0]))

    return Layout("profiles", {"description": found[0]}, read, also=frozenset(found))


def _is_about_others(sample: Sample) -> bool:
    """Whether the texts are remarks about answers that a person judges, or descriptions of tasks."""
    judged = (sides := sides_of(sample)) is not None and verdict_column(sample, sides) is not None
    liked = {"liked", "disliked"} <= sample.plain().keys()
    return judged or liked or _spelt(sample, _ABOUT_OTHERS) is not None


def _spelt(sample: Sample, names: tuple[str, ...]) -> str | None:
    spelt = sample.plain()
    return next((spelt[name] for name in names if name in spelt), None)
