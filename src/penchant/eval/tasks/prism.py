"""PRISM: real people who talked with several models at once and chose among the models' answers.

The data is read as AlignX publishes it (PRISM.json), or built from the source files. How AlignX made pairs is not
published. Our rule uses only the opening turn, so the prompt is the whole context. It pairs the chosen answer with the
answer that the same person scored lowest in that turn. The persona starts with the person's survey, which was filled in
first. Four other conversations of the person follow; the seed draws them, and they keep the order of the file.

Keys of conversations.jsonl: `conversation_id`, `user_id`, `conversation_type`, `opening_prompt`,
`conversation_history`: [`turn` (0 opens), `role` (`user` or `model`), `content`; for models also `score` (1 to 100) and
`if_chosen`]. Keys of survey.jsonl: `user_id`, `self_description`, `system_string` (what a model should be like).

The row counts refer to rows of the published file, or to conversations. Source: PRISM, arXiv:2404.16019; AlignX,
arXiv:2503.15463.
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
from penchant.message import conversation
from penchant.persona import Comparison, Demographics, Evidence, Persona, Statement
from penchant.record import Record
from penchant.shards.fields import Content, items, text, text_or_empty
from penchant.shards.tables.json_files import json_lines
from penchant.space import PreferenceSpace

CONVERSATIONS, SURVEY = "conversations.jsonl", "survey.jsonl"
OTHERS = 4
"""Other conversations in each persona."""
TOO_FEW = f"fewer than {OTHERS} other conversations of the person can be shown"
_CONVERSATION_KEYS = ("conversation_id", "user_id", "conversation_type", "opening_prompt", "conversation_history")
_UTTERANCE_KEYS = ("turn", "role", "content")
_ANSWER_KEYS = ("score", "if_chosen")
_SURVEY_KEYS = ("user_id", "self_description", "system_string")


@dataclass(frozen=True, slots=True)
class _Talk:
    """The parts of a conversation that are used."""

    conversation_id: str
    kind: str
    choice: Comparison


def load(path: Path, space: PreferenceSpace, seed: int) -> Built:
    """The published file, or records built from a folder with the two source files.

    Raises:
        DataError: the files are missing or have another layout, or there is no record.
    """
    if path.is_dir() and not (path / TASK.published[0]).is_file():
        for name in (CONVERSATIONS, SURVEY):
            if not (path / name).is_file():
                raise DataError(f"{path}: has no {TASK.published[0]} and no {name}; it has: {listing(path)}")
        return build(path, seed)
    return read_published(TASK, path, published_files(path, TASK.published), space)


def build(folder: Path, seed: int) -> Built:
    """Records of real people, all in the split `test`.

    Args:
        seed: draws the four other conversations of each persona.
    """
    dropped: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    surveyed = _survey(folder / SURVEY, lost)
    records: list[Record] = []
    for user_id, talks in _talks(folder / CONVERSATIONS, dropped).items():
        for talk in talks:
            others = [other.choice for other in talks if other.choice.prompt != talk.choice.prompt]
            if len(others) < OTHERS:
                dropped[TOO_FEW] += 1
                continue
            drawn = random.Random(f"prism:{seed}:{talk.conversation_id}").sample(range(len(others)), OTHERS)
            choices = [others[i] for i in sorted(drawn)]
            records.append(_record(user_id, talk, Persona.of_items([*surveyed.get(user_id, ()), *choices])))
            lost["survey: the person is not in it"] += user_id not in surveyed
    kept, left_out = cleaned(records)
    return built(folder, kept, dropped + left_out, +lost)


def _record(user_id: str, talk: _Talk, persona: Persona) -> Record:
    return Record(
        record_id=f"prism-{talk.conversation_id}",
        user_id=user_id,
        prompt=conversation(talk.choice.prompt),
        chosen=talk.choice.chosen,
        rejected=talk.choice.rejected,
        persona=persona,
        split=TEST,
        provenance=provenance(TASK, talk.kind, source="HannahRoseKirk/prism-alignment, arXiv:2404.16019"),
    )


def _talks(path: Path, dropped: Counter[str]) -> dict[str, list[_Talk]]:
    """Conversations with a usable opening turn by person, in the order of the file; counts the others in `dropped`."""
    talks: dict[str, list[_Talk]] = defaultdict(list)
    for row in json_lines(path):
        content = row.content
        try:
            with placed(path, row):
                require_keys(content, _CONVERSATION_KEYS, what="a conversation of PRISM")
                kind = text_or_empty(content, "conversation_type")
                talk = _Talk(text(content, "conversation_id"), kind, _choice(content))
                talks[text(content, "user_id")].append(talk)
        except RecordError as error:
            dropped[str(error)] += 1
    return talks


def _choice(content: Content) -> Comparison:
    """The chosen answer of the opening turn, paired with the answer that was scored lowest.

    Raises:
        RecordError: not exactly one answer was chosen, none was scored lower, or a text is empty.
    """
    prompt = text(content, "opening_prompt").strip()
    answers = _answers(content)
    chosen = [answer for answer in answers if answer["if_chosen"] is True]
    if len(chosen) != 1:
        raise RecordError("not exactly one answer to the opening prompt was chosen")
    best = _score(chosen[0])
    scores = [(score, answer) for answer in answers if (score := _score(answer)) is not None]
    lower = [(score, answer) for score, answer in scores if best is not None and score < best]
    if not lower:
        raise RecordError("no other answer to the opening prompt was scored lower")
    # of equally low answers, the first in the file
    worst = min(lower, key=lambda scored: scored[0])[1]
    choice = Comparison(prompt, text(chosen[0], "content"), text(worst, "content"))
    if choice.chosen.strip() == choice.rejected.strip():
        raise RecordError("chosen and rejected are the same answer")
    return choice


def _answers(content: Content) -> list[Content]:
    """The models' answers in the opening turn."""
    answers: list[Content] = []
    for utterance in items(content, "conversation_history"):
        require_keys(utterance, _UTTERANCE_KEYS, what="an utterance of PRISM")
        if utterance["role"] == "model" and utterance["turn"] == 0:
            require_keys(utterance, _ANSWER_KEYS, what="an answer of PRISM")
            answers.append(utterance)
    return answers


def _score(answer: Content) -> float | None:
    value = answer["score"]
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _survey(path: Path, lost: Counter[str]) -> dict[str, Sequence[Evidence]]:
    """How people describe themselves and what they want of a model, by person; either may be missing."""
    surveys: dict[str, Sequence[Evidence]] = {}
    for row in json_lines(path):
        evidence: list[Evidence] = []
        try:
            with placed(path, row):
                require_keys(row.content, _SURVEY_KEYS, what="a survey of PRISM")
                if description := text_or_empty(row.content, "self_description").strip():
                    evidence.append(Demographics(description))
                if wanted := text_or_empty(row.content, "system_string").strip():
                    evidence.append(Statement(wanted))
                surveys[text(row.content, "user_id")] = evidence
        except RecordError as error:
            lost[f"survey: {error}"] += 1
    return surveys


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
