"""Scores models, controls and limits on the same records.

A condition fixes the evidence shown for each person; all methods, controls and limits get the same evidence. A policy
is an aligned model, and the reference is its base. The likelihoods of the reference are computed once per condition,
and all policies share them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.errors import ConfigError
from penchant.eval.rows import Role
from penchant.eval.score import Margins, Scored, Setting
from penchant.method import METHODS, Method
from penchant.model.base import Model
from penchant.person import Person, meet_record
from penchant.persona import Persona, PersonaKind
from penchant.record import Record
from penchant.render import Layout, Rendered
from penchant.rules import CONTROLS, swap_personas
from penchant.scorer.implicit import Meet, PairLikelihoods, pair_likelihoods, prompts
from penchant.space import Direction, PreferenceSpace


class KnownRule(Protocol):
    """The rule behind simulated records, which gives the limit of any method."""

    @property
    def noise(self) -> float:
        """Share of choices that go against the person's true direction."""
        ...

    def probability(self, record: Record, persona: Persona) -> float:
        """P(the chosen answer is preferred | the evidence shown), by the ideal observer."""
        ...

    def covered(self, record: Record, persona: Persona) -> bool:
        """Whether the evidence mentions any dimension that the pair is about."""
        ...


@dataclass(frozen=True, slots=True)
class Condition:
    """Records with the evidence that is shown of each person."""

    persona: str
    """ugc, pair, demo, behaviour, mixed, all, none, shuffled, `first n` or `after n`."""
    records: tuple[Record, ...]
    personas: tuple[Persona, ...]

    def at(self, positions: Sequence[int]) -> Condition:
        """The same condition for some of the records."""
        records = tuple(self.records[i] for i in positions)
        return Condition(self.persona, records, tuple(self.personas[i] for i in positions))


def draw_condition(records: Sequence[Record], persona: str, *, seed: int, swapped: PersonaKind = "mixed") -> Condition:
    """Records under one condition; `shuffled` shows another person's evidence, of the kind `swapped`.

    A mixed persona is drawn once per person, so that all pairs of a person are asked with the same evidence. Equal
    personas are one object, so that results computed for one are found again at once.
    """
    if persona == "shuffled":
        # a record without a user is a person of its own, as everywhere
        records = swap_personas([replace(r, user_id=r.person_id) for r in records], seed=seed)
    kind: PersonaKind = swapped if persona == "shuffled" else persona  # type: ignore[assignment]
    distinct: dict[Persona, Persona] = {}
    selected = (record.persona.select(kind, seed=f"{seed}:{record.person_id}") for record in records)
    return Condition(persona, tuple(records), tuple(distinct.setdefault(one, one) for one in selected))


