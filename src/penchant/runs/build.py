"""`penchant build`: a data set of personal preferences from raw posts, by a recipe.

Everything is written below `out`/.building until the build is complete; the manifest comes last. A build that was
stopped goes on with the tasks that have no counts yet.
"""

from __future__ import annotations

import json
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from penchant.config import load_section, override, parse, recipe_folder
from penchant.errors import ConfigError, DataError
from penchant.reporter import QUIET, Reporter
from penchant.runs.annotators import OWN, open_annotator
from penchant.runs.build_disclosure import disclosures
from penchant.runs.build_folder import CARD, DATASHEET, DROPPED, FORMAT, HIDDEN, MANIFEST, begin, made_from, portable
from penchant.runs.build_labels import agreement, label, labelled_reader, steady
from penchant.runs.built import summary
from penchant.runs.engines import Waiting, Workers, check_engine
from penchant.runs.engines import engine as started
from penchant.space import SPACE_FILE, PreferenceSpace, load_space

if TYPE_CHECKING:
    from penchant.build.counts import Counts
    from penchant.build.recipe import BuildRecipe
    from penchant.build.stages.folder import BuildFolder
    from penchant.build.stages.link import Reader

_AT_ONCE = 4_096
"""Records whose people and prompts are compared at once."""
_AUDITED = 10_000
"""Records that are audited, which are in memory together; `penchant audit` reads all."""


def build(
    *,
    config: str | Path | None = None,
    records: Sequence[Path] = (),
    out: Path,
    engine: str = "local",
    workers: int = 1,
    resume: bool = False,
    overwrite: bool = False,
    overrides: Sequence[str] = (),
    reporter: Reporter = QUIET,
) -> dict[str, Any]:
    """Builds a data set: `out`/train, `out`/test, what was dropped, a card, and the manifest.

    Args:
        config: a YAML file, see `build.recipe.BuildRecipe`; None: `records` are taken over, all into train.
        records: files of choices beside those of the recipe, such as the rows of AlignX.
        engine: where the tasks are done, see `engines.engine`; it changes nothing but the time.
        workers: processes; their number changes nothing either.
        resume: go on with a build that was stopped.
        overwrite: replace what is in `out`.
        overrides: `section.key=value`.
    Returns:
        The content of the manifest.
    Raises:
        ConfigError: the recipe cannot be used, or `workers` is below 1.
        DataError: a source is missing; `out` holds another build; or a step lost something.
    """
    from penchant.build.counts import check, total
    from penchant.build.stages.folder import STAGES, BuildFolder

    recipe = _recipe(config, records, overrides)
    space = load_space(recipe.space)
    _check(recipe)
    check_engine(engine, workers)
    folder = BuildFolder(out / HIDDEN, recipe)
    begin(out, made_from(recipe, space), resume=resume, overwrite=overwrite, reporter=reporter)
    with started(engine, workers) as team:
        pool = _Pool(folder, team, workers)
        if recipe.sources:
            _read(pool, reporter)
            _each(pool, "sift", 1, "looking for duplicates", reporter)
            if recipe.labelled is not None:
                label(folder, reporter)
            _each(pool, "link", folder.buckets, "reading replies", reporter)
            _each(pool, "compose", folder.buckets, "composing personas", reporter)
            if recipe.pairs.mirrored:
                _each(pool, "mirror", 1, "looking for pairs without a mirror", reporter)
        if recipe.records:
            _each(pool, "take", len(recipe.records), "taking over records", reporter)
    counts = total(_task_counts(folder, stage) for stage in STAGES)
    check(counts)
    content = _finish(out, folder, space, counts, reporter)
    if not sum(content["records"].values()):
        reporter.note(summary(content, out))
        raise DataError(f"{out}: no record was made; the steps above say what was left out")
    if recipe.test and not content["records"]["test"]:
        reporter.note(f"test has no record (`test` {recipe.test:g}); raise it, or try another `seed`")
    return content


def _recipe(config: str | Path | None, added: Sequence[Path], overrides: Sequence[str]) -> BuildRecipe:
    """The recipe; its relative paths are taken from its folder."""
    from penchant.build.recipe import BuildRecipe, RecordsSection
    from penchant.build.sources import buckets_for

    more = [{"path": str(path.absolute())} for path in added]
    if config is None:
        if not added:
            raise ConfigError("`config` is missing: give the YAML file that names the sources; see docs/guide/build.md")
        content = {"name": added[0].stem, "records": more, "annotator": None, "test": 0}
        recipe = parse(BuildRecipe, override(content, overrides), where="settings")
    else:
        recipe = load_section(BuildRecipe, config, overrides)
        recipe = recipe.model_copy(update={"records": (*recipe.records, *map(RecordsSection.model_validate, more))})
    base = Path() if config is None else recipe_folder(config)
    sources = tuple(source.model_copy(update={"path": str(base / source.path)}) for source in recipe.sources)
    records = tuple(section.model_copy(update={"path": str(base / section.path)}) for section in recipe.records)
    profiles = recipe.profiles and recipe.profiles.model_copy(update={"path": str(base / recipe.profiles.path)})
    annotator = recipe.annotator
    if annotator is not None and annotator not in OWN and (base / annotator).exists():
        annotator = str(base / annotator)
    changes = {"sources": sources, "records": records, "profiles": profiles, "annotator": annotator}
    return recipe.model_copy(update={**changes, "buckets": recipe.buckets or buckets_for(sources)})


