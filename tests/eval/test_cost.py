"""What is counted and timed, with models that take a known time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from penchant import Comment, Persona, PreferenceSpace, Record
from penchant.eval.benchmark import Bench
from penchant.eval.cost import costs, passes
from penchant.eval.score import Setting
from penchant.model.fake import FakeModel


class Slow(FakeModel):
    """Takes two milliseconds a pair."""

    def logprobs(self, candidates):
        time.sleep(0.002 * len(candidates))
        return super().logprobs(candidates)


@dataclass
class Held:
    bytes: int | None = None


@contextmanager
def meter() -> Iterator[Held]:
    found = Held()
    yield found
    found.bytes = 3 << 20


def test_tokens_time_and_memory_are_of_each_method_and_the_warm_up_is_not_timed(tiny: PreferenceSpace) -> None:
    persona = Persona((Comment("a post", "one two three", tiny.direction({"humour": 1})),))
    records = [Record(f"r{i}", f"u{i}", "drink?", "tea", "coffee", persona) for i in range(40)]
    policies = {"ica": Slow(name="ica"), "pba": FakeModel(name="pba")}
    bench = Bench(Setting("d", "user_first", 0), "user_first", tiny, FakeModel(name="reference"), policies)
    seen: list[str] = []
    bench.done = seen.append
    found = {one.method: one for one in costs(bench, records, meter)}
    assert len(seen) == passes(bench)
    assert list(found) == ["few_shot", "ica", "pba"]
    assert 2 <= found["ica"].ms_per_pair < 8
    assert found["pba"].ms_per_pair < 2
    assert found["few_shot"].prompt_tokens == found["ica"].prompt_tokens != found["pba"].prompt_tokens
    assert {(one.peak_mb, one.pairs) for one in found.values()} == {(3.0, 40)}


def test_memory_that_cannot_be_told_is_not(tiny: PreferenceSpace) -> None:
    @contextmanager
    def blind() -> Iterator[Held]:
        yield Held()

    records = [Record("r", "u", "drink?", "tea", "coffee", Persona((Comment("p", "x"),)))]
    bench = Bench(Setting("d", "user_first", 0), "user_first", tiny, FakeModel(), {})
    (one,) = costs(bench, records, blind)
    assert one.peak_mb is None
