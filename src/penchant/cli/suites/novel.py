"""`--suite novel`: dimensions that nobody held whom the models were aligned to, zero-shot and after a few examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from penchant.cli.aligned import Aligned, progress
from penchant.cli.data import read
from penchant.cli.output import say
from penchant.cli.train import aligned_to
from penchant.config import Recipe
from penchant.errors import ConfigError, RecordError
from penchant.record import Record
from penchant.space import PreferenceSpace

if TYPE_CHECKING:
    from penchant.eval.benchmark import Bench
    from penchant.eval.measured import Measured
    from penchant.eval.novel import Novel
    from penchant.eval.score import Scored
    from penchant.model.base import Model


def find(records: Sequence[Record], fit_data: Path, space: PreferenceSpace, *, seed: int) -> Novel:
    """What is novel to models that were aligned on other records; said.

    Raises:
        ConfigError: nothing that is asked about is novel, or too few people ask about it.
    """
    from penchant.eval.novel import Novel

    try:
        found = Novel.of(records, read(fit_data, space), space, seed=seed)
    except RecordError as error:
        raise ConfigError(f"--suite novel of what is new beside --fit-data {fit_data}: {error}") from error
    say(
        f"novel: {', '.join(found.dimensions)}; {len(found.tested)} pairs tested, {len(found.examples)} of other "
        f"people to adapt to; left out are {found.known} about known dimensions and {found.shared} that are examples"
    )
    return found


def measure(bench: Bench, found: Novel, *, aligned: Aligned, recipe: Recipe) -> Measured:
    """Margins of everything that is told the same, by the number of examples; adapted models are not kept.

    Args:
        recipe: how models are adapted; its base, seed and layout are not read.
    """
    from penchant.eval.measured import Measured
    from penchant.eval.novel import after

    starts = {"aligned": dict(aligned.policies), "unaligned": dict.fromkeys(aligned.policies, aligned.reference)}
    models = {"aligned": bench.policies, "unaligned": dict.fromkeys(bench.policies, bench.reference)}
    scored: list[Scored] = []
    for count in found.counts():
        with TemporaryDirectory() as folder:
            if count:
                models = {
                    start: _adapted(bench, found, count, folders, Path(folder) / start, recipe, aligned)
                    for start, folders in starts.items()
                }
            with progress(bench, 2 * bench.passes_of_one()):
                scored.extend(after(bench, found, count, models["aligned"], models["unaligned"] if count else {}))
    return Measured(bench.setting, tuple(scored))


def _adapted(
    bench: Bench, found: Novel, count: int, starts: Mapping[str, str], out: Path, recipe: Recipe, aligned: Aligned
) -> dict[str, Model]:
    """One model per method, a few steps on `count` examples from where it starts."""
    from penchant.model.cached import CachedModel
    from penchant.model.local import LocalModel

    # evidence as it is believed in measuring, so that pba meets the same directions
    examples = [replace(record, persona=bench.believed(record.persona)) for record in found.examples[:count]]
    models: dict[str, Model] = {}
    for method, start in starts.items():
        told = recipe.model_copy(update={"base": start, "seed": aligned.seed, "layout": bench.layout})
        folder = out / method / "model"
        aligned_to(told, method, examples, bench.space, folder)
        models[method] = CachedModel(LocalModel.load(str(folder), name=f"{method} after {count}"))
    return models
