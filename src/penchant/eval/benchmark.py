"""A benchmark of models on records: every persona setting, every method, the controls beside them.

What is shown of a person is decided once per setting (`show`) and goes to all methods, controls and limits alike. The
reference's likelihoods under a setting are computed once and shared by all policies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.controls import CONTROLS, swap_personas
from penchant.eval.score import Margins, Scored, Setting
from penchant.method import METHODS, Method
from penchant.model.base import Model
from penchant.person import Person, meet_record
from penchant.persona import Persona, PersonaKind
from penchant.record import Record
from penchant.render import BRIDGES, Layout, Rendered
from penchant.scorer.implicit import Meet, PairLikelihoods, pair_likelihoods, prompts
from penchant.space import Direction, PreferenceSpace


class KnownRule(Protocol):
    """The rule behind simulated records, so that the limit of any method is known."""

    @property
    def noise(self) -> float:
        """Share of choices that go against the person's true direction."""
        ...

    def probability(self, record: Record, persona: Persona) -> float:
        """P(the chosen answer is preferred | what is shown), by the ideal observer."""
        ...

    def covered(self, record: Record, persona: Persona) -> bool:
        """Whether the evidence mentions any dimension that the pair is about."""
        ...


@dataclass(frozen=True, slots=True)
class Shown:
    """Records with the part of each persona that a setting shows."""

    persona: str
    """ugc, pair, demo, mixed, none or shuffled."""
    records: tuple[Record, ...]
    personas: tuple[Persona, ...]


def show(records: Sequence[Record], persona: str, *, seed: int, swapped: PersonaKind = "mixed") -> Shown:
    """What one setting shows; `shuffled` is somebody else's persona, of the kind `swapped`.

    A mixed persona is drawn once per person, so that all of a person's pairs are asked of the same evidence. Those that
    are equal are one object, so that what was worked out of one is found again at once.
    """
    if persona == "shuffled":
        # a record that names no user is a person of its own, as everywhere
        records = swap_personas([replace(r, user_id=r.person_id) for r in records], seed=seed)
    kind: PersonaKind = swapped if persona == "shuffled" else persona  # type: ignore[assignment]
    same: dict[Persona, Persona] = {}
    shown = (r.persona.select(kind, seed=f"{seed}:{r.person_id}") for r in records)
    return Shown(persona, tuple(records), tuple(same.setdefault(one, one) for one in shown))


