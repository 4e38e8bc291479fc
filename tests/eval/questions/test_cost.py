"""What is counted and timed, with models that take a known time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from penchant import Comment, Persona, PreferenceSpace, Record
from penchant.encoder.fake import FakeEncoder
from penchant.eval.bench import Bench
from penchant.eval.questions.base import Inputs
from penchant.eval.questions.cost import COST, Cost, lines, model_costs, passes, scorer_costs, section
from penchant.eval.score import Setting
from penchant.model.fake import FakeModel


class Slow(FakeModel):
    """Takes two milliseconds a pair."""

    def logprobs(self, candidates):
        time.sleep(0.002 * len(candidates))
        return super().logprobs(candidates)


@dataclass
class Memory:
    bytes: int | None = None


@contextmanager
def meter() -> Iterator[Memory]:
    found = Memory()
    yield found
    found.bytes = 3 << 20


def test_tokens_time_and_memory_are_of_each_method_and_the_warm_up_is_not_timed(tiny: PreferenceSpace) -> None:
    persona = Persona((Comment("a post", "one two three", tiny.direction({"humour": 1})),))
    records = [Record(f"r{i}", f"u{i}", "drink?", "tea", "coffee", persona) for i in range(40)]
    policies = {"ica": Slow(name="ica"), "pba": FakeModel(name="pba")}
    bench = Bench(Setting("d", "user_first", 0), "user_first", tiny, FakeModel(name="reference"), policies)
    seen: list[str] = []
    bench.done = seen.append
    found = {one.method: one for one in model_costs(bench, records, meter)}
    assert len(seen) == passes(bench)
    assert list(found) == ["few_shot", "ica", "pba"]
    assert 2 <= found["ica"].ms_per_pair < 8
    assert found["pba"].ms_per_pair < 2
    assert found["few_shot"].prompt_tokens == found["ica"].prompt_tokens != found["pba"].prompt_tokens
    assert {(one.peak_mb, one.pairs) for one in found.values()} == {(3.0, 40)}


def test_memory_that_cannot_be_told_is_not(tiny: PreferenceSpace) -> None:
    @contextmanager
    def blind() -> Iterator[Memory]:
        yield Memory()

    records = [Record("r", "u", "drink?", "tea", "coffee", Persona((Comment("p", "x"),)))]
    bench = Bench(Setting("d", "user_first", 0), "user_first", tiny, FakeModel(), {})
    (one,) = model_costs(bench, records, blind)
    assert one.peak_mb is None


class Reading(FakeEncoder):
    """Takes a fifth of a second, however much it reads."""

    def tokens(self, texts, *, progress=None):
        time.sleep(0.2)
        return super().tokens(texts, progress=progress)


class Ready:
    """A scorer that has only to be asked."""

    people_digest, choices_only = "", False

    def __init__(self, name: str, seconds: float) -> None:
        self.name, self.seconds, self.asked = name, seconds, []

    def table_margins(self, texts, records, personas):
        self.asked.append(len(records))
        time.sleep(self.seconds)
        return np.zeros(len(records))


def test_every_scorer_is_charged_with_the_embedding_of_what_it_reads(tiny: PreferenceSpace) -> None:
    persona = Persona((Comment("a post", "one two three"),))
    records = [Record(f"r{i}", f"u{i}", "drink?", "tea", "coffee", persona) for i in range(40)]
    bench = Bench(Setting("d", "user_first", 0), "user_first", tiny, FakeModel(), {})
    scorers = [Ready("vpl", 0.0), Ready("lore", 0.2)]
    vpl, lore = scorer_costs(bench, records, scorers=scorers, encoder=Reading(), meter=meter)
    assert (vpl.method, vpl.prompt_tokens, vpl.ms_to_first_token, vpl.peak_mb, vpl.pairs) == (
        "vpl",
        None,
        None,
        3.0,
        40,
    )
    assert 5 <= vpl.ms_per_pair < lore.ms_per_pair
    assert lore.ms_per_pair >= 10
    assert [one.asked for one in scorers] == [[8, 40], [8, 40]]


def test_cost_is_told_a_method_a_line() -> None:
    scorer = Cost("vpl", None, 0.5, None, None, 400)
    costs = [Cost("ica", 101.25, 3.456, 78.9, 12.3, 400), scorer]
    page = section(costs)
    assert page.body == (("ica", "101.2", "3.46", "78.9", "400"), ("vpl", "–", "0.50", "–", "400"))
    assert len(page.head) == len(page.body[0])
    assert [line.split() for line in lines(costs)][2:] == [
        ["ica", "101.2", "3.46", "78.9", "12"],
        ["vpl", "–", "0.50", "–", "–"],
    ]


def test_the_answer_has_every_model_and_scorer(tiny: PreferenceSpace, counted, monkeypatch) -> None:
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)
    records = [Record(f"r{i}", f"u{i}", "drink?", "tea", "coffee", Persona((Comment("p", "x"),))) for i in range(3)]
    bench = Bench(Setting("d", "user_first", 0), "user_first", tiny, FakeModel(), {"ica": FakeModel(name="ica")})
    answer = COST.measure(Inputs(records, tiny, bench, scorers=[Ready("lore", 0.0)], reporter=counted))
    assert list(answer.findings["methods"]) == ["few_shot", "ica", "lore"]
    assert answer.findings["methods"]["lore"]["prompt_tokens"] is None
    assert counted.total == counted.steps == passes(bench)
    assert answer.section is not None
    assert [row[0] for row in answer.section.body] == ["few_shot", "ica", "lore"]
