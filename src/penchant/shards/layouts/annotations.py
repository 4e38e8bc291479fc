"""What an annotation of a tool states: an order of answers, the better side, scores of answers, or a rating of one.

The texts are the tool's fields under names of the team's own. The answers and the prompt are found by these names
(`battles.sides_of`), a verdict by what it names: a field, a letter, left or right, an order of fields, or a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from penchant.shards.fields import Content
from penchant.shards.layouts.base import Choice, Nothing, Sample, Statement, Turns, objects, prompt_turns
from penchant.shards.layouts.battles import prompt_column, siblings, sides_of
from penchant.shards.layouts.ratings import ANSWERS, THUMBS, Scale, scale_of, thumb
from penchant.shards.layouts.scores import UNRATED, beats
from penchant.shards.layouts.verdicts import NO_VERDICT, TIE, number_of, side_of
from penchant.shards.turns import answer_of, turns_of

EMPTY = Nothing("the annotation holds no verdict")
_BODIES = ("body", "text", "html", "content", "value", "title")


@dataclass(frozen=True, slots=True)
class Vote:
    """One value that an annotator gave."""

    user: object
    value: object
    question: str = ""
    """The question of the tool that the value answers."""
    at: datetime | None = None


Votes = Callable[[Content], Iterable[Vote | Nothing]]
"""The votes in a row; `Nothing` for an annotation that does not count, such as a draft."""


@dataclass(frozen=True, slots=True)
class Task:
    """Where the texts of an annotation task are, and which questions are about them."""

    prompt: str
    """The field of the prompt."""
    answers: tuple[str, ...]
    """The fields of the answers; a single one is rated by itself."""
    listed: bool = False
    """Whether `answers` is one field that holds a list of answers with ids."""
    questions: frozenset[str] = frozenset()
    """The questions whose values say which answer is liked; others hold remarks."""
    scale: Scale = THUMBS

    @property
    def sides(self) -> tuple[str, str]:
        """The first two fields of answers."""
        return self.answers[0], self.answers[-1 if len(self.answers) < 2 else 1]

    def statements(self, texts: Content, votes: Iterable[Vote | Nothing]) -> Iterator[Statement]:
        """What the votes of a row state. Raises RecordError: a text is missing."""
        prompt = prompt_turns(turns_of(texts.get(self.prompt), self.prompt), self.prompt)
        answers = self._answers(texts)
        scored: dict[object, dict[str, float]] = {}
        found = False
        for vote in votes:
            if isinstance(vote, Nothing):
                yield vote
            elif vote.question in self.questions:
                found = True
                name = self._scored(vote, answers)
                if name is None:
                    yield from self._verdict(vote, prompt, answers)
                else:
                    scored.setdefault(vote.user, {})[name] = number_of(single(vote.value)) or 0.0
        for user, scores in scored.items():
            yield from beats(prompt, [(answers[name], score) for name, score in scores.items()], user=user)
        if not found:
            yield UNRATED

    def _answers(self, texts: Content) -> dict[str, str]:
        if not self.listed:
            return {name: answer_of(texts.get(name), name)[1] for name in self.answers}
        entries = objects(texts.get(self.answers[0]), self.answers[0])
        bodies = {str(one.get("id")): next((one[key] for key in _BODIES if key in one), None) for one in entries}
        return {name: answer_of(body, self.answers[0])[1] for name, body in bodies.items()}

    def _scored(self, vote: Vote, answers: Mapping[str, str]) -> str | None:
        """The answer that a number scores: the question has the number of the answer's field (`rating-2`)."""
        if len(answers) < 2 or isinstance(value := single(vote.value), bool) or number_of(value) is None:
            return None
        return next((name for name in answers if vote.question[-1:] == name[-1:] and name[-1:].isalnum()), None)

    def _verdict(self, vote: Vote, prompt: Turns, answers: Mapping[str, str]) -> Iterator[Statement]:
        if len(self.answers) == 1 and not self.listed:
            answer = answers[self.answers[0]]
            yield from thumb(single(vote.value), prompt, answer, self.scale, user=vote.user, at=vote.at)
            return
        order = _order(vote.value, answers)
        if order is not None:
            ranked = [(answers[name], -rank) for name, rank in order.items()]
            yield from beats(prompt, ranked, user=vote.user, at=vote.at)
            return
        first, second = self.sides
        side = side_of(single(vote.value), first, second)
        if side in ("first", "second"):
            good, bad = (first, second) if side == "first" else (second, first)
            yield Choice(prompt, answers[good], answers[bad], user=vote.user, at=vote.at)
        elif vote.value is None:
            yield EMPTY
        else:
            yield TIE if side == "tie" else NO_VERDICT


