"""Which written answers a judge prefers, and which of a pair's two answers the models choose.

`eval.judge` and `eval.choice` compute the figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from penchant.errors import ConfigError, RecordError
from penchant.eval.bench import Condition, draw_condition
from penchant.eval.contrasts import probability
from penchant.eval.questions.base import Answer, Inputs, Question, interval, percent
from penchant.eval.rows import Row, aligned, table
from penchant.eval.subsets import by_phrasing

if TYPE_CHECKING:
    from penchant.eval.judge import WinRate
    from penchant.model.remote import Endpoint

LEGEND = """\
win %      comparisons in which the judge prefers the method's answer in both orders, plus half of the undecided ones;
           in brackets the 95 % interval over users
p          of a win rate as far from 50 % if neither were better for anybody, corrected by Holm over all lines
tied       both orders say tie; torn: the orders disagree; same: both wrote the same text, and the judge is not asked
unusable   comparisons left out, as the judge's answers were neither A nor B nor tie
agree %    comparisons put to the judge in which both orders agree; alpha: Krippendorff's, between the two orders
choice     share of pairs in which a model that is asked to choose names the answer that the person chose
A win rate is no better than its judge; where the orders disagree often, or alpha is low, it says little."""
"""What the columns of the tables mean."""
_HEAD = (
    "wording",
    "method",
    "over",
    "win %",
    "95 % interval",
    "p",
    "n",
    "users",
    "won",
    "lost",
    "tied",
    "torn",
    "same",
    "unusable",
    "agree %",
    "alpha",
)


def measure(inputs: Inputs) -> Answer:
    """Win rates of answers that every method writes to people's prompts under mixed evidence; then models' choices.

    Raises:
        ConfigError: no judge is named.
        RecordError: no person has any evidence, or a method cannot show a person's evidence.
        ModelError: none of the judge's answers was usable, or the endpoint failed.
    """
    if inputs.judge is None:
        raise ConfigError("answers are compared by a language model; name its recipe with `judge`")
    from penchant.eval.judge import ANSWER_TOKENS, askable

    inputs.bench.dropped = 0
    parts = by_phrasing(inputs.records)
    conditions = {name: draw_condition(records, "mixed", seed=inputs.seed) for name, records in parts.items()}
    judged = {name: askable(condition) for name, condition in conditions.items()}
    counts = _counts(inputs, list(conditions.values()), list(judged.values()))
    rates, counts["unshown"] = _win_rates(inputs, inputs.judge, judged)
    chosen = _choices(inputs, list(conditions.values()))
    findings = {
        "judge": inputs.judge.name,
        "answer_tokens": ANSWER_TOKENS,
        "counts": counts,
        "account": asdict(inputs.judge.account),
        "win_rates": [{"phrasing": name, **rate.as_json()} for name, rate in rates],
        "choice": [row.as_json() for row in chosen],
    }
    return Answer(findings=findings, lines=tuple(lines(rates, chosen, judge=inputs.judge.name)))


def _counts(inputs: Inputs, conditions: Sequence[Condition], judged: Sequence[Condition]) -> dict[str, int]:
    """How many records are judged and why others are not; notes the latter."""
    personas = [persona for condition in conditions for persona in condition.personas]
    records, bare = len(personas), sum(not persona.evidence for persona in personas)
    asked = sum(len(condition.records) for condition in judged)
    repeated = records - bare - asked
    if not asked:
        raise RecordError(f"none of the {records} records shows any evidence of its person; nothing to judge by")
    if bare:
        inputs.reporter.note(f"{bare} of {records} records show no evidence of their person and are not judged")
    if repeated:
        inputs.reporter.note(f"{repeated} of {records} records repeat a prompt of their person; it is answered once")
    return {"records": records, "bare": bare, "judged": asked, "repeated": repeated}


def _win_rates(
    inputs: Inputs, endpoint: Endpoint, judged: Mapping[str, Condition]
) -> tuple[list[tuple[str, WinRate]], int]:
    """Per wording and pair of methods, the win rate; and the number of evidence items that the judge was not shown."""
    from penchant.eval import judge

    bench, report = inputs.bench, inputs.reporter
    total = len(judge.methods(bench)) * sum(len(condition.records) for condition in judged.values())
    with report.bar(total, "writing answers") as advance:
        texts = {name: judge.write(bench, condition, progress=advance) for name, condition in judged.items()}
    comparisons = [
        (name, method, rival, judge.cases(bench, condition, texts[name][method], texts[name][rival]))
        for name, condition in judged.items()
        for method, rival in judge.pairs(bench)
    ]
    every = [case for *_, cases in comparisons for case in cases]
    with report.bar(judge.questions(every), "judging") as advance:
        verdicts = iter(judge.judge(endpoint, every, progress=advance))
    report.note(f"judge {endpoint.name}: {endpoint.account}")
    left_out = judge.left_out(every)
    if left_out:
        report.note(f"the judge was not shown {left_out} items of evidence, the oldest of people with very many")
    rates = judge.corrected(
        [
            judge.WinRate.of(method, rival, cases, [next(verdicts) for _ in cases], seed=inputs.seed)
            for _, method, rival, cases in comparisons
        ]
    )
    return [(name, rate) for (name, *_), rate in zip(comparisons, rates, strict=True)], left_out


def _choices(inputs: Inputs, conditions: Sequence[Condition]) -> list[Row]:
    """The rows of what models choose when they are shown both answers."""
    from penchant.eval.choice import choices

    bench = inputs.bench
    passes = (1 + len(bench.policies)) * len(conditions)
    with inputs.reporter.bar(passes, "asking for choices") as advance:
        bench.done = lambda _name: advance(1)
        rows = [row for one in conditions for scores in choices(bench, one) for row in scores.rows(bench.setting)]
    # what the budget left out of the prompts to write to is counted as well
    inputs.note_dropped(2 * passes)
    return rows


def lines(rates: Sequence[tuple[str, WinRate]], chosen: Sequence[Row], *, judge: str) -> Iterator[str]:
    """The answer as text for a terminal.

    Args:
        rates: with their wordings.
        chosen: rows of models' choices.
        judge: the judge's name.
    """
    yield f"answers under mixed evidence, judged by {judge}"
    yield aligned(_HEAD, [_cells(wording, rate) for wording, rate in rates], texts=3)
    yield "\n" + table([row for row in chosen if row.attribute == "all"]) + "\n"
    yield LEGEND


def _cells(wording: str, rate: WinRate) -> tuple[str, ...]:
    counts = (rate.n, rate.users, rate.won, rate.lost, rate.tied, rate.torn, rate.same, rate.unusable)
    return (
        wording,
        rate.method,
        rate.rival,
        percent(rate.rate),
        interval(rate.ci95) or "–",
        "–" if rate.p_holm is None else probability(rate.p_holm),
        *map(str, counts),
        percent(rate.consistency),
        "–" if rate.alpha is None else f"{rate.alpha:.3f}",
    )


JUDGE = Question(
    name="judge",
    asks="Which written answers does a judge expect people to prefer?",
    title="Whose answers does a judge prefer?",
    needs=("models", "judge"),
    takes=("annotator", "neutral"),
    measure=measure,
)
