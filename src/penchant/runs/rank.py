"""Ranks several answers by how likely one person is to prefer them, with any scorer; `penchant rank`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.errors import ConfigError
from penchant.manner import measured
from penchant.method import METHODS
from penchant.person import Person
from penchant.persona import Comparison
from penchant.render import Layout, layout_named
from penchant.reporter import QUIET, Reporter
from penchant.runs.annotators import ENGLISH, annotator_for, open_annotator, read_evidence, report_caution
from penchant.runs.beliefs import PersonEvidence, people_of
from penchant.runs.data import Data, space_for
from penchant.runs.models import Sources, as_trained, base_template, sources_of
from penchant.space import PreferenceSpace

if TYPE_CHECKING:
    from penchant.scorer.base import Scorer


@dataclass(frozen=True, slots=True)
class Ranked:
    """One answer in a ranking."""

    answer: str
    index: int
    """Position among the answers as they were given, from 0."""
    score: float
    """The scorer's score; only differences between the answers of one ranking have a meaning."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Answers to one prompt in the order in which one person would prefer them."""

    user_id: str
    method: str
    """Name of the scorer: the method of an aligned model, `encoder`, `vpl` or `lore`."""
    prompt: str
    answers: tuple[Ranked, ...]
    """Best first; equal scores keep the order in which the answers were given."""


def rank(
    prompt: str,
    answers: Sequence[str],
    *,
    user: str | Path,
    model: str,
    data: Path | Data | None = None,
    base: str | None = None,
    template: str | None = None,
    annotator: str | Path | None = None,
    space: str | None = None,
    layout: str | None = None,
    max_prompt_tokens: int | None = None,
    summaries: str | Path | None = None,
    reporter: Reporter = QUIET,
) -> Ranking:
    """Ranks answers by what one person would prefer.

    An aligned model is scored against its base, as in evaluation: by how much likelier it finds an answer.

    Args:
        user: the JSON file of one person; with `data`, a user id.
        model: an aligned model or a learned scorer; see `runs.models.sources_of`.
        data: records that hold the evidence of `user`.
        base: folder or Hub id of the base, where the model's card does not name it.
        template: chat template in place of those of the models; see `runs.models.base_template`.
        annotator: reads directions from the evidence, in place of those in the file; see `open_annotator`. None:
            penchant's own, if the file states none and the model is told of directions.
        layout, max_prompt_tokens: of the prompt that an aligned model sees; see `runs.evaluate`.
        summaries: recipe of a language model that writes the summary for pba_summary and pba_both.
    Raises:
        ConfigError: fewer than two answers, an unknown layout, or a `user` that is no person.
        DataError, SpaceMismatch: the person's file or the records cannot be read.
        ModelError: the model cannot be loaded.
        RecordError: the method cannot show the evidence, or the prompt alone exceeds the budget.
    """
    _require(prompt, answers, layout, user=user, data=data)
    sources = sources_of([model], base)
    written, directions = as_trained(sources.policies.values(), layout, None, reporter=reporter)
    read_in = space_for(data or Path(user), space, directions=directions)
    user_id, evidence = evidence_of(user, data, read_in, reporter)
    if directions == "measured":
        evidence = replace(evidence, persona=measured(evidence.persona))
    bridged = any(METHODS[method].bridged for method in sources.policies)
    person = person_of(evidence, read_in, bridged=bridged, annotator=annotator, summaries=summaries, reporter=reporter)
    if sources.scorers:
        scorer = _learned_scorer(sources, person, read_in, annotator=annotator, reporter=reporter)
    else:
        scorer = _implicit_reward(sources, template=template, layout=written, max_prompt_tokens=max_prompt_tokens)
    if not evidence.persona.items and not evidence.corrections:
        reporter.note(f"there is no evidence of '{user_id}': the answers are ranked without it")
    if evidence.corrections and (note := _on_corrections(sources)):
        reporter.note(note)
    scores = scorer.score(person, prompt, answers)
    if len({float(score) for score in scores}) == 1:
        reporter.note("all answers have the same score: this model cannot tell them apart for this person")
    ranked = [Ranked(answer, i, float(score)) for i, (answer, score) in enumerate(zip(answers, scores, strict=True))]
    return Ranking(user_id, scorer.name, prompt, tuple(sorted(ranked, key=lambda one: -one.score)))