def task_of(inner: Sample, votes: Sequence[Vote]) -> Task | None:
    """Where the texts of a tool's task are; None if there are votes and none says which of them is liked.

    Args:
        inner: the fields of the first rows.
        votes: the votes in these rows.
    """
    found = _texts(inner)
    if found is None:
        return None
    prompt, answers, listed = found
    single_answer = len(answers) == 1 and not listed
    names = _ids(inner, answers[0]) if listed else answers
    questions: set[str] = set()
    scale = THUMBS
    for question in dict.fromkeys(vote.question for vote in votes):
        values = [vote.value for vote in votes if vote.question == question and vote.value is not None]
        if single_answer:
            scale_here = scale_of([single(value) for value in values], question or "rating")
            if any(not isinstance(one, Nothing) for value in values for one in _thumbs(value, scale_here)):
                questions.add(question)
                scale = scale_here
                break
        elif any(_is_verdict(value, question, names) for value in values):
            questions.add(question)
    if votes and not questions:
        return None
    return Task(prompt, answers, listed=listed, questions=frozenset(questions), scale=scale)


def _thumbs(value: object, scale: Scale) -> Iterator[Statement]:
    yield from thumb(single(value), (), "-", scale)


def _is_verdict(value: object, question: str, names: Sequence[str]) -> bool:
    """Whether a value says which of some answers is better."""
    inner = single(value)
    if _order(value, dict.fromkeys(names, "")) is not None or side_of(inner, names[0], names[1]) is not None:
        return True
    numbered = not isinstance(inner, bool) and number_of(inner) is not None
    return numbered and any(question[-1:] == name[-1:] and name[-1:].isalnum() for name in names)


def _texts(inner: Sample) -> tuple[str, tuple[str, ...], bool] | None:
    """The field of the prompt, those of the answers, and whether the answers are a list in one field."""
    sides = sides_of(inner)
    if sides is not None:
        prompt = prompt_column(inner) or _only_other(inner, sides)
        return None if prompt is None else (prompt, siblings(inner, sides), False)
    for name in inner.columns:
        if len(_ids(inner, name)) > 1 and (prompt := prompt_column(inner) or _only_other(inner, (name,))) is not None:
            return prompt, (name,), True
    spelt = {name.lower(): name for name in inner.columns}
    answer = next((spelt[name] for name in ANSWERS if name in spelt), None)
    prompt = prompt_column(inner) if answer is None or prompt_column(inner) != answer else None
    return None if answer is None or prompt is None else (prompt, (answer,), False)


def _only_other(inner: Sample, taken: Sequence[str]) -> str | None:
    """The only field of texts beside the answers."""
    others = [name for name in inner.columns if name not in taken and isinstance(inner.value(name), str)]
    return others[0] if len(others) == 1 else None


def _ids(inner: Sample, column: str) -> tuple[str, ...]:
    """The ids of a list of answers in a field; empty for another field."""
    value = inner.value(column)
    if not isinstance(value, list) or not all(isinstance(one, Mapping) and "id" in one for one in value):
        return ()
    return tuple(str(one["id"]) for one in value)


def _order(value: object, answers: Mapping[str, str]) -> dict[str, float] | None:
    """Answer -> rank, from a list of answers (the best first), of `{"value", "rank"}`, or lists of both; else None."""
    if isinstance(value, Mapping) and "ranker" in value:
        value = value["ranker"]
    if isinstance(value, Mapping) and isinstance(value.get("value"), list) and isinstance(value.get("rank"), list):
        value = [{"value": name, "rank": rank} for name, rank in zip(value["value"], value["rank"], strict=False)]
    if isinstance(value, Mapping):  # buckets of a ranker: one list of ids
        value = next(iter(value.values())) if len(value) == 1 else None
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) < 2:
        return None
    ranks: dict[str, float] = {}
    for place, entry in enumerate(value):
        name = str(entry.get("value") if isinstance(entry, Mapping) else entry)
        if name not in answers:
            return None
        rank = number_of(entry["rank"]) if isinstance(entry, Mapping) and "rank" in entry else place
        if rank is None:
            return None
        ranks[name] = rank
    return ranks


def single(value: object) -> object:
    """A value without the wrappings of a tool: `{"selected": "left"}`, `{"choices": ["A"]}`, a list of one."""
    for _ in range(3):
        if isinstance(value, Mapping):
            names = ("selected", "choices", "rating", "number", "value")
            value = next((value[key] for key in names if key in value), None)
        elif isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 1:
            value = value[0]
    return value
