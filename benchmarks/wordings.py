"""Candidate words in which a model is told of a person; `words.py` measures them.

A wording is data. The marks that it names are taken out of people's own text before it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Wording:
    """One way to tell a model of a person."""

    name: str
    system: str = ""
    """The system turn; empty for the model's own."""
    system_directions: str | None = None
    """The same for directions and summaries; None: as `system`."""
    head: str = "<person>"
    tail: str = "</person>"
    ask: str = "{task}"
    lines: Mapping[str, str] = field(default_factory=dict)
    pole: str = "{pole}"
    """One pole as a line; {pole} is the phrase of the space, {lower} the same with a small first letter."""
    corrected: str = "{pole}"
    """A correction, as a line of the history."""
    bullet: str = "- "
    paper: str = "{task}\n\n{told}"
    """The user turn of the layout `paper`: the task before the block {told}."""
    acknowledged: bool = False
    """The task is a second user turn, after an assistant's turn of ours."""


PLAIN = {
    "wrote": "{prompt} wrote: {text}",
    "chose": "{prompt} chose: {chosen} over: {rejected}",
    "liked": "{prompt} liked: {answer}",
    "disliked": "{prompt} disliked: {answer}",
    "described": "described as: {text}",
    "said": "said: {text}",
}
THEY = {
    "wrote": 'When asked "{prompt}", they wrote: {text}',
    "chose": 'When asked "{prompt}", they chose the answer "{chosen}" over "{rejected}"',
    "liked": 'They liked this answer to "{prompt}": {answer}',
    "disliked": 'They disliked this answer to "{prompt}": {answer}',
    "described": "They are described as: {text}",
    "said": "They said: {text}",
}
FIRST = {
    "wrote": 'Asked "{prompt}", I wrote: {text}',
    "chose": 'Asked "{prompt}", I chose the answer "{chosen}" over "{rejected}"',
    "liked": 'I liked this answer to "{prompt}": {answer}',
    "disliked": 'I disliked this answer to "{prompt}": {answer}',
    "described": "I am described as: {text}",
    "said": "I said: {text}",
}
WISH = {**FIRST, "said": "My wish for your answers: {text}"}

_GENERIC = "You are a helpful AI assistant. Answer in the length, tone and language that the user likes."
CANDIDATES = [
    Wording(
        "earlier",
        "Answer as this person would prefer, judging by what they wrote and chose.",
        "Answer as this person would prefer, judging by their preferences.",
        lines=PLAIN,
    ),
    Wording(
        "second-person",
        'You are talking with the person described below. Answer them directly and say "you". Give the kind of answer '
        "that they like. Do not describe them.",
        lines=THEY,
    ),
    Wording("me-bare", head="<me>", tail="</me>", lines=FIRST),
    Wording(
        "me-told",
        "You are a helpful assistant. The user's message begins with notes about the user, between <me> and </me>. "
        'Answer the user directly, as "you", in the way the notes ask for. Do not talk about the notes.',
        head="<me>",
        tail="</me>",
        lines=FIRST,
    ),
    Wording(
        "me-after", head="<me>", tail="</me>\nThat was about me. Now answer me in the way that I like.", lines=FIRST
    ),
    Wording(
        "me-before",
        head="About me, so that you can answer in the way that I like:\n<me>",
        tail="</me>",
        ask="My message: {task}",
        lines=FIRST,
    ),
    Wording("me-generic", _GENERIC, head="<me>", tail="</me>", lines=FIRST),
    Wording(
        "user-third",
        "You are a helpful AI assistant. The user wrote and chose what stands between <user> and </user>. Answer the "
        'user\'s message in the length, tone and language that the user likes. Say "you" to the user.',
        head="<user>",
        tail="</user>",
        lines={
            **THEY,
            **{key: text.replace("They", "The user").replace("they", "the user") for key, text in THEY.items()},
        },
    ),
    Wording("starred", _GENERIC, head="***About me***", tail="\n***My message***", lines=FIRST),
    Wording("me-wish", _GENERIC, head="<me>", tail="</me>", lines=WISH),
    Wording(
        "me-wish-after",
        _GENERIC,
        head="<me>",
        tail="</me>\nPlease follow my wishes for your answers.",
        ask="{task}",
        lines=WISH,
    ),
    Wording(
        "acknowledged", _GENERIC, head="<me>", tail="</me>\nPlease keep this in mind.", lines=FIRST, acknowledged=True
    ),
]
LIKES = {
    "wrote": "I wrote: {text}",
    "chose": "I like answers such as: {chosen} I do not like answers such as: {rejected}",
    "liked": "I like answers such as: {answer}",
    "disliked": "I do not like answers such as: {answer}",
    "described": "About me: {text}",
    "said": "{text}",
}
QUOTED = {
    "wrote": 'When somebody asked me "{prompt}", I wrote "{text}"',
    "chose": 'When I asked "{prompt}", I liked the answer "{chosen}" and not "{rejected}"',
    "liked": 'When I asked "{prompt}", I liked the answer "{answer}"',
    "disliked": 'When I asked "{prompt}", I did not like the answer "{answer}"',
    "described": 'I am: "{text}"',
    "said": 'I said "{text}"',
}
_KNOWS = "You are a helpful AI assistant. The user first tells you about themselves. Then answer the user's question."
SECOND = [
    Wording("prose", head="<me>", tail="</me>\n", lines=QUOTED, bullet=""),
    Wording("prose-system", _KNOWS, head="<me>", tail="</me>\n", ask="My question: {task}", lines=QUOTED, bullet=""),
    Wording("likes", head="<me>", tail="</me>\n", lines=LIKES, bullet=""),
    Wording("likes-question", head="<me>", tail="</me>\n", ask="My question: {task}", lines=LIKES, bullet=""),
    Wording("likes-system", _KNOWS, head="<me>", tail="</me>\n", ask="My question: {task}", lines=LIKES, bullet=""),
    Wording("sections", head="### About me", tail="", ask="### My question\n{task}", lines=LIKES, bullet=""),
    Wording("quote", head="About me:", tail="", ask="{task}", lines=LIKES, bullet="> "),
    Wording(
        "likes-ack",
        head="<me>",
        tail="</me>\nPlease keep this in mind.",
        lines=LIKES,
        bullet="",
        acknowledged=True,
    ),
]
BARE = Wording("nobody")
BY_NAME = {wording.name: wording for wording in [BARE, *CANDIDATES, *SECOND]}


