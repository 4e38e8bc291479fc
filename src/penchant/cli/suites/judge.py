"""`penchant eval --suite judge`: answers of every model, compared by a language model, and what models choose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from penchant.cli.aligned import say_dropped
from penchant.cli.output import as_json, bar, result, say
from penchant.errors import RecordError
from penchant.record import Record

if TYPE_CHECKING:
    from penchant.eval.benchmark import Bench, Shown
    from penchant.eval.judge import WinRate
    from penchant.eval.rows import Row
    from penchant.model.remote import Endpoint

LEGEND = """\
win %      comparisons in which the judge prefers the method's answer in both orders, half of the undecided added; in
           brackets the 95 % interval over users
p          of a win rate as far from 50 % if neither were better for anybody, corrected by Holm over all lines
tied       both orders say tie; torn: the orders disagree; same: the same text twice, not asked about
unusable   comparisons left out, as the judge's answers were neither A nor B nor tie
agree %    of the comparisons asked about: both orders say the same; alpha: Krippendorff's, of the two orders
choice     share of pairs in which a model that is asked outright names the answer that the person chose
A win rate is no better than its judge; where the orders disagree often, or alpha is low, it says little."""
"""What the columns of the table mean."""


def run(bench: Bench, wordings: Mapping[str, Sequence[Record]], endpoint: Endpoint, *, json: bool) -> None:
    """Writes an answer per method to what each person asks under mixed evidence, has them judged, and prints it.

    Raises:
        RecordError: no person shows any evidence, or a method has nothing to show of one.
        ModelError: none of the judge's answers was usable, or the endpoint gave out.
    """
    from penchant.eval import judge
    from penchant.eval.benchmark import show
    from penchant.eval.choice import choices
    from penchant.model.card import versions

    setting = bench.setting
    shown = {name: show(some, "mixed", seed=setting.seed) for name, some in wordings.items()}
    asked = {name: judge.askable(one) for name, one in shown.items()}
    counts = _counted(shown.values(), asked.values())
    count = len(judge.methods(bench))
    with bar(count * counts["judged"], "writing answers") as advance:
        texts = {name: judge.write(bench, one, progress=advance) for name, one in asked.items()}
    compared = [
        (name, pair, judge.cases(bench, one, *(texts[name][method] for method in pair)))
        for name, one in asked.items()
        for pair in judge.pairs(bench)
    ]
    every = [case for _, _, some in compared for case in some]
    with bar(judge.questions(every), "judging") as advance:
        verdicts = iter(judge.judge(endpoint, every, progress=advance))
    say(f"judge {endpoint.name}: {endpoint.account}")
    counts["unshown"] = judge.left_out(every)
    if counts["unshown"]:
        say(f"the judge was not shown {counts['unshown']} items of evidence, the oldest of people with very many")
    rates = judge.corrected(
        [judge.WinRate.of(*pair, some, [next(verdicts) for _ in some], seed=setting.seed) for _, pair, some in compared]
    )
    found = [(name, rate) for (name, _, _), rate in zip(compared, rates, strict=True)]
    with bar(count * len(shown), "asking for choices") as advance:
        bench.done = lambda _: advance(1)
        chosen = [row for one in shown.values() for scored in choices(bench, one) for row in scored.rows(setting)]
    say_dropped(bench, 2 * count * len(shown))
    if json:
        told = {
            "suite": "judge",
            "seed": setting.seed,
            "judge": endpoint.name,
            "answer_tokens": judge.ANSWER_TOKENS,
            "counts": counts,
            "account": asdict(endpoint.account),
            "win_rates": [{"phrasing": name, **rate.as_json()} for name, rate in found],
            "choice": [row.as_json() for row in chosen],
            "versions": versions(),
        }
        result(as_json(told))
        return
    result(_table(found, endpoint.name))
    result(_choices(chosen))
    result(LEGEND)


def _counted(shown: Iterable[Shown], asked: Iterable[Shown]) -> dict[str, int]:
    """What became of the records; says what is left out."""
    people = [persona for one in shown for persona in one.personas]
    counts = {"records": len(people), "bare": sum(not persona.evidence for persona in people)}
    counts["judged"] = sum(len(one.records) for one in asked)
    counts["repeated"] = counts["records"] - counts["bare"] - counts["judged"]
    if not counts["judged"]:
        raise RecordError(f"none of the {len(people)} records shows any evidence of its person; nothing to judge by")
    if counts["bare"]:
        say(f"{counts['bare']} of {len(people)} records show nothing of their person and are not judged")
    if counts["repeated"]:
        say(f"{counts['repeated']} of {len(people)} records ask what their person asked before; it is answered once")
    return counts


def _table(found: Sequence[tuple[str, WinRate]], name: str) -> str:
    from penchant.eval.contrasts import probability

    head = (
        *("wording", "method", "over", "win %", "95 % interval", "p", "n", "users"),
        *("won", "lost", "tied", "torn", "same", "unusable", "agree %", "alpha"),
    )
    lines: list[tuple[str, ...]] = [head]
    for phrasing, one in found:
        lines.append(
            (
                *(phrasing, one.method, one.rival, _percent(one.rate)),
                "–" if one.ci95 is None else f"({_percent(one.ci95[0])}–{_percent(one.ci95[1])})",
                "–" if one.p_holm is None else probability(one.p_holm),
                *map(str, (one.n, one.users, one.won, one.lost, one.tied, one.torn, one.same, one.unusable)),
                _percent(one.consistency),
                "–" if one.alpha is None else f"{one.alpha:.3f}",
            )
        )
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    told = [f"answers under mixed evidence, judged by {name}"]
    for line in lines:
        cells = enumerate(zip(line, widths, strict=True))
        told.append("  ".join(cell.ljust(w) if i < 3 else cell.rjust(w) for i, (cell, w) in cells))
    return "\n".join(told)


def _choices(rows: Sequence[Row]) -> str:
    from penchant.eval.rows import table

    return "\n" + table([row for row in rows if row.attribute == "all"]) + "\n"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"
