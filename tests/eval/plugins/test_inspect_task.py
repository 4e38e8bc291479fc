"""inspect-ai asks penchant's questions, and counts what is answered as penchant counts choices."""

import json
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from penchant import load_space
from penchant.eval.bench import Bench
from penchant.eval.choice import margins
from penchant.eval.plugins.source import Source
from penchant.eval.score import Setting
from penchant.model.base import Candidates, Likelihood
from penchant.model.fake import FakeModel
from penchant.stats import clustered_error, correctness

REPLIES = {"A": ("A", " a.", "**A**", "A) as it is short", "Answer: A"), "B": ("B", "(B)", "B: tea", "answer B", "b")}
"""Ways to name a letter."""


def test_without_inspect_it_is_said_how_to_install_it(without: Callable[[str, str], str]) -> None:
    said = without("inspect_ai", "penchant.eval.plugins.inspect_task")
    assert "inspect-ai is missing" in said
    assert "pip install 'penchant[eval]'" in said


def number(text: str) -> int:
    return zlib.crc32(text.encode())


def prefers(text: str) -> str:
    """A letter for a prompt: the answer of the higher number, unless its place is liked, which it often is."""
    data = json.loads(next(line for line in text.splitlines() if line.startswith('{"task"')))
    if number(text.partition('{"task"')[0] + data["task"] + "".join(sorted((data["A"], data["B"])))) % 3 == 0:
        return "A"
    return "A" if number(data["A"]) > number(data["B"]) else "B"


class Chooser(FakeModel):
    """Finds the letter that it prefers likelier by one nat."""

    def logprobs(self, candidates: Sequence[Candidates]) -> list[tuple[Likelihood, ...]]:
        liked = [prefers(one.messages[-1].content) for one in candidates]
        return [(Likelihood(float(one == "A"), 1), Likelihood(float(one == "B"), 1)) for one in liked]


def ask(source: Any, tmp_path: Path, reply: Callable[[str], str], **options: Any) -> Any:
    """What inspect logs when a model replies to the last turn of each prompt."""
    import inspect_ai
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    def output(turns: Sequence[Any], *_: object) -> ModelOutput:
        said = ModelOutput.from_content(model="mockllm", content=reply(turns[-1].text))
        said.usage = ModelUsage()  # or the mock counts tokens, by a tokenizer that it downloads
        return said

    model = get_model("mockllm/model", custom_outputs=output, memoize=False)
    (log,) = inspect_ai.eval(source, model=model, log_dir=str(tmp_path), display="none", **options)
    assert log.status == "success", log.error
    return log


def told(log: Any) -> dict[str, float]:
    return {name: metric.value for name, metric in log.results.scores[0].metrics.items()}


@pytest.mark.prove
def test_accuracy_is_penchants_choice_accuracy_on_the_same_answers(small_forum: Path, tmp_path: Path) -> None:
    source = Source.read(small_forum / "test", method="ica")
    bench = Bench(Setting("d", "user_first", 0), "user_first", source.space, FakeModel(), {"ica": Chooser(name="ica")})
    own = correctness(margins(bench, "ica", source.condition)).tolist()
    assert set(own) == {0, 0.5, 1}
    where = {"data": str(small_forum / "test"), "method": "ica"}
    # by its name: inspect finds it by the entry point
    log = ask("penchant/persona_choice", tmp_path, lambda text: prefers(text), task_args=where)
    found = told(log)
    assert len(log.samples) == 2 * len(own)
    assert found["accuracy"] == pytest.approx(sum(own) / len(own), abs=1e-12)
    users = [source.user(place) for place in range(len(source))]
    assert found["stderr"] == pytest.approx(clustered_error(own, users), abs=1e-12)
    assert found["torn"] == own.count(0.5) / len(own)
    assert found["unanswered"] == 0
    assert log.eval.metadata["rows"] == source.facts["rows"]
    by_record: dict[str, float] = {}
    for sample in log.samples:
        points = 0.5 * (sample.scores["letter"].value == "C")
        by_record[sample.metadata["record_id"]] = by_record.get(sample.metadata["record_id"], 0) + points
    assert [by_record[record.record_id] for record in source.condition.records] == own


@pytest.mark.prove
def test_however_a_letter_is_named_it_counts_and_a_reply_without_one_is_told(planted, tmp_path) -> None:
    from penchant.eval.plugins.inspect_task import choice_task

    source = Source.of(planted[:12], load_space())

    def evasive(text: str) -> str:
        mark = number(text)
        return "I would rather not say." if mark % 4 == 0 else REPLIES[prefers(text)][mark % 5]

    plain, found = (ask(choice_task(source), tmp_path, reply) for reply in (prefers, evasive))
    first = {sample.id: sample.scores["letter"].value for sample in plain.samples}
    second = {sample.id: sample.scores["letter"].value for sample in found.samples}
    silent = [sample.id for sample in found.samples if number(sample.input[-1].text) % 4 == 0]
    assert 0 < len(silent) < len(second)
    assert second == {**first, **dict.fromkeys(silent, "N")}
    values = told(found)
    assert values["unanswered"] == len(silent) / 24
    assert values["accuracy"] == list(second.values()).count("C") / 24


@pytest.mark.prove
def test_a_liking_for_a_letter_is_one_half_and_torn_throughout(planted, tmp_path) -> None:
    from penchant.eval.plugins.inspect_task import choice_task

    found = told(ask(choice_task(Source.of(planted[:12], load_space())), tmp_path, lambda _: "A"))
    assert found == {"accuracy": 0.5, "stderr": 0, "unanswered": 0, "torn": 1}
    found = told(ask(choice_task(Source.of(planted[:12], load_space())), tmp_path, lambda _: "Both are fine."))
    assert found == {"accuracy": 0, "stderr": 0, "unanswered": 1, "torn": 0}
