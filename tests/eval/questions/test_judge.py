"""The judge's answer: counts, win rates, choices, and what is said on the way."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from penchant import Comment, Persona, PreferenceSpace, Provenance, Record
from penchant.errors import ConfigError, DataError, ModelError, RecordError
from penchant.eval.bench import Bench
from penchant.eval.questions.base import Inputs
from penchant.eval.questions.judge import JUDGE, LEGEND
from penchant.eval.score import Setting
from penchant.model.base import Sampling, Written
from penchant.model.fake import FakeModel
from penchant.model.remote import Account, Request


@dataclass
class FakeJudge:
    """Prefers what `decide` makes of the two answers."""

    decide: Callable[[str, str], str] = lambda a, b: "A" if len(a) > len(b) else "B" if len(b) > len(a) else "tie"
    name: str = "fake"
    account: Account = field(default_factory=Account)

    def ask(self, questions: Sequence[Request], read: Callable[[str], int], *, progress=None) -> list[int | None]:
        verdicts: list[int | None] = []
        for question in questions:
            content = json.loads(question.messages[1].content)
            try:
                verdicts.append(read(json.dumps({"better": self.decide(content["A"], content["B"])})))
            except DataError:
                verdicts.append(None)
            self.account.paid += 1
            if progress is not None:
                progress(1)
        return verdicts


class Writer(FakeModel):
    """Writes its name."""

    def write(self, prompts, settings: Sampling) -> list[Written]:
        return [Written(self.name, 1, 1, "stop") for _ in prompts]


@pytest.fixture
def bench(tiny: PreferenceSpace) -> Bench:
    policies = {"ica": Writer(name="ica"), "pba": Writer(name="a longer one")}
    return Bench(Setting("d", "user_first", 0), "user_first", tiny, Writer(name="base"), policies)


@pytest.fixture
def records(tiny: PreferenceSpace) -> list[Record]:
    """Two people of each wording; one prompt is repeated, and one person shows nothing."""
    persona = Persona((Comment("a post", "tea", tiny.direction({"humour": 1})),))
    rows = [("u1", "drink?", "known"), ("u1", "drink?", "known"), ("u2", "eat?", "known"), ("u3", "eat?", "unseen")]
    known = [
        Record(f"r{i}", user, prompt, "x", "y", persona, provenance=Provenance("d", phrasing=wording))
        for i, (user, prompt, wording) in enumerate(rows)
    ]
    bare = Record("r4", "u4", "eat?", "x", "y", Persona(()), provenance=Provenance("d", phrasing="unseen"))
    return [*known, bare]


def test_every_pair_of_methods_is_judged_by_wording_and_the_rest_is_counted(tiny, bench, records, counted) -> None:
    answer = JUDGE.measure(Inputs(records, tiny, bench, judge=FakeJudge(), reporter=counted))  # type: ignore[arg-type]
    found = answer.findings
    assert list(found) == ["judge", "answer_tokens", "counts", "account", "win_rates", "choice"]
    assert found["counts"] == {"records": 5, "bare": 1, "judged": 3, "repeated": 1, "unshown": 0}
    assert found["account"]["paid"] == 2 * 3 * 3
    rates = [(one["phrasing"], one["method"], one["rival"], one["rate"], one["n"]) for one in found["win_rates"]]
    assert rates == [
        ("known", "ica", "few_shot", 0, 2),
        ("known", "pba", "few_shot", 1, 2),
        ("known", "ica", "pba", 0, 2),
        ("unseen", "ica", "few_shot", 0, 1),
        ("unseen", "pba", "few_shot", 1, 1),
        ("unseen", "ica", "pba", 0, 1),
    ]
    chosen = {(row["method"], row["variant"]) for row in found["choice"]}
    assert chosen == {("few_shot", "choice"), ("ica", "choice"), ("pba", "choice")}
    assert counted.steps == counted.total
    assert "1 of 5 records show no evidence of their person and are not judged" in counted.notes
    assert "1 of 5 records repeat a prompt of their person; it is answered once" in counted.notes
    assert any(note.startswith("judge fake: 18 answers paid for") for note in counted.notes)


def test_the_lines_are_a_table_of_rates_one_of_choices_and_what_they_mean(tiny, bench, records) -> None:
    answer = JUDGE.measure(Inputs(records, tiny, bench, judge=FakeJudge()))  # type: ignore[arg-type]
    text = "\n".join(answer.lines)
    assert text.startswith("answers under mixed evidence, judged by fake\nwording")
    line = next(line.split() for line in text.splitlines() if line.split()[:3] == ["known", "pba", "few_shot"])
    assert line[3:5] == ["100.0", "(34.2–100.0)"]
    assert "ica_choice" in text
    assert text.endswith(LEGEND)


def test_nothing_can_be_judged_without_evidence_a_judge_or_a_usable_answer(tiny, bench, records) -> None:
    with pytest.raises(ConfigError, match="name its recipe with `judge`"):
        JUDGE.measure(Inputs(records, tiny, bench))
    bare = [records[-1]]
    with pytest.raises(RecordError, match="none of the 1 records shows any evidence of its person"):
        JUDGE.measure(Inputs(bare, tiny, bench, judge=FakeJudge()))  # type: ignore[arg-type]
    useless = FakeJudge(lambda _a, _b: "C")
    with pytest.raises(ModelError, match="none of the answers of 'fake' to 18 questions could be used"):
        JUDGE.measure(Inputs(records, tiny, bench, judge=useless))  # type: ignore[arg-type]
