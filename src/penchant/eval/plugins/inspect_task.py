"""A task of inspect-ai: which of two answers would a model choose for this person, asked outright?

Every pair is two samples, one with the chosen answer as A and one as B: a liking for a letter cancels, and a pair of
which the orders disagree counts one half. Words and reading are those of `eval.choice`, so where a model writes the
letter that it finds likelier, accuracy is that of penchant's `_choice` rows but for pairs of which the orders disagree:
there penchant weighs the one liking against the other, which no letter tells. A reply that names neither letter gets no
point (NOANSWER) and is told under `unanswered`; what penchant's likelihoods would have said of it is not known here.

    inspect eval penchant/persona_choice -T data=rows.jsonl --model ORG/MODEL

inspect-ai finds it by the entry point `inspect_ai` in pyproject.toml. Prompts are not shortened to a budget, as the
model's tokenizer is not at hand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from penchant.errors import ConfigError
from penchant.eval.choice import LETTERS, named, orders
from penchant.eval.plugins.source import Source
from penchant.render import Message

try:
    from inspect_ai import Task, task
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import ChatMessage, ChatMessageSystem, ChatMessageUser
    from inspect_ai.scorer import (
        CORRECT,
        INCORRECT,
        NOANSWER,
        Metric,
        SampleScore,
        Score,
        Scorer,
        Target,
        accuracy,
        metric,
        scorer,
        stderr,
    )
    from inspect_ai.solver import TaskState, generate
except ImportError as error:
    raise ConfigError(f"inspect-ai is missing ({error}); run: pip install 'penchant[eval]'") from error


@task
def persona_choice(
    data: str,
    space: str | None = None,
    split: str | None = None,
    method: str = "few_shot",
    persona: str = "mixed",
    layout: str = "user_first",
    seed: int = 0,
) -> Task:
    """The task on the records of a path; its arguments are those of `Source.read`."""
    source = Source.read(data, space=space, split=split, method=method, persona=persona, layout=layout, seed=seed)
    return choice_task(source)


def choice_task(source: Source) -> Task:
    """The same on records in memory, for `inspect_ai.eval(choice_task(Source.of(…)), model=…)`.

    Raises:
        RecordError: as `Source.rendered`.
    """
    samples = [sample for place in range(len(source)) for sample in _samples(source, place)]
    return Task(
        dataset=MemoryDataset(samples, name="penchant"),
        solver=generate(),
        scorer=letter(),
        metadata=dict(source.facts),
    )


def _samples(source: Source, place: int) -> list[Sample]:
    record = source.shown.records[place]
    return [
        Sample(
            id=f"{record.record_id}:{right}",
            input=[_turn(message) for message in source.rendered(place, asked).messages],
            target=right,
            metadata={"record_id": record.record_id, "user": source.user(place)},
        )
        for right, asked in zip(LETTERS, orders(record), strict=True)
    ]


def _turn(message: Message) -> ChatMessage:
    kind = ChatMessageSystem if message["role"] == "system" else ChatMessageUser
    return kind(content=message["content"])


@metric
def unanswered() -> Metric:
    """Share of the questions to which the reply named neither A nor B."""

    def share(scores: list[SampleScore]) -> float:
        return _share([one.score.answer is None for one in scores])

    return share


@metric
def torn() -> Metric:
    """Share of the pairs answered in both orders in which the orders name different answers."""

    def share(scores: list[SampleScore]) -> float:
        asked: dict[str, list[Score]] = defaultdict(list)
        for one in scores:
            if one.score.answer is not None:
                asked[one.sample_metadata["record_id"]].append(one.score)
        return _share([both[0].answer == both[1].answer for both in asked.values() if len(both) == len(LETTERS)])

    return share


def _share(found: Sequence[bool]) -> float:
    return sum(found) / len(found) if found else 0.0


@scorer(metrics=[accuracy(), stderr(cluster="user"), unanswered(), torn()])
def letter() -> Scorer:
    """Whether the reply names the letter of the answer that the person chose."""

    async def score(state: TaskState, target: Target) -> Score:
        reply: str = state.output.completion
        answer = named(reply)
        values: dict[Any, str] = {None: NOANSWER, target.text: CORRECT}
        return Score(value=values.get(answer, INCORRECT), answer=answer, explanation=reply)

    return score
