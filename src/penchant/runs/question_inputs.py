"""Opens the inputs of an evaluation question: records, models, scorers, an annotator, and beliefs about people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from penchant.config import load_recipe
from penchant.errors import ConfigError, DataError, ModelError
from penchant.eval.bench import Bench
from penchant.eval.questions.base import Adapt, Inputs
from penchant.eval.score import Setting
from penchant.method import METHODS
from penchant.record import Record, people_digest
from penchant.render import Layout
from penchant.reporter import QUIET, Reporter
from penchant.runs.data import Data, directed, of_attribute, read, space_for
from penchant.runs.models import Sources, base_template, report_mismatches
from penchant.runs.quiet import quiet_libraries
from penchant.space import PreferenceSpace

if TYPE_CHECKING:
    from penchant.infer.base import Annotator
    from penchant.model.base import Model


@dataclass(frozen=True, slots=True)
class DataChoice:
    """Which records to measure, and how to read them."""

    data: Path | Data
    split: str | None = None
    attribute: str | None = None
    limit: int | None = None
    space: str | None = None
    directions: str = "given"
    rejected: Path | None = None

    def read(self, *, read_anew: bool, reporter: Reporter) -> tuple[list[Record], PreferenceSpace]:
        """The records and their space.

        Args:
            read_anew: whether an annotator reads the evidence; profiles that records state are then left aside, as
                they would outrank what it reads.
        Raises:
            DataError, SpaceMismatch: see `runs.data.read`.
            ConfigError: no record belongs to `attribute`.
        """
        space = space_for(self.data, self.space, directions=self.directions)
        records = read(self.data, space, split=self.split, limit=self.limit, rejected=self.rejected, reporter=reporter)
        records = directed(records, self.directions)
        stated = sum(record.profile is not None for record in records)
        if read_anew and stated:
            reporter.note(
                f"the profiles that {stated:,} records state are left aside: directions are what the annotator reads"
            )
            records = [replace(record, profile=None) for record in records]
        return of_attribute(records, self.attribute, self.data), space


def open_inputs(
    records: Sequence[Record],
    space: PreferenceSpace,
    *,
    dataset: str,
    sources: Sources,
    decoders: Sequence[str] = (),
    template: str | None = None,
    layout: Layout = "user_first",
    max_prompt_tokens: int | None = None,
    annotator: str | Path | None = None,
    neutral: bool = False,
    draws: int = 0,
    summaries: str | Path | None = None,
    seed: int = 0,
    personas: tuple[str, ...] = (),
    reporter: Reporter = QUIET,
) -> Inputs:
    """Models, scorers and annotator, opened, with the beliefs about the people of the records.

    Raises:
        ConfigError: a scorer that needs an annotator, an unknown decoder, or decoders without a base.
        DataError: a model can read none of the records.
        ModelError: a model cannot be loaded.
    """
    from penchant.forum.ideal_observer import observer_of
    from penchant.runs.scorers import opened

    report_mismatches(sources, records, reporter=reporter)
    report_own_pairs(records, reporter=reporter)
    reference = None if sources.base is None else _load(sources.base, "reference", base_template(sources, template))
    policies = {method: _load(source, method, template) for method, source in sources.policies.items()}
    records = _readable(records, [*([] if reference is None else [reference]), *policies.values()], reporter)
    scorers = opened(sources.scorers, space, annotator, reporter=reporter)
    for scorer in scorers:
        if scorer.people_digest == people_digest(records):
            reporter.note(
                f"{scorer.name} was fitted on just these people, as its card says: this is no measure of new people"
            )
    rule = observer_of(records)
    if rule is not None:
        reporter.note(f"simulated records; golden directions explain {100 * (1 - rule.noise):.1f} % of choices")
    bench = Bench(
        setting=Setting(dataset if rule is None else records[0].provenance.dataset, layout, seed),
        layout=layout,
        space=space,
        reference=reference,
        policies=policies,
        decoders=_decoders(decoders, reference),
        max_prompt_tokens=max_prompt_tokens,
        rule=rule,
        golden=all(record.golden is not None for record in records),
        draws=draws,
    )
    reader = _believe(bench, records, annotator, neutral=neutral, reporter=reporter)
    if summaries is not None:
        from penchant.runs.language_models import summaries_of

        informed, blind = bench.conditions(records, personas or ("ugc", "pair", "demo", "mixed"))
        people = (persona for condition in (*informed, *blind) for persona in condition.personas)
        bench.summary = summaries_of(summaries, people, reporter=reporter)
    return Inputs(
        records=records,
        space=space,
        bench=bench,
        scorers=scorers,
        annotator=reader,
        personas=personas,
        neutral=neutral,
        sources=sources.policies,
        base=sources.base or "",
        reporter=reporter,
    )


def _decoders(names: Sequence[str], reference: Model | None) -> dict[str, Model]:
    """Each name, with its strength if it has one, and the decoder over the base."""
    if not names:
        return {}
    from penchant.decode.decoders import decoded, decoder_named
    from penchant.model.cached import uncached

    if reference is None:
        raise ConfigError("decoders draw the answers of a base; name it with `base`")
    base, result = uncached(reference), dict[str, "Model"]()
    for text in names:
        name, _, strength = text.partition(":")
        try:
            dial = float(strength) if strength else None
        except ValueError:
            raise ConfigError(f"`decoders` {text}: write NAME or NAME:STRENGTH, such as guidance:1.5") from None
        try:
            result[text] = decoded(base, name, dial)
        except ConfigError as error:
            raise ConfigError(f"`decoders` {text}: {str(error).replace('`', '')}") from None
        if not decoder_named(name).scores:
            raise ConfigError(f"`decoders` {text}: it rules tokens out, so that it cannot rank answers; take guidance")
    return result


def report_own_pairs(records: Sequence[Record], *, reporter: Reporter) -> None:
    """Notes that histories hold the very choice that is asked about."""
    from penchant.audit.leakage import ALONE

    leaked = [r.record_id for r, hit in zip(records, ALONE["own pair"].test(records), strict=True) if hit]
    if leaked:
        reporter.note(
            f"{len(leaked):,} of {len(records):,} records, such as '{leaked[0]}', show the very choice that is asked "
            "about: accuracies are too high; penchant audit names more of them"
        )


def _readable(records: Sequence[Record], models: Sequence[Model], reporter: Reporter) -> list[Record]:
    """The records whose prompts the chat template of every model can write; counts the others."""
    readable: list[Record] = []
    reasons: dict[str, list[str]] = {}
    for record in records:
        try:
            for model in models if len(record.prompt) > 1 else ():
                model.count(record.prompt)
        except ModelError as error:
            reasons.setdefault(str(error), []).append(record.record_id)
        else:
            readable.append(record)
    for reason, ids in reasons.items():
        reporter.note(f"{len(ids):,} of {len(records):,} records are set aside, such as '{ids[0]}': {reason}")
    if not readable:
        raise DataError(f"no record is left to measure; {next(iter(reasons), 'there was none')}")
    return readable


def _believe(
    bench: Bench, records: Sequence[Record], annotator: str | Path | None, *, neutral: bool, reporter: Reporter
) -> Annotator | None:
    """Sets what the bench believes of a persona; returns the annotator that read it."""
    from penchant.infer.annotate import reread
    from penchant.neutral_words import neutralised
    from penchant.runs.annotators import annotator_for

    reader = None
    if any(METHODS[method].bridged for method in bench.policies):
        annotator = annotator_for(
            annotator,
            (item for record in records for item in record.persona.evidence),
            stated=any(record.profile is not None or record.golden is not None for record in records),
            reporter=reporter,
        )
    if annotator is not None:
        from penchant.runs.annotators import inferred, open_annotator

        reader = open_annotator(annotator, bench.space, reporter=reporter)
        if bench.policies:
            items = inferred(records, bench.space, reader, neutral=neutral, reporter=reporter).items
            bench.believed = lambda persona: reread(persona, items)
    if neutral:
        as_read = bench.believed
        bench.believed = lambda persona: neutralised(as_read(persona))
    return reader


def _load(source: str, name: str, template: str | None = None) -> Model:
    from penchant.model.cached import CachedModel
    from penchant.model.local import LocalModel

    with quiet_libraries():
        return CachedModel(LocalModel.load(source, name=name, template=template))


def adapter(recipe: str | Path, inputs: Inputs) -> Adapt:
    """Trains models a few steps on examples; they are deleted afterwards.

    Args:
        recipe: how models adapt; its base, seed and layout are not read.
    """
    settings = load_recipe(recipe)
    bench, reporter = inputs.bench, inputs.reporter

    @contextmanager
    def adapt(starts: Mapping[str, str], examples: Sequence[Record]) -> Iterator[Mapping[str, Model]]:
        from penchant.runs.train import align_records

        with TemporaryDirectory() as folder:
            models: dict[str, Model] = {}
            for method, start in starts.items():
                changes = {"base": start, "seed": bench.setting.seed, "layout": bench.layout}
                out = Path(folder) / method / "model"
                align_records(
                    settings.model_copy(update=changes),
                    method,
                    examples,
                    space=bench.space,
                    out=out,
                    reporter=reporter,
                )
                models[method] = _load(str(out), f"{method} after {len(examples)}")
            yield models

    return adapt