def _check(recipe: BuildRecipe) -> None:
    """Refuses before anything is read what would stop the build, or leave nothing.

    Raises:
        ConfigError: a column of the recipe is in none of the first rows, a language or a spaCy model is not known.
    """
    from penchant.build.filters import check_language
    from penchant.build.names import hidden
    from penchant.build.profiles import profiles_of
    from penchant.build.sources import unknown_columns

    for source in recipe.sources:
        unknown, names = unknown_columns(source)
        if unknown:
            field, column = unknown[0]
            raise ConfigError(
                f"{source.path}: has no column '{column}', which the recipe names for {field}; it has "
                f"{', '.join(names)}"
            )
    profiles_of(recipe.profiles)
    check_language(recipe.filters)
    if recipe.names:
        hidden("", recipe.names)


# the tasks, in this process or in others


class _Task(NamedTuple):
    stage: str
    number: int
    content: tuple[Any, ...] = ()
    size: int = 1
    """By how much a progress bar advances."""


@dataclass
class _Pool:
    folder: BuildFolder
    team: Workers
    workers: int

    def run(self, tasks: Iterator[_Task], advance: Callable[[int], None]) -> None:
        """Runs the tasks that are not done yet; few wait at a time, as each may carry a batch of rows."""
        waiting: deque[tuple[Waiting, int]] = deque()

        def first_done() -> None:
            running, size = waiting.popleft()
            running.result()
            advance(size)

        for task in tasks:
            if self.folder.counts(task.stage, task.number) is not None:
                advance(task.size)
                continue
            running = self.team.submit(_run, self.folder, task.stage, task.number, task.content)
            waiting.append((running, task.size))
            if len(waiting) > 2 * self.workers:
                first_done()
        while waiting:
            first_done()


def _run(folder: BuildFolder, stage: str, number: int, content: tuple[Any, ...]) -> None:
    """One task."""
    from penchant.build.profiles import profiles_of
    from penchant.build.stages import compose, link, mirror, read, sift, take

    recipe = folder.recipe
    match stage:
        case "read":
            read.read(folder, number, *content)
        case "sift":
            sift.sift(folder)
        case "link":
            link.link(folder, number, _reader(folder) if recipe.annotator else None)
        case "mirror":
            mirror.mirror(folder)
        case "take":
            take.take(folder, number, load_space(recipe.space))
        case _:
            reader = _reader(folder) if recipe.annotator and recipe.profiles else None
            told = {author: profile.description for author, profile in profiles_of(recipe.profiles).items()}
            compose.compose(folder, number, load_space(recipe.space), told, reader)


def _reader(folder: BuildFolder) -> Reader:
    if folder.recipe.labelled is not None:
        return labelled_reader(folder.folder, folder.recipe.space)
    return _annotator(str(folder.recipe.annotator), folder.recipe.space)


@lru_cache(maxsize=1)
def _annotator(source: str, space: str) -> Reader:
    from penchant.infer.annotate import directions

    annotator = open_annotator(source, load_space(space))
    return steady(lambda items: directions(annotator.annotate(items), annotator.space), annotator)


def _read(pool: _Pool, reporter: Reporter) -> None:
    from penchant.build.sources import batches

    recipe = pool.folder.recipe
    with reporter.bar(0, "reading posts") as advance:

        def tasks() -> Iterator[_Task]:
            number = 0
            for source in recipe.sources:
                for lines in batches(source, recipe.chunk):
                    yield _Task("read", number, (source, lines), len(lines))
                    number += 1

        pool.run(tasks(), advance)
    if not pool.folder.files("read", "json"):
        raise DataError("the sources of the recipe hold no rows; check `sources`")


def _each(pool: _Pool, stage: str, count: int, label: str, reporter: Reporter) -> None:
    with reporter.bar(count, label) as advance:
        pool.run((_Task(stage, number) for number in range(count)), advance)


def _task_counts(folder: BuildFolder, stage: str) -> Counts:
    from penchant.build.counts import total

    numbers = range(len(folder.files(stage, "json")))
    return total(one for one in (folder.counts(stage, number) for number in numbers) if one is not None)


# the result


