"""How much is learned from little evidence: the same pairs, with only the first few items of each history."""

from __future__ import annotations

from collections.abc import Sequence

from penchant.eval.beliefs import ITEMS
from penchant.eval.bench import Condition
from penchant.eval.measured import Measured
from penchant.eval.questions.base import Answer, Inputs, Question, Section
from penchant.persona import Persona
from penchant.record import Record


def first_items(records: Sequence[Record]) -> list[Condition]:
    """Conditions that show the first 0, 1, 2, 4, ... items of behaviour, up to the longest history; no description.

    For a person with fewer items, all items are shown.
    """
    histories = [record.persona.select("behaviour").items for record in records]
    longest = max(map(len, histories), default=0)
    return [
        Condition(f"first {count}", tuple(records), tuple(Persona(history[:count]) for history in histories))
        for count in ITEMS
        if count <= longest
    ]


def measure(inputs: Inputs) -> Answer:
    """Margins of everything that sees evidence, by the number of items shown."""
    bench, conditions = inputs.bench, first_items(inputs.records)
    with inputs.passes(len(conditions) * bench.passes_per_condition()):
        scored = tuple(one for condition in conditions for one in bench.measure(condition))
    measured = Measured(bench.setting, scored)
    return Answer(measured=measured, section=section(measured))


def section(measured: Measured) -> Section:
    """Accuracy by the number of items shown, as curves."""
    from penchant.eval.plots import item_curves

    rows = [row for row in measured.rows() if row.attribute == "all" and row.phrasing != "unseen"]
    lines = [row for row in rows if row.role != "reading" and row.method not in ("coverage", "longer", "habit")]
    return Section(
        lead="The same pairs, asked after the first 0, 1, 2, 4, … items of what a person wrote and chose, earliest "
        "first. The dashed line is the most that any method could reach from the same items, where it is known.",
        figure=item_curves(lines),
    )


LIMITED = Question(
    name="limited",
    asks="How accurate are models with 0, 1, 2, 4, … items of evidence?",
    title="How much is learned from little?",
    needs=("models",),
    takes=("annotator", "neutral"),
    measure=measure,
    report_pairs=2_000,
)
