"""A task for inspect-ai: which of two answers would a model choose for this person?

Every pair becomes two samples: the chosen answer is A in one and B in the other, so a preference for a letter cancels.
A pair whose two samples disagree counts one half. `eval.choice` provides the questions and reads the replies. If a
model writes the letter that it finds likelier, accuracy equals that of penchant's `choice` rows, except for pairs whose
samples disagree: penchant compares the likelihoods in both orders, and a letter does not show them. A reply that names
neither letter scores nothing (NOANSWER) and counts as `unanswered`.

    inspect eval penchant/persona_choice -T data=rows.jsonl --model ORG/MODEL

inspect-ai finds the task by the entry point `inspect_ai` in pyproject.toml. Prompts are not shortened to a budget,
because the model's tokenizer is not available here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from penchant.errors import ConfigError
from penchant.eval.choice import LETTERS, letter_in, orders
from penchant.eval.plugins.source import Source
from penchant.message import Message

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
    """The task on records in memory, for `inspect_ai.eval(choice_task(Source.of(…)), model=…)`.

    Raises:
        RecordError: as `Source.rendered`.
    """
    samples = [sample for index in range(len(source)) for sample in _samples(source, index)]
    return Task(
        dataset=MemoryDataset(samples, name="penchant"),
        solver=generate(),
        scorer=letter(),
        metadata=dict(source.facts),
    )


def _samples(source: Source, index: int) -> list[Sample]:
    record = source.condition.records[index]
    return [
        Sample(
            id=f"{record.record_id}:{right}",
            input=[_turn(message) for message in source.rendered(index, question).messages],
            target=right,
            metadata={"record_id": record.record_id, "user": source.user(index)},
        )
        for right, question in zip(LETTERS, orders(record), strict=True)
    ]


def _turn(message: Message) -> ChatMessage:
    kind = ChatMessageSystem if message.role == "system" else ChatMessageUser
    return kind(content=message.content)


@metric
def unanswered() -> Metric:
    """Share of the questions whose reply named neither A nor B."""

    def share(scores: list[SampleScore]) -> float:
        return _share([entry.score.answer is None for entry in scores])

    return share


@metric
def torn() -> Metric:
    """Of the pairs with a letter in both orders, the share whose orders name different answers."""

    def share(scores: list[SampleScore]) -> float:
        by_record: dict[str, list[Score]] = defaultdict(list)
        for entry in scores:
            if entry.score.answer is not None:
                by_record[entry.sample_metadata["record_id"]].append(entry.score)
        # the same letter in both orders names two different answers
        return _share([both[0].answer == both[1].answer for both in by_record.values() if len(both) == len(LETTERS)])

    return share


def _share(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits) if hits else 0.0


@scorer(metrics=[accuracy(), stderr(cluster="user"), unanswered(), torn()])
def letter() -> Scorer:
    """Whether the reply names the letter of the answer that the person chose."""

    async def score(state: TaskState, target: Target) -> Score:
        reply: str = state.output.completion
        answer = letter_in(reply)
        values: dict[Any, str] = {None: NOANSWER, target.text: CORRECT}
        return Score(value=values.get(answer, INCORRECT), answer=answer, explanation=reply)

    return score