def line_of(wording: Wording, item: Mapping[str, Any]) -> str:
    """One item of evidence in the words of a wording."""
    return wording.lines[item["kind"]].format(**{key: value for key, value in item.items() if key != "kind"})


PLEAS = {**QUOTED, "said": "{text}"}
ASKED = {**QUOTED, "described": "I am {text}", "said": "I ask you: {text}"}
THIRD = [
    Wording("prose-pleas", head="<me>", tail="</me>\n", lines=PLEAS, bullet=""),
    Wording("prose-asked", head="<me>", tail="</me>\n", lines=ASKED, bullet=""),
    Wording("prose-pleas-close", head="<me>", tail="</me>", lines=PLEAS, bullet=""),
    Wording("prose-about", head="About me:\n<me>", tail="</me>\n", ask="My question: {task}", lines=PLEAS, bullet=""),
    Wording("prose-answer", head="<me>", tail="</me>\nAnswer me as I like it.\n", lines=PLEAS, bullet=""),
    Wording(
        "prose-direct", "You answer the user's question directly.", head="<me>", tail="</me>\n", lines=PLEAS, bullet=""
    ),
]
BY_NAME |= {wording.name: wording for wording in THIRD}
SHORT = {
    "wrote": 'I wrote "{text}"',
    "chose": 'I liked the answer "{chosen}" and not "{rejected}"',
    "liked": 'I liked the answer "{answer}"',
    "disliked": 'I did not like the answer "{answer}"',
    "described": "I am: {text}",
    "said": "{text}",
}
_FRIEND = "You are a friend of the user. You talk to the user and give concrete advice."
_CONCRETE = "You are a friendly assistant who gives concrete answers."
FOURTH = [
    Wording("friend", _FRIEND, head="<me>", tail="</me>\n", lines=PLEAS, bullet=""),
    Wording("concrete", _CONCRETE, head="<me>", tail="</me>\n", lines=PLEAS, bullet=""),
    Wording("short", head="<me>", tail="</me>\n", lines=SHORT, bullet=""),
    Wording("short-concrete", _CONCRETE, head="<me>", tail="</me>\n", lines=SHORT, bullet=""),
]
BY_NAME |= {wording.name: wording for wording in FOURTH}
_AS_ASKED = "You answer the user's question directly, in the way that the user asks for."
FIFTH = [
    Wording(
        "direct-asked", "You answer the user's question directly.", head="<me>", tail="</me>\n", lines=ASKED, bullet=""
    ),
    Wording("as-asked", _AS_ASKED, head="<me>", tail="</me>\n", lines=ASKED, bullet=""),
    Wording("friend-asked", _FRIEND, head="<me>", tail="</me>\n", lines=ASKED, bullet=""),
    Wording("concrete-asked", _CONCRETE, head="<me>", tail="</me>\n", lines=ASKED, bullet=""),
]
BY_NAME |= {wording.name: wording for wording in FIFTH}
TOLD = {
    "wrote": 'When asked "{prompt}", they wrote "{text}"',
    "chose": 'When they asked "{prompt}", they liked the answer "{chosen}" and not "{rejected}"',
    "liked": 'When they asked "{prompt}", they liked the answer "{answer}"',
    "disliked": 'When they asked "{prompt}", they did not like the answer "{answer}"',
    "described": "They are {text}",
    "said": 'They ask you: "{text}"',
}
_TALKING = 'You are talking with the person below. Answer them directly and say "you".'
SIXTH = [
    Wording("they-prose", _TALKING, lines=TOLD, tail="</person>\n", bullet=""),
    Wording(
        "they-direct",
        "Answer this person's question directly, as you would answer a friend.",
        lines=TOLD,
        tail="</person>\n",
        bullet="",
    ),
    Wording("they-task", lines=TOLD, tail="</person>\n", ask="Answer this person: {task}", bullet=""),
    Wording("they-asks", _TALKING, lines=TOLD, tail="</person>\nThis person asks you:\n", bullet=""),
    Wording(
        "examples",
        "You answer every question with concrete examples.",
        head="<me>",
        tail="</me>\n",
        lines=PLEAS,
        bullet="",
    ),
    Wording(
        "suggest", "Reply to the user with a helpful suggestion.", head="<me>", tail="</me>\n", lines=PLEAS, bullet=""
    ),
    Wording(
        "short-examples",
        "You answer every question with concrete examples.",
        head="<me>",
        tail="</me>\n",
        lines=SHORT,
        bullet="",
    ),
]
BY_NAME |= {wording.name: wording for wording in SIXTH}
_WISHES = 'You are talking with the person below. Answer them directly, say "you", and follow their wishes.'
THEY_SHORT = {
    "wrote": 'They wrote "{text}"',
    "chose": 'They liked the answer "{chosen}" and not "{rejected}"',
    "liked": 'They liked the answer "{answer}"',
    "disliked": 'They did not like the answer "{answer}"',
    "described": "They are {text}",
    "said": 'They ask you: "{text}"',
}
SEVENTH = [
    Wording("they-wishes", _WISHES, lines=TOLD, tail="</person>\n", bullet=""),
    Wording("they-wish", _TALKING, lines={**TOLD, "said": 'Their wish: "{text}"'}, tail="</person>\n", bullet=""),
    Wording("they-short", _TALKING, lines=THEY_SHORT, tail="</person>\n", bullet=""),
    Wording("they-pleas", _TALKING, lines={**TOLD, "said": "{text}"}, tail="</person>\n", bullet=""),
    Wording("they-short-pleas", _TALKING, lines={**THEY_SHORT, "said": "{text}"}, tail="</person>\n", bullet=""),
]
BY_NAME |= {wording.name: wording for wording in SEVENTH}
_THEY = {"system": _TALKING, "lines": {**TOLD, "said": "{text}"}, "tail": "</person>\n", "bullet": ""}
POLES = [
    Wording("pole-plain", **_THEY),
    Wording("pole-about", pole="About them: {pole}", **_THEY),
    Wording("pole-prefer", pole="Their preference: {pole}", **_THEY),
    Wording("pole-dash", pole="{pole}", **{**_THEY, "bullet": "- "}),
    Wording("pole-me", system="", head="<me>", tail="</me>\n", pole="About me: {pole}", bullet="", lines=PLEAS),
]
BY_NAME |= {wording.name: wording for wording in POLES}
_POST = {
    "wrote": 'They wrote "{text}" (about "{prompt}")',
    "chose": 'They liked the answer "{chosen}" and not "{rejected}" (to "{prompt}")',
    "liked": 'They liked the answer "{answer}" (to "{prompt}")',
    "disliked": 'They did not like the answer "{answer}" (to "{prompt}")',
    "described": "They are {text}",
    "said": "{text}",
}
_ON = {
    "wrote": 'On "{prompt}" they wrote "{text}"',
    "chose": 'On "{prompt}" they liked the answer "{chosen}" and not "{rejected}"',
    "liked": 'On "{prompt}" they liked the answer "{answer}"',
    "disliked": 'On "{prompt}" they did not like the answer "{answer}"',
    "described": "They are {text}",
    "said": "{text}",
}
EIGHTH = [
    Wording("they-post", _TALKING, lines=_POST, tail="</person>\n", bullet=""),
    Wording("they-on", _TALKING, lines=_ON, tail="</person>\n", bullet=""),
    Wording("they-on-say", _TALKING, lines={**_ON, "said": "They say: {text}"}, tail="</person>\n", bullet=""),
]
BY_NAME |= {wording.name: wording for wording in EIGHTH}
_PROSE = {"system": _TALKING, "lines": TOLD, "bullet": ""}
NINTH = [
    Wording("paper-above", paper="{task}\n\n{told}\n\nAnswer the question above.", **_PROSE),
    Wording(
        "paper-asker", paper="Question: {task}\n\nThe person who asks:\n{told}\n\nAnswer to the question:", **_PROSE
    ),
    Wording("paper-starred", paper="***Task***\n{task}\n\n{told}\n\n***Response:***", **_PROSE),
    Wording("paper-again", paper="{task}\n\n{told}\n\n{task}", **_PROSE),
]
BY_NAME |= {wording.name: wording for wording in NINTH}
TENTH = [
    Wording("paper-again-asks", paper="{task}\n\n{told}\n\nThis person asks you: {task}", **_PROSE),
    Wording(
        "paper-again-line", paper="{task}\n\n{told}\n\n\n{task}", **{**_PROSE, "lines": {**TOLD, "said": "{text}"}}
    ),
    Wording(
        "paper-again-short", paper="{task}\n\n{told}\n\n{task}", **{**_PROSE, "lines": {**THEY_SHORT, "said": "{text}"}}
    ),
]
BY_NAME |= {wording.name: wording for wording in TENTH}
_NOTES = 'You are talking with somebody. The notes say who it is. Answer them directly and say "you".'
_USER = 'You are talking with the user. Answer them directly and say "you".'
_TAGS = {"head": "<notes>", "tail": "</notes>\n", "bullet": ""}
_ME = {"head": "<me>", "tail": "</me>\n", "bullet": ""}
ELEVENTH = [
    Wording("notes-prose", _NOTES, lines=TOLD, **_TAGS),
    Wording("notes-pleas", _NOTES, lines={**TOLD, "said": "{text}"}, **_TAGS),
    Wording("me-talk", _USER, lines=PLEAS, **_ME),
    Wording("me-talk-short", _USER, lines=SHORT, **_ME),
]
BY_NAME |= {wording.name: wording for wording in ELEVENTH}
_HELP = "Somebody asks you for help. The notes say who it is. Help them with a direct answer."
_LIKED = {**THEY_SHORT, "said": "{text}"}
TWELFTH = [
    Wording("notes-short", _NOTES, lines=_LIKED, **_TAGS),
    Wording("help-short", _HELP, lines=_LIKED, **_TAGS),
    Wording("help-prose", _HELP, lines=TOLD, **_TAGS),
]
BY_NAME |= {wording.name: wording for wording in TWELFTH}
_ABOUT_THEM = 'You are talking with somebody. The notes are about them. Answer them directly and say "you".'
REPLIED = {**TOLD, "wrote": 'When asked "{prompt}", they replied "{text}"'}
THIRTEENTH = [
    Wording("notes-replied", _ABOUT_THEM, lines=REPLIED, **_TAGS),
    Wording("notes-replied-pleas", _ABOUT_THEM, lines={**REPLIED, "said": "{text}"}, **_TAGS),
]
BY_NAME |= {wording.name: wording for wording in THIRTEENTH}
_FINAL = {"system": _ABOUT_THEM, "lines": {**REPLIED, "said": "{text}"}, "head": "<notes>", "tail": "</notes>\n"}
FOURTEENTH = [
    Wording("notes-pole", **_FINAL),
    Wording("notes-pole-prefer", bullet="", pole="Their preference: {pole}", **_FINAL),
    Wording("notes-paper", bullet="", paper="{task}\n\n{told}\n{task}", **_FINAL),
]
BY_NAME |= {wording.name: wording for wording in FOURTEENTH}
FIFTEENTH = [
    Wording("notes-say", bullet="", corrected="They say: {pole}", **_FINAL),
    Wording("notes-bare", bullet="", **_FINAL),
    Wording("notes-want", bullet="", corrected="They want: {pole}", **_FINAL),
]
BY_NAME |= {wording.name: wording for wording in FIFTEENTH}
SIXTEENTH = [
    Wording("notes-said", _ABOUT_THEM, lines={**REPLIED, "said": 'They say: "{text}"'}, **_TAGS),
]
BY_NAME |= {wording.name: wording for wording in SIXTEENTH}