def _on_corrections(sources: Sources) -> str:
    """What to expect of a person's corrections; empty for methods that put them in place of inferred directions."""
    if sources.scorers:
        return "learned scorers read no corrections, except in the beliefs of a scorer that has an annotator"
    if not any(METHODS[method].bridged for method in sources.policies):
        return "this method shows corrections as further evidence and may not follow them; pba follows them"
    return ""


def _require(
    prompt: str, answers: Sequence[str], layout: str | None, *, user: str | Path, data: Path | Data | None
) -> None:
    """Checks what needs no model."""
    from penchant.shards.person_file import is_individual

    if len(set(answers)) < 2 or len(set(answers)) < len(answers):
        raise ConfigError("a ranking needs at least two answers, all different; give more of them")
    if not all(text.strip() for text in (prompt, *answers)):
        raise ConfigError("the prompt or an answer is empty; give each as one text in quotes")
    if layout is not None:
        layout_named(layout)
    if data is None and not is_individual(Path(user)):
        raise ConfigError(f"`user` {user} is no JSON file of one person; give one, or a user id together with `data`")


def evidence_of(
    user: str | Path, data: Path | Data | None, space: PreferenceSpace, reporter: Reporter
) -> tuple[str, PersonEvidence]:
    """The id and the evidence of the person."""
    people = people_of(data or Path(user), space, user=None if data is None else str(user), reporter=reporter)
    ((user_id, evidence),) = people.items()
    return user_id, evidence


def person_of(
    evidence: PersonEvidence,
    space: PreferenceSpace,
    *,
    bridged: bool,
    annotator: str | Path | None,
    summaries: str | Path | None,
    reporter: Reporter,
) -> Person:
    """The person of some evidence, as a model is told of them.

    Args:
        bridged: whether the model is told of directions; then an annotator reads them where the evidence states none.
        annotator, summaries: as `rank`.
    """
    from penchant.runs.language_models import summaries_of

    read = None
    if bridged:
        annotator = annotator_for(
            annotator, evidence.persona.evidence, stated=evidence.profile is not None, reporter=reporter
        )
    if annotator is not None:
        read = read_evidence(annotator, evidence.persona.evidence, space, reporter=reporter)
        report_caution(read.caution, reporter=reporter)
    person = evidence.person(space, None if read is None else read.items)
    return replace(person, summary=summaries_of(summaries, [person.persona], reporter=reporter)(person.persona))


def scorer_of(
    model: str | None,
    person: Person,
    space: PreferenceSpace,
    *,
    annotator: str | Path | None,
    template: str | None,
    reporter: Reporter,
) -> Scorer:
    """The scorer of an aligned model or a learned scorer, as in `rank`; without one, that of the belief."""
    if model is None:
        from penchant.scorer.belief import BeliefScorer

        reporter.note(f"the belief about the person ranks the answers, as annotator {annotator or ENGLISH} reads it")
        return BeliefScorer(open_annotator(annotator or ENGLISH, space, reporter=reporter))
    sources = sources_of([model], None)
    if sources.scorers:
        return _learned_scorer(sources, person, space, annotator=annotator, reporter=reporter)
    layout, _ = as_trained(sources.policies.values(), None, None, reporter=reporter)
    return _implicit_reward(sources, template=template, layout=layout, max_prompt_tokens=None)


def _implicit_reward(
    sources: Sources, *, template: str | None, layout: Layout, max_prompt_tokens: int | None
) -> Scorer:
    from penchant.model.local import LocalModel
    from penchant.scorer.implicit import ImplicitReward

    ((method, source),) = sources.policies.items()
    return ImplicitReward(
        policy=LocalModel.load(source, name=method, template=template),
        reference=LocalModel.load(str(sources.base), name="reference", template=base_template(sources, template)),
        method=METHODS[method],
        layout=layout,
        max_prompt_tokens=max_prompt_tokens,
    )


def _learned_scorer(
    sources: Sources, person: Person, space: PreferenceSpace, *, annotator: str | Path | None, reporter: Reporter
) -> Scorer:
    from penchant.encoder.sentence import load_encoder
    from penchant.runs.scorers import opened
    from penchant.scorer.embedding import EmbeddingScorer
    from penchant.scorer.encoder.scorer import EncoderScorer

    (scorer,) = opened(sources.scorers, space, annotator, reporter=reporter)
    evidence = person.persona.evidence
    if evidence and scorer.choices_only and not any(isinstance(item, Comparison) for item in evidence):
        reporter.note(f"{scorer.name} reads choices only, and there is none: the answers are ranked without evidence")
    return scorer if isinstance(scorer, EncoderScorer) else EmbeddingScorer(scorer, load_encoder())
