"""PRISM: real people who talked with several models at once and chose among their answers.

Read as AlignX ships it (PRISM.json), or built from the source files. The released pairing rule is not known; ours:
only the opening turn, so that the prompt is the whole context; the chosen answer against the one that the same person
scored lowest beside it; the persona is four other conversations of that person, drawn by the seed and shown in the
order of the file, and what the survey has of them, which came first.

Keys of conversations.jsonl: `conversation_id`, `user_id`, `conversation_type`, `opening_prompt`,
`conversation_history`: [`turn` (0 opens), `role` (`user` or `model`), `content`, of models also `score` (1 to 100) and
`if_chosen`]. Keys of survey.jsonl: `user_id`, `self_description`, `system_string` (what a model should be like).

Rows are those of the published file, or conversations. Source: PRISM, arXiv:2404.16019; AlignX, arXiv:2503.15463.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from penchant.errors import DataError, RecordError
from penchant.eval.tasks.base import (
    TEST,
    Built,
    Task,
    built,
    cleaned,
    listing,
    placed,
    provenance,
    published_files,
    read_published,
    require_keys,
)
from penchant.persona import Comparison, Demographics, Evidence, Persona, Statement
from penchant.record import Record
from penchant.shards.fields import Content, items, text, text_or_empty
from penchant.shards.source import json_lines
from penchant.space import PreferenceSpace

CONVERSATIONS, SURVEY = "conversations.jsonl", "survey.jsonl"
SHOWN = 4
"""Other conversations that a person shows."""
TOO_FEW = f"fewer than {SHOWN} other conversations of the person can be shown"
_TALKED = ("conversation_id", "user_id", "conversation_type", "opening_prompt", "conversation_history")
_SAID = ("turn", "role", "content")
_ANSWERED = ("score", "if_chosen")
_SURVEYED = ("user_id", "self_description", "system_string")


@dataclass(frozen=True, slots=True)
class _Talk:
    """One conversation, as far as it is used."""

    conversation_id: str
    kind: str
    choice: Comparison


def load(path: Path, space: PreferenceSpace, seed: int) -> Built:
    """The published file, or records built from a folder with the two source files.

    Raises:
        DataError: neither of them there, another layout, or no record.
    """
    if path.is_dir() and not (path / TASK.published[0]).is_file():
        for name in (CONVERSATIONS, SURVEY):
            if not (path / name).is_file():
                raise DataError(f"{path}: has no {TASK.published[0]} and no {name}; it has: {listing(path)}")
        return build(path, seed)
    return read_published(TASK, path, published_files(path, TASK.published), space)


def build(folder: Path, seed: int) -> Built:
    """Records of real people, all of the split `test`.

    Args:
        seed: decides which four other conversations a person shows.
    """
    dropped: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    surveyed = _survey(folder / SURVEY, lost)
    records: list[Record] = []
    for user_id, talks in _talks(folder / CONVERSATIONS, dropped).items():
        for talk in talks:
            others = [other.choice for other in talks if other.choice.prompt != talk.choice.prompt]
            if len(others) < SHOWN:
                dropped[TOO_FEW] += 1
                continue
            drawn = random.Random(f"prism:{seed}:{talk.conversation_id}").sample(range(len(others)), SHOWN)
            shown = [others[place] for place in sorted(drawn)]
            records.append(_record(user_id, talk, Persona((*surveyed.get(user_id, ()), *shown))))
            lost["survey: the person is not in it"] += user_id not in surveyed
    kept, left_out = cleaned(records)
    return built(folder, kept, dropped + left_out, +lost)


def _record(user_id: str, talk: _Talk, persona: Persona) -> Record:
    return Record(
        record_id=f"prism-{talk.conversation_id}",
        user_id=user_id,
        prompt=talk.choice.prompt,
        chosen=talk.choice.chosen,
        rejected=talk.choice.rejected,
        persona=persona,
        split=TEST,
        provenance=provenance(TASK, talk.kind, source="HannahRoseKirk/prism-alignment, arXiv:2404.16019"),
    )


def _talks(path: Path, dropped: Counter[str]) -> dict[str, list[_Talk]]:
    """Conversations with a usable opening turn by person, in the order of the file."""
    found: dict[str, list[_Talk]] = defaultdict(list)
    for row in json_lines(path):
        content = row.content
        try:
            with placed(path, row):
                require_keys(content, _TALKED, what="a conversation of PRISM")
                kind = text_or_empty(content, "conversation_type")
                talk = _Talk(text(content, "conversation_id"), kind, _choice(content))
                found[text(content, "user_id")].append(talk)
        except RecordError as error:
            dropped[str(error)] += 1
    return found


def _choice(content: Content) -> Comparison:
    """The answer chosen in the opening turn, against the one scored lowest beside it.

    Raises:
        RecordError: no one answer was chosen, none was scored lower, or a text is empty.
    """
    prompt = text(content, "opening_prompt").strip()
    answers = _answers(content)
    chosen = [answer for answer in answers if answer["if_chosen"] is True]
    if len(chosen) != 1:
        raise RecordError("not exactly one answer to the opening prompt was chosen")
    best = _score(chosen[0])
    lower = [(low, one) for one in answers if (low := _score(one)) is not None and best is not None and low < best]
    if not lower:
        raise RecordError("no other answer to the opening prompt was scored lower")
    # of equally low ones the first as the file has them
    worst = min(lower, key=lambda scored: scored[0])[1]
    choice = Comparison(prompt, text(chosen[0], "content"), text(worst, "content"))
    if choice.chosen.strip() == choice.rejected.strip():
        raise RecordError("chosen and rejected are the same answer")
    return choice


def _answers(content: Content) -> list[Content]:
    """What models said in the opening turn."""
    answers: list[Content] = []
    for said in items(content, "conversation_history"):
        require_keys(said, _SAID, what="an utterance of PRISM")
        if said["role"] == "model" and said["turn"] == 0:
            require_keys(said, _ANSWERED, what="an answer of PRISM")
            answers.append(said)
    return answers


def _score(answer: Content) -> float | None:
    value = answer["score"]
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _survey(path: Path, lost: Counter[str]) -> dict[str, Sequence[Evidence]]:
    """What people said of themselves and of how a model should be, by person; either may be missing."""
    found: dict[str, Sequence[Evidence]] = {}
    for row in json_lines(path):
        said: list[Evidence] = []
        try:
            with placed(path, row):
                require_keys(row.content, _SURVEYED, what="a survey of PRISM")
                if description := text_or_empty(row.content, "self_description").strip():
                    said.append(Demographics(description))
                if wanted := text_or_empty(row.content, "system_string").strip():
                    said.append(Statement(wanted))
                found[text(row.content, "user_id")] = said
        except RecordError as error:
            lost[f"survey: {error}"] += 1
    return found


TASK = Task(
    name="prism",
    what="Real people's choices between the answers of several models, with four of their other choices shown.",
    source="JinaLeejnl/AlignX, benchmark/PRISM, or built from HannahRoseKirk/prism-alignment; arXiv:2404.16019",
    licence="human-written texts CC-BY-4.0, model responses CC-BY-NC-4.0",
    metric="alignment accuracy, intervals over prompts; built: over people, one attribute per type of conversation",
    personas="pair",
    published=("PRISM.json",),
    simulated=False,
    load=load,
)
