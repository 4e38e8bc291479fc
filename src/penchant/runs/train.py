"""Aligns a base model to people, with preference pairs or single ratings, and saves the model with its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.config import Recipe, TrainSection
from penchant.errors import ConfigError
from penchant.manner import measured
from penchant.message import conversation
from penchant.persona import Persona, Rating
from penchant.record import Provenance, Question, Record
from penchant.reporter import QUIET, Reporter
from penchant.runs.data import Data, as_data, directed, read, space_for
from penchant.runs.fit import refuse_scorer
from penchant.runs.quiet import quiet_libraries
from penchant.runs.recipe import recipe_for
from penchant.runs.scorers import SCORERS
from penchant.shards.atomic import write_text
from penchant.space import PreferenceSpace

_TURNS = 10
"""So many turns for each person are enough to see whether training works."""
_UNMOVED = 0.01
"""A margin below this, in beta times nats, is no training: with beta 0.1, a tenth of a nat."""

if TYPE_CHECKING:
    from penchant.train.trees import TrainingSet
    from penchant.train.usable import Usable


def train(
    *,
    data: Path | Data,
    method: str,
    recipe: str | Path | None,
    out: Path,
    model: str | None = None,
    template: str | None = None,
    space: str | None = None,
    rejected: Path | None = None,
    ratings: bool = False,
    lora: bool = False,
    reference_cache: Path | None = None,
    summaries: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    overrides: Sequence[str] = (),
    reporter: Reporter = QUIET,
) -> dict[str, object] | None:
    """Aligns a model by one method; the base is also the reference.

    Args:
        data: the training records.
        method: ica, pba, pba_summary, pba_both or universal.
        recipe: name or YAML file; the base is the recipe's, unless `model` names another folder or Hub id.
        template: chat template in place of the base's own: chatml, plain, or a file; it is saved with the model.
        rejected: receives the rows left out.
        ratings: train on the personas' single ratings by KTO, instead of on pairs by DPO.
        lora: train a LoRA adapter instead of all weights.
        reference_cache: folder that keeps the base's log-probabilities for later runs; default: beside `out`.
        summaries: recipe of a language model that writes the summaries of pba_summary and pba_both.
        resume: go on from the last whole checkpoint in `out`.
        overwrite: replace a model or a stopped run in `out`.
        overrides: `section.key=value`, applied to the recipe.
    Returns:
        What was trained; None in a process of several that does not speak for the run.
    Raises:
        ConfigError: settings that do not fit together, or an `out` that must not be written.
        ModelError: the base cannot be loaded.
        TrainingError: the records cannot be trained on, or the run diverged.
    """
    settings = recipe_for(recipe, overrides, model=model, template=template, lora=lora)
    section_of(settings, method)
    refuse_scorer(out)
    if not (resume or overwrite):
        _refuse_begun(out)
    if resume and not _begun(out):
        reporter.note(f"nothing to go on with in {out}: starting anew")
    if summaries is not None and method not in ("pba_summary", "pba_both"):
        raise ConfigError(f"`summaries` are not read by {method}; train pba_summary or pba_both")
    if ratings and as_data(data).history is not None:
        raise ConfigError("with `ratings`, the other ratings of a person are shown in any case; leave out `history`")
    if ratings and (resume or reference_cache is not None or summaries is not None):
        raise ConfigError("`ratings` takes no `resume`, `reference_cache` or `summaries`; leave them out")
    if ratings:
        return train_ratings(settings, method, data, out=out, space=space, rejected=rejected, reporter=reporter)
    return train_pairs(
        settings,
        method,
        data,
        out=out,
        space=space,
        rejected=rejected,
        resume=resume,
        reference_cache=reference_cache,
        summaries=summaries,
        reporter=reporter,
    )


def train_pairs(
    recipe: Recipe,
    method: str,
    data: Path | Data,
    *,
    out: Path,
    space: str | None = None,
    rejected: Path | None = None,
    resume: bool = False,
    reference_cache: Path | None = None,
    summaries: str | Path | None = None,
    reporter: Reporter = QUIET,
) -> dict[str, object] | None:
    """Aligns a model to the pairs of a file; see `train`."""
    from penchant.model.load import require_safetensors

    section_of(recipe, method)
    if Path(recipe.base).is_dir():  # before any row is read
        require_safetensors(Path(recipe.base))
    people, records = read_training_set(recipe, method, data, space=space, rejected=rejected, reporter=reporter)
    return align_records(
        recipe,
        method,
        records,
        space=people.space,
        out=out,
        resume=resume,
        reference_cache=reference_cache,
        summaries=summaries,
        reporter=reporter,
    )


def align_records(
    recipe: Recipe,
    method: str,
    records: Sequence[Record],
    *,
    space: PreferenceSpace,
    out: Path,
    resume: bool = False,
    reference_cache: Path | None = None,
    summaries: str | Path | None = None,
    reporter: Reporter = QUIET,
) -> dict[str, object] | None:
    """Aligns a model to the pairs of some records; see `train`."""
    from penchant.model.card import aligned_card
    from penchant.runs.language_models import summaries_of
    from penchant.train.run import align
    from penchant.train.usable import usable

    section = section_of(recipe, method)
    people = training_set(recipe, method, records, space)
    if summaries is not None:
        rows = people.rows(section.max_steps * section.users_per_step)
        personas = (people.person(row).persona for row in rows)
        people = replace(people, summary=summaries_of(summaries, personas, reporter=reporter))
    with reporter.bar(len(people.people), f"{method}: checking rows") as advance:
        checked = usable(people, progress=advance)
    report_usable(checked, reporter=reporter)
    people = checked.training_set
    kept = {record.record_id for theirs in people.people for record in theirs}
    records = [record for record in records if record.record_id in kept]
    count = len(people.people)
    reporter.note(f"{method}: aligning {recipe.base} to {count:,} people, {len(records):,} pairs")
    _report_length(section, method, count, reporter=reporter)
    cache = reference_cache or out.parent / "reference"
    with quiet_libraries(), reporter.bar(section.max_steps, f"{method}: training", later=True) as advance:
        trained = align(
            people,
            section,
            base=recipe.base,
            folder=out,
            resume=resume,
            reference_cache=cache,
            progress=advance,
        )
    if not trained.is_main:
        return None
    report_unmoved(trained.curve, method, section, reporter=reporter)
    write_text(out / "README.md", aligned_card(recipe, method, section, trained.curve, records))
    return {
        "method": method,
        "model": str(out),
        "people": count,
        "records": len(records),
        "rows": trained.rows,
        "pairs": trained.pairs,
        "rows_in_parts": trained.split,
        "loss": trained.curve[-1]["loss"],
    }


def train_ratings(
    recipe: Recipe,
    method: str,
    data: Path | Data,
    *,
    out: Path,
    space: str | None = None,
    rejected: Path | None = None,
    reporter: Reporter = QUIET,
) -> dict[str, object]:
    """Aligns a model to the single ratings of a file; see `train`."""
    from penchant.model.card import aligned_card
    from penchant.train.ratings import align_to_ratings

    section = section_of(recipe, method)
    data_space = space_for(data, space, directions=recipe.directions)
    people = _raters(data, data_space, recipe.directions, rejected=rejected, reporter=reporter)
    how = training_set(recipe, method, (), data_space)
    with quiet_libraries(), reporter.bar(section.max_steps, f"{method}: training", later=True) as advance:
        trained = align_to_ratings(how, people, section, base=recipe.base, folder=out, progress=advance)
    report_unmoved(trained.curve, method, section, reporter=reporter)
    everybody = [record for records in people for record in records]
    card = aligned_card(recipe, method, section, trained.curve, everybody, ratings=trained.rows)
    write_text(out / "README.md", card)
    return {"method": method, "model": str(out), "people": len(people), "ratings": trained.rows}


def _raters(
    data: Path | Data, space: PreferenceSpace, directions: str, *, rejected: Path | None, reporter: Reporter
) -> list[list[Record | Question]]:
    """The records and questions of each person; evidence alone, such as a log of thumbs, becomes one question."""
    from penchant.runs.beliefs import entries_of, items_of_entry
    from penchant.shards.base import PersonItems

    people: list[list[Record | Question]] = []
    for name, entries in entries_of(data, space, rejected=rejected, reporter=reporter).items():
        records: list[Record | Question] = [entry for entry in entries if not isinstance(entry, PersonItems)]
        alone = tuple(item for entry in entries if isinstance(entry, PersonItems) for item in items_of_entry(entry))
        if alone:
            asked = next(
                (i.evidence.prompt for i in alone if isinstance(i.evidence, Rating) and i.evidence.prompt), "-"
            )
            of = Provenance(dataset=as_data(data).name)
            records.append(Question(name, name, conversation(asked), Persona(alone), provenance=of))
        if directions == "measured":
            records = [replace(record, persona=measured(record.persona)) for record in records]
        people.append(records)
    return people


def report_usable(checked: Usable, *, reporter: Reporter) -> None:
    """Notes which records are left out, who has no evidence, and whose pairs are both asked and shown."""
    for reason, names in checked.dropped.items():
        reporter.note(f"{len(names):,} records left out ({reason}); the first is {names[0]}")
    count = len(checked.training_set.people)
    if checked.bare and checked.training_set.method.content != "none":
        reporter.note(f"{checked.bare} of {count} people have no evidence: they are trained on the bare prompt")
    if checked.halved:
        reporter.note(
            f"{checked.halved} of {count} people have no evidence but their own pairs: each round asks about half of "
            "them and shows the others"
        )


def _report_length(section: TrainSection, method: str, people: int, *, reporter: Reporter) -> None:
    """Notes how long the run is: its steps, and how often each person has a turn."""
    turns = section.max_steps * section.users_per_step / people
    enough = -(-_TURNS * people // section.users_per_step)
    steps = f"{section.max_steps:,} steps of {section.users_per_step} people, {turns:,.1f} turns for each"
    if turns > 2 * _TURNS:
        steps += f"; for {_TURNS} turns set `overrides` {_section_name(method)}.max_steps={enough}"
    reporter.note(f"{method}: {steps}; after the first step a bar shows the time that is left")


def _section_name(method: str) -> str:
    return "pba" if method.startswith("pba") else "ica"


def report_unmoved(
    curve: Sequence[Mapping[str, float]], method: str, section: TrainSection, *, reporter: Reporter
) -> None:
    """Notes that a run ended where it began: the model still answers as its base does."""
    margin = curve[-1].get("margin") if curve else None
    if margin is not None and abs(margin) < _UNMOVED and section.max_steps > 1:  # the first step's margin is 0
        name = _section_name(method)
        reporter.note(
            f"the loss has hardly moved (margin {margin:.4f}; an untrained model has 0): the model answers as its base "
            f"does. Try `overrides` {name}.learning_rate={section.learning_rate * 10:g} (it was "
            f"{section.learning_rate:g}), or more steps than {section.max_steps} ({name}.max_steps)"
        )


def section_of(recipe: Recipe, method: str) -> TrainSection:
    """The settings of one method: `pba` of the recipe for methods that show inferred directions, else `ica`.

    Raises:
        ConfigError: the method is not trained.
    """
    from penchant.method import METHODS

    trained = [name for name in METHODS if METHODS[name].trained]
    if method not in trained:
        raise ConfigError(
            f"`method` {method}: only {', '.join(trained)} are trained; penchant fit makes {', '.join(SCORERS)}"
        )
    return recipe.pba if METHODS[method].bridged else recipe.ica


def read_training_set(
    recipe: Recipe,
    method: str,
    data: Path | Data,
    *,
    space: str | None = None,
    rejected: Path | None = None,
    reporter: Reporter = QUIET,
) -> tuple[TrainingSet, list[Record]]:
    """The people of a file, ready to be trained on or exported, and their records."""
    data_space = space_for(data, space, directions=recipe.directions)
    records = directed(read(data, data_space, rejected=rejected, reporter=reporter), recipe.directions)
    others = sum(record.split != "train" for record in records)
    if 0 < others < len(records):
        reporter.note(f"{others:,} of {len(records):,} records are of another split than train, and are left out")
        records = [record for record in records if record.split == "train"]
    return training_set(recipe, method, records, data_space), records


def training_set(recipe: Recipe, method: str, records: Sequence[Record], space: PreferenceSpace) -> TrainingSet:
    """The people of some records, ready to be trained on."""
    from penchant.method import METHODS
    from penchant.model.load import load_tokenizer
    from penchant.render import BRIDGES
    from penchant.train.trees import TrainingSet, people

    section = section_of(recipe, method)
    return TrainingSet(
        people=people(records) if records else (),
        space=space,
        method=METHODS[method],
        tokenizer=load_tokenizer(recipe.base, template=recipe.template),
        layout=recipe.layout,
        seed=recipe.seed,
        pairs_per_person=section.pairs_per_user,
        max_prompt_tokens=section.max_prompt_tokens,
        max_tree_tokens=section.max_tree_tokens,
        golden_share=section.golden_share if METHODS[method].content in BRIDGES else 0.0,
    )


def _refuse_begun(out: Path) -> None:
    from penchant.model.card import finished

    if (weights := finished(out)) is not None:
        raise ConfigError(f"{weights} is a finished model; give another `out`, or set `overwrite`")
    if _begun(out):
        raise ConfigError(f"{out} holds a run that was stopped; go on with `resume`, or set `overwrite` to start anew")


def _begun(out: Path) -> bool:
    from penchant.train.resume import last_checkpoint

    return last_checkpoint(out / "checkpoints") is not None
