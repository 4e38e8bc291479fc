"""The parts of the page of `--suite all`: what was asked, for somebody who knows nothing of it, and what was found."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from penchant.cli.suites.bias import Bias
from penchant.cli.suites.control import CONTROLLED
from penchant.cli.suites.cost import known
from penchant.eval.plots import item_curves
from penchant.eval.report import Section
from penchant.eval.rows import is_variant

if TYPE_CHECKING:
    from penchant.audit.bias import Changed
    from penchant.eval.control import Control, Share
    from penchant.eval.cost import Cost
    from penchant.eval.measured import Measured


_LENGTHS = {"--out": 2, "--baselines": 2, "--fit-data": 2, "--overwrite": 1, "--neutral": 1}
"""Options that not every question reads, and how many words each is."""
_READ: dict[str, set[str]] = {
    "limited": {"--neutral"},
    "control": {"--neutral"},
    "bias": set(),
    "cost": {"--neutral", "--baselines"},
}
"""Those that a question does read when it is asked alone; bias asks both ways."""


def of_some(section: Section, asked: int, pairs: int) -> Section:
    """The part, which says so where it asked fewer pairs than its command does."""
    if asked == pairs:
        return section
    note = f"Of {asked:,} pairs, the first people's of each wording; the command asks all {pairs:,}."
    return replace(section, asked=note)


def _alone(command: str, suite: str) -> str:
    """The command of one question, less the options that it does not read."""
    words = shlex.split(command.replace("--suite all", f"--suite {suite}"))
    lengths = {word: length for word, length in _LENGTHS.items() if word not in _READ[suite]}
    unread = {place + i for place, word in enumerate(words) for i in range(lengths.get(word, 0))}
    return shlex.join(word for place, word in enumerate(words) if place not in unread)


def limited(few: Measured, command: str) -> Section:
    """Accuracy by the number of items shown, as curves."""
    rows = [row for row in few.rows() if row.attribute == "all" and row.phrasing != "unseen"]
    lines = [row for row in rows if not is_variant(row.method) and row.method not in ("coverage", "longer", "habit")]
    return Section(
        title="How much is learned from little?",
        lead="The same pairs, asked after the first 0, 1, 2, 4, … items of what a person wrote and chose, the earliest "
        "first. The dashed line is the most that anybody could expect from the same items, where it is known.",
        command=_alone(command, "limited"),
        figure=item_curves(lines),
    )


def control(found: Mapping[str, Sequence[Control]], command: str) -> Section:
    """What turns when directions are turned, by wording."""
    head = ("method", "directions", "wording", *CONTROLLED.values())
    body = tuple(
        (one.method, one.directions, wording, *(_share(getattr(one, name)) for name in CONTROLLED))
        for wording, part in found.items()
        for one in part
    )
    return Section(
        title="Is the person in control?",
        lead="We state a person's directions, then turn all of them, or one, and ask the same pairs again. Decisions "
        "should turn with everything turned, follow the one that is turned, and stay where a pair is about something "
        "else. In %, with the 95 % interval over people, of so many.",
        command=_alone(command, "control"),
        head=head,
        body=body,
        left_out=tuple(
            f"{one.method}, {one.directions}{f', {wording}' * (len(found) > 1)}: {lost}"
            for wording, part in found.items()
            for one in part
            for lost in one.left_out()
        ),
    )


def bias(found: Mapping[str, Bias], command: str, why: str = "") -> Section:
    """What changes with words of gender or age, by method; `why` there is nothing where nothing was measured."""

    def line(name: str, one: Changed) -> tuple[str, ...]:
        low, high = (100 * end for end in one.ci95)
        held = "–" if one.directions is None else f"{100 * one.directions:.1f}"
        words = f"{one.how}{', made neutral' if one.neutral else ''}"
        return name, one.trait, words, f"{100 * one.decisions:.1f} ({low:.1f}–{high:.1f})", held, str(one.pairs)

    title = "Does it decide by gender or age?"
    if not found:
        return Section(
            title=title,
            lead=f"Not measured: {why}.",
            command="",
        )
    return Section(
        title=title,
        lead="Nothing but words of gender or age is swapped in what is shown of a person (own words), or stated "
        "besides (“I am a woman.”, “I am a man.”); every decision that changes was made for a group. Then the same "
        "with these words made neutral. What neutral words cost in accuracy: "
        + ", ".join(f"{name} {100 * part.neutral_words.difference:+.1f} points" for name, part in found.items())
        + ".",
        command=_alone(command, "bias"),
        head=("method", "trait", "words", "decisions that change, %", "inferred directions that change, %", "pairs"),
        body=tuple(line(name, one) for name, part in found.items() for one in part.changed)
        + tuple((name, trait, "own words", "–", "–", "0") for name, part in found.items() for trait in part.silent()),
        left_out=tuple(f"{name}, {lost}" for name, part in found.items() for lost in part.left_out()),
    )


def cost(found: Sequence[Cost], command: str) -> Section:
    """Tokens and time, a method a line."""
    return Section(
        title="What does it cost?",
        lead="What a method is told of a person on mixed evidence, how long it takes to score a pair (a person's "
        "history is read once for all of their pairs), and how long until the first token of an answer is written. "
        "Learned scorers, if there are any, are told no prompt and write nothing; their time includes embedding every "
        "text once. "
        "Taken once, on this machine: comparisons that hold need repeating. The command asks for memory as well, which "
        "can only be told alone.",
        command=_alone(command, "cost"),
        head=("method", "prompt tokens", "ms a pair", "ms to first token", "pairs"),
        body=tuple(
            (
                one.method,
                known(one.prompt_tokens),
                f"{one.ms_per_pair:.2f}",
                known(one.ms_to_first_token),
                str(one.pairs),
            )
            for one in found
        ),
    )


def _share(found: Share | None) -> str:
    if found is None:
        return "–"
    return f"{100 * found.value:.1f} ({100 * found.ci95[0]:.1f}–{100 * found.ci95[1]:.1f}) of {found.n:,}"