@dataclass
class Bench:
    """Models and settings of one table."""

    setting: Setting
    layout: Layout
    space: PreferenceSpace
    reference: Model
    policies: Mapping[str, Model]
    """Method name -> the model trained for it."""
    max_prompt_tokens: int | None = None
    rule: KnownRule | None = None
    swapped: PersonaKind = "mixed"
    """What is shown of somebody else in the setting `shuffled`."""
    believed: Callable[[Persona], Persona] = lambda persona: persona
    """What methods are told of a persona: its evidence with other directions, where they are inferred. Limits and
    controls see the persona itself."""
    summary: Callable[[Persona], str | None] = lambda _persona: None
    """What was written of somebody who shows this evidence; None has the belief put into words."""
    golden: bool = False
    """Whether to add `pba_golden`, the true direction in place of the inferred; for simulated people only."""
    draws: int = 0
    """Directions drawn from each belief, over which `pba_drawn` averages; 0 leaves it out."""
    done: Callable[[str], None] = lambda _: None
    """Told the name of every finished pass, for progress."""
    dropped: int = 0
    """Items of evidence that the token budget left out, over all passes."""
    _cache: dict[tuple[str, str], PairLikelihoods] = field(default_factory=dict)

    def passes(self, personas: Sequence[str]) -> int:
        """How many passes over the records `run` will make, for progress."""
        count = len(self.policies)
        policies = {METHODS[name].content for name in self.policies}
        shuffled = count + len(policies | {"history"} if policies - {"none"} else policies)
        # the history under mixed evidence is shared with that setting, if it is asked for
        golden = 2 * len(self._bridged()) + ("mixed" not in personas) if self.golden and self._bridged() else 0
        return len(personas) * self.passes_of_one() + (count + 1) + shuffled + golden

    def passes_of_one(self) -> int:
        """How many passes `measure` makes where nothing was asked of the same evidence before."""
        contents = {METHODS[name].content for name in self.policies} | {"history"}
        return len(self.policies) + len(contents) + self.draws * len(self._bridged())

    def score(self, records: Sequence[Record], personas: Sequence[str]) -> list[Scored]:
        """Margins for every persona setting, then `none` and `shuffled` for each trained method.

        Raises:
            RecordError: fewer than two people, or a record that a method has nothing to show for.
        """
        self._cache.clear()
        self.dropped = 0
        # all are drawn before the first pass, so that records of one person alone are refused before any work
        told, blind = self.shown(records, personas)
        result: list[Scored] = []
        for shown in told:
            result.extend(self.measure(shown))
            result.extend(self._coverage(shown))
        for shown in blind:
            result.extend(self._blind(shown))
        if self.golden:
            for name in self._bridged():
                result.extend(self._golden(name, show(records, "mixed", seed=self.setting.seed)))
        return result

    def shown(self, records: Sequence[Record], personas: Sequence[str]) -> tuple[list[Shown], list[Shown]]:
        """What `score` shows: of everybody's own evidence, and in the settings in which nothing true is shown."""
        seed = self.setting.seed
        # where nothing true is shown, wording that nobody was trained on adds nothing
        familiar = [record for record in records if record.provenance.phrasing != "unseen"] or records
        told = [show(records, persona, seed=seed) for persona in personas]
        return told, [show(familiar, persona, seed=seed, swapped=self.swapped) for persona in ("none", "shuffled")]

    def _bridged(self) -> list[str]:
        """Methods to be measured that show what was inferred of a person: pba, over one bridge or another."""
        return [name for name in self.policies if METHODS[name].content in BRIDGES]

    def measure(self, shown: Shown) -> Iterator[Scored]:
        """Margins of everything that is told the same of each person: controls, the ideal observer, models."""
        guesses = self._guesses(shown)
        ceiling = None if guesses is None else np.maximum(guesses, 1 - guesses)
        for name, control in CONTROLS.items():
            yield _scored(name, shown, control(shown.records, shown.personas), ceiling)
        if guesses is not None:
            yield _scored("ideal", shown, guesses - 0.5, ceiling)
        yield _scored("few_shot", shown, self._reference_likelihoods("few_shot", shown).raw(), ceiling)
        for name in self.policies:
            for suffix, margins in self._variants(METHODS[name], shown).items():
                yield _scored(name + suffix, shown, margins, ceiling)
        for name in self._bridged() if self.draws else ():
            yield _scored(f"{name}_drawn", shown, self._drawn(name, shown), ceiling)

    def _drawn(self, name: str, shown: Shown) -> Margins:
        """Expected margin of PBA over the directions that the person might hold, in place of the likeliest one's.

        Directions are drawn once per person and round, so that all of a person's pairs are asked of the same ones.
        """
        history, meet = self._reference_likelihoods("few_shot", shown), self._meeting()
        sums = np.zeros(len(shown.records))
        for draw in range(self.draws):

            def met(record: Record, persona: Persona, draw: int = draw) -> Person:
                person = meet(record, persona)
                if person.profile is not None or person.belief is None or not person.belief.items:
                    return person
                who = record.person_id
                return replace(person, profile=person.belief.draw(f"{self.setting.seed}:{draw}:{who}"))

            sums += self.likelihoods(self.policies[name], METHODS[name], shown, met).raw()
        return sums / self.draws - history.raw()

    def _blind(self, shown: Shown) -> Iterator[Scored]:
        """Settings in which nothing true is shown of the person; the limit is chance."""
        ceiling = None if self.rule is None else np.full(len(shown.records), 0.5)
        if shown.persona == "none":
            yield _scored("chance", shown, np.zeros(len(shown.records)), ceiling)
            yield _scored("base", shown, self._reference_likelihoods("few_shot", shown).raw(), ceiling)
        for name in self.policies:
            yield _scored(name, shown, self._variants(METHODS[name], shown)[""], ceiling)

    def _golden(self, name: str, shown: Shown) -> Iterator[Scored]:
        """PBA with the person's true direction in place of the belief."""
        known = replace(shown, records=tuple(replace(r, profile=r.golden) for r in shown.records))
        ours, same = (self.likelihoods(model, METHODS[name], known) for model in (self.policies[name], self.reference))
        history = self._reference_likelihoods("few_shot", shown)
        ceiling = None if self.rule is None else np.full(len(shown.records), 1 - self.rule.noise)
        yield _scored(f"{name}_golden", shown, ours.raw() - history.raw(), ceiling)
        yield _scored(f"{name}_golden_same_prompt", shown, ours.raw() - same.raw(), ceiling)

    def _variants(self, method: Method, shown: Shown) -> dict[str, Margins]:
        """Margins of one trained method by variant; "" is the published metric."""
        ours = self.likelihoods(self.policies[method.name], method, shown)
        if method.content == "none":  # the published reference reads a history that this policy is not told
            return {"": ours.raw() - self._reference_likelihoods(method.name, shown).raw(), "_raw": ours.raw()}
        history = self._reference_likelihoods("few_shot", shown)
        same = self._reference_likelihoods(method.name, shown)
        return {
            "": ours.raw() - history.raw(),
            "_same_prompt": ours.raw() - same.raw(),
            "_raw": ours.raw(),
            "_normalised": ours.per_token() - history.per_token(),
        }

    def _reference_likelihoods(self, method: str, shown: Shown) -> PairLikelihoods:
        key = ("none" if shown.persona == "none" else METHODS[method].content, shown.persona)
        if key not in self._cache:
            self._cache[key] = self.likelihoods(self.reference, METHODS[method], shown)
        return self._cache[key]

    def likelihoods(self, model: Model, method: Method, shown: Shown, met: Meet | None = None) -> PairLikelihoods:
        """Both answers of all records under one model; counts what a budget left out.

        Args:
            met: how a record and what is shown of its person become that person; None believes what the bench does.
        """
        result = pair_likelihoods(
            model,
            method,
            shown.records,
            shown.personas,
            met or self._meeting(),
            layout=self.layout,
            max_prompt_tokens=self.max_prompt_tokens,
        )
        self.dropped += result.dropped
        self.done(f"{model.name}, {shown.persona}")
        return result

    def model(self, name: str) -> Model:
        """The model that a method asks: the policy trained for it, or the reference where it needs none."""
        return self.policies[name] if METHODS[name].trained else self.reference

    def prompts(self, name: str, shown: Shown, met: Meet | None = None) -> list[Rendered]:
        """What a method shows its model for each record, (records,); counts what a budget left out.

        Args:
            met: as in `likelihoods`.
        Raises:
            RecordError: the method has nothing to show for a record, or its task alone is beyond the budget.
        """
        found = prompts(
            self.model(name),
            METHODS[name],
            shown.records,
            shown.personas,
            met or self._meeting(),
            layout=self.layout,
            max_prompt_tokens=self.max_prompt_tokens,
        )
        self.dropped += sum(one.dropped for one in found)
        return found

    def margins(self, name: str, shown: Shown, met: Meet | None = None) -> NDArray[np.float64]:
        """Margins of one policy against the reference given the same prompt, (records,)."""
        models = (self.policies[name], self.reference)
        ours, theirs = (self.likelihoods(model, METHODS[name], shown, met).raw() for model in models)
        return ours - theirs

    def _meeting(self) -> Meet:
        """How people are met in one pass; of those who are shown and stated alike the belief is worked out once."""
        known: dict[tuple[Persona, Direction | None], Person] = {}

        def met_once(record: Record, persona: Persona) -> Person:
            key = (persona, record.profile)
            if key not in known:
                known[key] = meet_record(record, self.believed(persona), self.space, summary=self.summary(persona))
            return known[key]

        return met_once

    def limits(self, shown: Shown) -> NDArray[np.float64] | None:
        """Expected accuracy of the ideal observer per record."""
        guesses = self._guesses(shown)
        return None if guesses is None else np.maximum(guesses, 1 - guesses)

    def _guesses(self, shown: Shown) -> NDArray[np.float64] | None:
        """The ideal observer's probability of each choice, where the rule is known."""
        if self.rule is None:
            return None
        return np.array([self.rule.probability(r, p) for r, p in zip(shown.records, shown.personas, strict=True)])

    def _coverage(self, shown: Shown) -> Iterator[Scored]:
        """Somebody who knows for certain each dimension that the evidence mentions, and nothing of the others."""
        if self.rule is not None:
            known = [self.rule.covered(r, p) for r, p in zip(shown.records, shown.personas, strict=True)]
            expected = np.where(known, 1 - self.rule.noise, 0.5)
            yield Scored("coverage", shown.persona, shown.records, expected - 0.5, expected, limit=True)


def _scored(method: str, shown: Shown, margins: Margins, ceiling: NDArray[np.float64] | None) -> Scored:
    return Scored(method, shown.persona, shown.records, margins, ceiling)