def _finish(
    out: Path, folder: BuildFolder, space: PreferenceSpace, counts: Counts, reporter: Reporter
) -> dict[str, Any]:
    """Publishes the shards, what was dropped, the card and, last, the manifest."""
    from penchant.build.card import card
    from penchant.shards.atomic import write_text
    from penchant.shards.manifest import Manifest, SpaceStamp, sha256_of

    recipe = folder.recipe
    files: dict[str, str] = {}
    records: dict[str, int] = {}
    for split in ("train", "test"):
        stages = ("mirror" if recipe.pairs.mirrored else "compose", "take")
        paths = [path for stage in stages for path in folder.files(f"{stage}-{split}", "parquet")]
        shards = tuple(_published(paths, out / split))
        records[split] = sum(shard.records for shard in shards)
        if not shards:
            continue
        Manifest(
            space=SpaceStamp.of(space),
            shards=shards,
            seed=recipe.seed,
            simulated=False,
            rows=records[split],
        ).write(out / split)
        write_text(out / split / SPACE_FILE, space.as_toml())
        files.update({f"{split}/{shard.name}": shard.sha256 for shard in shards})
    _write_dropped(out / DROPPED, folder)
    files[DROPPED] = sha256_of(out / DROPPED)
    content: dict[str, Any] = {
        "format": FORMAT,
        "name": recipe.name,
        "records": records,
        "steps": {step: one.as_dict() for step, one in counts.items()},
        "labelled": agreement(folder),
        "disclosed": disclosures(folder, reporter),
        "rules": _rules(out, records, space, recipe.seed),
        "shared": _shared(out, records),
        "files": files,
        "seed": recipe.seed,
        "space": {"name": space.name, "digest": space.digest},
        "recipe": portable(recipe),
        "made_from": json.loads((folder.folder / "made_from.json").read_text(encoding="utf-8")),
    }
    write_text(out / CARD, card(content))
    _write_datasheet(out / DATASHEET, content, folder, space)
    write_text(out / MANIFEST, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    shutil.rmtree(folder.folder)
    return content


def _write_datasheet(path: Path, content: Mapping[str, Any], folder: BuildFolder, space: PreferenceSpace) -> None:
    from penchant.build.datasheet import datasheet
    from penchant.build.distributions import Distributions
    from penchant.shards.atomic import write_text

    parts = (Distributions.load(file) for file in folder.files("compose", "npz"))
    write_text(path, datasheet(content, sum(parts, Distributions.none(len(space))), space))


def _rules(out: Path, records: Mapping[str, int], space: PreferenceSpace, seed: int) -> dict[str, Any] | None:
    """What rules without a model get right of the first records of a split, of test if it has any."""
    from penchant.audit.shortcuts import shortcuts
    from penchant.shards.parquet import read

    split = next((split for split in ("test", "train") if records[split]), None)
    if split is None:
        return None
    some = list(islice(read(out / split, space, verify=False), _AUDITED))
    values = {rule.rule: [rule.accuracy, *rule.ci95] for rule in shortcuts(some, seed=seed)}
    return {"split": split, "records": len(some), **values}


def _shared(out: Path, records: Mapping[str, int]) -> dict[str, int]:
    """The people and the prompts that are in both splits, counted in what was written."""
    import numpy as np
    import pyarrow.parquet as pq

    from penchant.build.draws import draw

    halves = []
    for split in records:
        draws = [np.zeros((0, 2), dtype=np.uint64)]
        for path in sorted((out / split).glob("*.parquet")):
            for batch in pq.ParquetFile(path).iter_batches(_AT_ONCE, columns=["user_id", "record_id", "prompt"]):
                content = batch.to_pylist()
                people = [draw(0, "person", row["user_id"] or row["record_id"]) for row in content]
                prompts = [draw(0, "prompt", json.dumps(row["prompt"])) for row in content]
                draws.append(np.array([people, prompts], dtype=np.uint64).T)
        halves.append(np.concatenate(draws))
    both = [len(np.intersect1d(halves[0][:, column], halves[1][:, column])) for column in (0, 1)]
    return {"people": both[0], "prompts": both[1]}


def _published(paths: Sequence[Path], target: Path) -> Iterator[Any]:
    """The shards under their final names; linked, so that a stop in between loses nothing."""
    import pyarrow.parquet as pq

    from penchant.shards.manifest import Shard, sha256_of
    from penchant.shards.parquet import shard_name

    target.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(paths):
        final = target / shard_name(number)
        final.unlink(missing_ok=True)
        try:
            final.hardlink_to(path)
        except OSError:  # a file system without links
            shutil.copyfile(path, final)
        yield Shard(final.name, pq.read_metadata(final).num_rows, sha256_of(final))


def _write_dropped(path: Path, folder: BuildFolder) -> None:
    import pyarrow.parquet as pq

    from penchant.build.stages.folder import DROPPED as SCHEMA
    from penchant.shards.atomic import replacing

    with replacing(path) as temporary, pq.ParquetWriter(temporary, SCHEMA, compression="zstd") as writer:
        for table in folder.dropped():
            writer.write_table(table)