@dataclass
class Bench:
    """Models and settings of one table."""

    setting: Setting
    layout: Layout
    space: PreferenceSpace
    reference: Model | None
    """The base; None where only learned scorers are measured."""
    policies: Mapping[str, Model] = field(default_factory=dict)
    """Method name -> the model aligned for it."""
    decoders: Mapping[str, Model] = field(default_factory=dict)
    """Name -> a decoder over the reference, which is told of the person as `few_shot` is."""
    max_prompt_tokens: int | None = None
    rule: KnownRule | None = None
    swapped: PersonaKind = "mixed"
    """The kind of evidence that the condition `shuffled` shows."""
    believed: Callable[[Persona], Persona] = lambda persona: persona
    """The persona as methods see it, for instance with directions that an annotator read. Limits and controls see the
    persona itself."""
    summary: Callable[[Persona], str | None] = lambda _persona: None
    """A written summary of a persona; None puts the belief into words."""
    golden: bool = False
    """Whether to add PBA with the true direction; for simulated people only."""
    draws: int = 0
    """Directions drawn from each belief, over which the variant `drawn` averages; 0 leaves it out."""
    done: Callable[[str], None] = lambda _: None
    """Called with a name after every pass, for progress."""
    dropped: int = 0
    """Items of evidence that the token budget left out, over all passes."""
    _cache: dict[tuple[str, str], PairLikelihoods] = field(default_factory=dict)

    def passes(self, personas: Sequence[str]) -> int:
        """The number of passes over the records that `score` makes, for progress."""
        if self.reference is None:
            return 0
        count = len(self.policies)
        contents = {METHODS[name].content for name in self.policies}
        shuffled = count + len(contents | {"history"} if contents - {"none"} else contents)
        # the history under mixed evidence is shared with that condition, if it is measured
        golden = 2 * len(self._bridged()) + ("mixed" not in personas) if self.golden and self._bridged() else 0
        blind = (count + 1) + shuffled + len(self.decoders)
        return len(personas) * self.passes_per_condition() + blind + golden

    def passes_per_condition(self) -> int:
        """The number of passes that `measure` makes under a condition that was not measured before."""
        if self.reference is None:
            return 0
        contents = {METHODS[name].content for name in self.policies} | {"history"}
        return len(self.policies) + len(contents) + self.draws * len(self._bridged()) + len(self.decoders)

    def score(self, records: Sequence[Record], personas: Sequence[str]) -> list[Scored]:
        """Margins under every condition, then `none` and `shuffled` for each trained method.

        Raises:
            RecordError: fewer than two people, or a record whose evidence a method cannot show.
        """
        self._cache.clear()
        self.dropped = 0
        # all conditions are drawn before the first pass, so that records of a single person are refused before any work
        informed, blind = self.conditions(records, personas)
        scored: list[Scored] = []
        for drawn in informed:
            scored.extend(self.measure(drawn))
            scored.extend(self._coverage(drawn))
        for drawn in blind:
            scored.extend(self._blind(drawn))
        if self.golden:
            for name in self._bridged():
                scored.extend(self._golden(name, draw_condition(records, "mixed", seed=self.setting.seed)))
        return scored

    def conditions(self, records: Sequence[Record], personas: Sequence[str]) -> tuple[list[Condition], list[Condition]]:
        """The conditions of `score`: those that show evidence of the person, and `none` and `shuffled`."""
        seed = self.setting.seed
        # unseen wordings add nothing where no evidence of the person is shown
        familiar = [record for record in records if record.provenance.phrasing != "unseen"] or records
        informed = [draw_condition(records, persona, seed=seed) for persona in personas]
        blind = [draw_condition(familiar, name, seed=seed, swapped=self.swapped) for name in ("none", "shuffled")]
        return informed, blind

    def _bridged(self) -> list[str]:
        """Methods to measure that show what was inferred of a person: PBA in one form or another."""
        return [name for name in self.policies if METHODS[name].bridged]

    def measure(self, condition: Condition) -> Iterator[Scored]:
        """Margins of controls, the ideal observer and models, all under one condition."""
        guesses = self._guesses(condition)
        ceiling = None if guesses is None else np.maximum(guesses, 1 - guesses)
        for name, control in CONTROLS.items():
            yield scored(name, condition, control(condition.records, condition.personas), ceiling, role="control")
        if guesses is not None:
            yield scored("ideal", condition, guesses - 0.5, ceiling, role="limit")
        if self.reference is None:
            return
        history = self._reference_likelihoods("few_shot", condition).raw()
        yield scored("few_shot", condition, history, ceiling, role="untrained")
        yield from self._decoded(condition, ceiling)
        for name in self.policies:
            yield from self._readings(METHODS[name], condition, ceiling)
        for name in self._bridged() if self.draws else ():
            yield scored(name, condition, self._drawn(name, condition), ceiling, variant="drawn", role="limit")

    def _decoded(self, condition: Condition, ceiling: NDArray[np.float64] | None) -> Iterator[Scored]:
        for name, decoder in self.decoders.items():
            margins = self.likelihoods(decoder, METHODS["few_shot"], condition).raw()
            yield scored(name, condition, margins, ceiling, role="untrained")

    def _drawn(self, name: str, condition: Condition) -> Margins:
        """Expected margin of PBA over directions that the person might hold, instead of the most probable one.

        Directions are drawn once per person and round, so that all pairs of a person are asked with the same ones.
        """
        history, meet = self._reference_likelihoods("few_shot", condition), self._meeting()
        sums = np.zeros(len(condition.records))
        for draw in range(self.draws):

            def meet_drawn(record: Record, persona: Persona, draw: int = draw) -> Person:
                person = meet(record, persona)
                if person.profile is not None or person.belief is None or not person.belief.items:
                    return person
                seed = f"{self.setting.seed}:{draw}:{record.person_id}"
                return replace(person, profile=person.belief.draw(seed))

            sums += self.likelihoods(self.policies[name], METHODS[name], condition, meet_drawn).raw()
        return sums / self.draws - history.raw()

    def _blind(self, condition: Condition) -> Iterator[Scored]:
        """Conditions that show no evidence of the person; the limit is chance."""
        ceiling = None if self.rule is None else np.full(len(condition.records), 0.5)
        if condition.persona == "none":
            yield scored("chance", condition, np.zeros(len(condition.records)), ceiling, role="limit")
            if self.reference is not None:
                bare = self._reference_likelihoods("few_shot", condition).raw()
                yield scored("base", condition, bare, ceiling, role="untrained")
        else:
            yield from self._decoded(condition, ceiling)
        for name in self.policies:
            published, *_ = self._readings(METHODS[name], condition, ceiling)
            yield published

    def _golden(self, name: str, condition: Condition) -> Iterator[Scored]:
        """PBA with the person's true direction instead of the belief."""
        known = replace(condition, records=tuple(replace(r, profile=r.golden) for r in condition.records))
        ours = self.likelihoods(self.policies[name], METHODS[name], known)
        same = self.likelihoods(self._reference(), METHODS[name], known)
        history = self._reference_likelihoods("few_shot", condition)
        ceiling = None if self.rule is None else np.full(len(condition.records), 1 - self.rule.noise)
        yield scored(name, condition, ours.raw() - history.raw(), ceiling, variant="golden", role="limit")
        same_prompt = ours.raw() - same.raw()
        yield scored(name, condition, same_prompt, ceiling, variant="golden_same_prompt", role="reading")

    def _readings(self, method: Method, condition: Condition, ceiling: NDArray[np.float64] | None) -> Iterator[Scored]:
        """Margins of one trained method: the published metric first, then other readings of the same scores."""
        ours = self.likelihoods(self.policies[method.name], method, condition)
        same = self._reference_likelihoods(method.name, condition)
        if method.content == "none":  # the published reference reads a history that this policy does not see
            yield scored(method.name, condition, ours.raw() - same.raw(), ceiling, role="untrained")
            yield scored(method.name, condition, ours.raw(), ceiling, variant="raw", role="reading")
            return
        history = self._reference_likelihoods("few_shot", condition)
        yield scored(method.name, condition, ours.raw() - history.raw(), ceiling, role="personal")
        others = {
            "same_prompt": ours.raw() - same.raw(),
            "raw": ours.raw(),
            "normalised": ours.per_token() - history.per_token(),
        }
        for variant, margins in others.items():
            yield scored(method.name, condition, margins, ceiling, variant=variant, role="reading")

    def _reference_likelihoods(self, method: str, condition: Condition) -> PairLikelihoods:
        key = ("none" if condition.persona == "none" else METHODS[method].content, condition.persona)
        if key not in self._cache:
            self._cache[key] = self.likelihoods(self._reference(), METHODS[method], condition)
        return self._cache[key]

    def likelihoods(
        self, model: Model, method: Method, condition: Condition, meet: Meet | None = None
    ) -> PairLikelihoods:
        """Both answers of all records under one model; counts the evidence that a budget left out.

        Args:
            meet: how a record and its persona become a person; None uses the bench's own beliefs.
        """
        likelihoods = pair_likelihoods(
            model,
            method,
            condition.records,
            condition.personas,
            meet or self._meeting(),
            layout=self.layout,
            max_prompt_tokens=self.max_prompt_tokens,
        )
        self.dropped += likelihoods.dropped
        self.done(f"{model.name}, {condition.persona}")
        return likelihoods

    def model(self, name: str) -> Model:
        """The model that a method asks: the policy aligned for it, or the reference where it needs none."""
        return self.policies[name] if METHODS[name].trained else self._reference()

    def _reference(self) -> Model:
        if self.reference is None:
            raise ConfigError("there is no base to compare with; name it with `base`")
        return self.reference

    def prompts(
        self, name: str, condition: Condition, meet: Meet | None = None, *, answer_tokens: int = 0
    ) -> list[Rendered]:
        """What a method shows its model for each record, (records,); counts the evidence that a budget left out.

        Args:
            meet: as in `likelihoods`.
            answer_tokens: the longest answer that will be written.
        Raises:
            RecordError: the method cannot show a record's evidence, or a prompt alone exceeds the budget.
        """
        rendered = prompts(
            self.model(name),
            METHODS[name],
            condition.records,
            condition.personas,
            meet or self._meeting(),
            layout=self.layout,
            max_prompt_tokens=self.max_prompt_tokens,
            answer_tokens=answer_tokens,
        )
        self.dropped += sum(one.dropped for one in rendered)
        return rendered

    def margins(self, name: str, condition: Condition, meet: Meet | None = None) -> NDArray[np.float64]:
        """Margins of one policy against the reference under the same prompt, (records,)."""
        models = (self.policies[name], self._reference())
        ours, theirs = (self.likelihoods(model, METHODS[name], condition, meet).raw() for model in models)
        return ours - theirs

    def _meeting(self) -> Meet:
        """How records become people in one pass; equal personas with equal profiles are worked out once."""
        people: dict[tuple[Persona, Direction | None], Person] = {}

        def meet_once(record: Record, persona: Persona) -> Person:
            key = (persona, record.profile)
            if key not in people:
                summary = self.summary(persona)
                people[key] = meet_record(record, self.believed(persona), self.space, summary=summary)
            return people[key]

        return meet_once

    def limits(self, condition: Condition) -> NDArray[np.float64] | None:
        """Expected accuracy of the ideal observer per record, (records,)."""
        guesses = self._guesses(condition)
        return None if guesses is None else np.maximum(guesses, 1 - guesses)

    def _guesses(self, condition: Condition) -> NDArray[np.float64] | None:
        """The ideal observer's probability of each choice, where the rule is known."""
        if self.rule is None:
            return None
        pairs = zip(condition.records, condition.personas, strict=True)
        return np.array([self.rule.probability(record, persona) for record, persona in pairs])

    def _coverage(self, condition: Condition) -> Iterator[Scored]:
        """An observer who knows for certain each dimension that the evidence mentions, and no other."""
        if self.rule is not None:
            pairs = zip(condition.records, condition.personas, strict=True)
            covered = [self.rule.covered(record, persona) for record, persona in pairs]
            expected = np.where(covered, 1 - self.rule.noise, 0.5)
            margins = expected - 0.5
            yield replace(scored("coverage", condition, margins, expected, role="limit"), expected=True)


def scored(
    method: str,
    condition: Condition,
    margins: Margins,
    ceiling: NDArray[np.float64] | None,
    *,
    variant: str = "",
    role: Role,
) -> Scored:
    """The margins of a method under a condition."""
    return Scored(
        method=method,
        persona=condition.persona,
        records=condition.records,
        margins=margins,
        ceiling=ceiling,
        variant=variant,
        role=role,
    )
