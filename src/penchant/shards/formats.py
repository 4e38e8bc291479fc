"""Recognises the layout of a path and reads it: penchant's own files, the published ones, and tables of others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from penchant.errors import DataError
from penchant.shards import alignx, jsonl, parquet, tabled, users
from penchant.shards.base import Loaded, Reader
from penchant.shards.codec import KEYS as OWN_KEYS
from penchant.shards.layouts.base import Sample, plain
from penchant.shards.layouts.battles import prompt_column, sides_of
from penchant.shards.layouts.ratings import ANSWERS
from penchant.shards.layouts.verdicts import side_of
from penchant.shards.manifest import MANIFEST
from penchant.shards.tables import Table, open_table
from penchant.space import PreferenceSpace

READERS: dict[str, Reader] = {
    "alignx": alignx.read,
    "jsonl": jsonl.read,
    "penchant": parquet.read,
    "users": users.read,
}
"""Layouts of penchant itself and of the paper; those of other programs are in `shards.layouts`."""
_MOST_NAMED = 40
"""Columns that a refusal lists, at most."""
_OWN = ("evidence", "golden", "provenance", "direction")
"""Keys that only penchant's own rows have."""


def read_records(
    path: str | Path,
    *,
    space: PreferenceSpace | None,
    rejected: Path | None = None,
    columns: Mapping[str, str] | None = None,
) -> Loaded:
    """The records of a file, a folder, or a data set of the Hub (`hub:OWNER/NAME`).

    Args:
        space: the space of the directions; may be None for files without directions.
        rejected: file for the rows that a pass sets aside; its name must end with `.rejected.jsonl`.
        columns: field -> column, for tables whose layout is not known; see `shards.layouts.mapped`.
    Raises:
        DataError: the path is missing, broken or in no known layout. Also while iterating, with the row.
        ConfigError: `columns` names a column that is not there, or makes no preference.
        SpaceError, SpaceMismatch: directions do not fit `space`. Also while iterating, with the row.
    """
    path = Path(path)
    if is_shards(path):
        return parquet.read(path, space, rejected=rejected)
    table = open_table(path)
    sample = tabled.sampled(table)
    _refuse_misspelt(path, sample)
    if columns:
        found = tabled.read(table, sample, columns=columns, rejected=rejected)
    else:
        name = _own_layout(path, sample)
        found = READERS[name](path, space, rejected=rejected) if name else tabled.read(table, sample, rejected=rejected)
    if found is None:
        raise DataError(_unknown(table, sample))
    return found


def is_shards(path: Path) -> bool:
    """Whether a path is a folder of penchant's own shards."""
    return path.is_dir() and ((path / MANIFEST).is_file() or bool(parquet.shard_paths(path)))


def _own_layout(path: Path, sample: Sample) -> str | None:
    """The name in READERS of a layout of penchant or of the paper; None for others."""
    keys = set(sample.columns)
    if path.suffix == ".parquet" and set(OWN_KEYS) - {"at"} <= keys:
        raise DataError(f"{path}: is one shard of a folder; pass the folder, whose manifest says for which space it is")
    if set(alignx.SIGNS) - {alignx.PROFILE} & keys or (alignx.PROFILE in keys and _is_text(sample, alignx.PROFILE)):
        return "alignx" if set(alignx.REQUIRED) <= keys else None
    if set(users.REQUIRED) <= keys:
        return "users"
    own = bool(keys & set(_OWN)) or ("record_id" in keys and keys <= {*OWN_KEYS, "space"})
    return "jsonl" if own and keys & {"prompt", "evidence"} else None


def _refuse_misspelt(path: Path, sample: Sample) -> None:
    """Raises DataError where evidence stands under a misspelt key, as it would be lost without a word."""
    for name in sample.columns:
        value = sample.value(name)
        listed = isinstance(value, list) and bool(value) and isinstance(value[0], Mapping) and "kind" in value[0]
        if listed and name not in OWN_KEYS:
            raise DataError(f"{path}: '{name}' holds items of evidence, whose key is 'evidence'; rename it")


def _is_text(sample: Sample, column: str) -> bool:
    return isinstance(sample.value(column), str)


def _unknown(table: Table, sample: Sample) -> str:
    if not sample.rows:
        return f"{table.path}: holds no rows; check the path"
    names = [*sample.columns, *sample.nested()]
    columns = ", ".join(names[:_MOST_NAMED]) + (
        f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    )
    lower = {name.lower() for name in sample.columns}
    if lower & {"traceid", "run_id", "forid"} and lower & {"value", "score"}:
        return (
            f"{table.path}: holds scores without the texts that they are about ({columns}); export the traces or "
            "threads with their inputs and outputs"
        )
    if {"startdate", "enddate", "responseid"} <= lower:
        return (
            f"{table.path}: a survey of Qualtrics with a column for each question ({columns}); make each answer a row "
            "of its own, with columns user_id, prompt, response_a, response_b and preference"
        )
    if lower & {"output", "completion", "response", "answer", "messages", "conversations", "text"} and len(lower) < 8:
        return (
            f"{table.path}: has the columns {columns}; nothing says which answers a person prefers; a preference needs "
            "a chosen and a rejected answer, two answers and a verdict, or one answer and a thumb; --columns names "
            "them (scores of several people: one row for each person)"
        )
    return (
        f"{table.path}: unknown layout; it has the columns {columns}; say what they hold, for instance "
        f"--columns {_guess(sample)}"
    )


def _guess(sample: Sample) -> str:
    """A mapping of the sample's own columns that may fit: usual names, else long texts and columns of few values."""
    texts: list[str] = []
    verdicts: list[str] = []
    people: list[str] = []
    spelt, sides, prompt_key = sample.plain(), sides_of(sample), prompt_column(sample)
    for name in sample.columns:
        values = [value for value in sample.values(name) if isinstance(value, str | int | float)]
        distinct = {str(value) for value in values}
        if name in (*(sides or ()), prompt_key):
            continue
        if values and sum(len(str(value).split()) for value in values) > 3 * len(values):
            texts.append(name)
        elif any(mark in name.lower() for mark in _WHO):
            people.append(name)
        elif 1 < len(distinct) <= 7 and not distinct <= _FLAGS and not plain(name).endswith("_id"):
            verdicts.append(name)
    if sides is not None:  # a column that names an answer comes before one of few other values
        verdicts.sort(key=lambda name: all(side_of(value, *sides) for value in _values(sample, name)))
    asked = [*([prompt_key] if prompt_key else []), *texts]
    answers = list(sides or asked[1:3])
    alike = [name for name in verdicts[:-1] if _values(sample, name) & _values(sample, verdicts[-1])]
    if len(alike) > 1 and not people and len(texts) < 7:
        voters = ", ".join([*alike, verdicts[-1]])
        return f"…; but {voters} look like the votes of several people: make each vote a row of its own first"
    if not sides and len(asked) < 2 and not verdicts:
        return "user_id=author,text=comment for what people wrote, or prompt=…,chosen=…,rejected=… for choices"
    answer = next((spelt[name] for name in ANSWERS if name in spelt), asked[1] if len(asked) == 2 else None)
    if not sides and prompt_key and answer and verdicts:
        who = f"user_id={people[0]}," if people else ""
        return (
            f"{who}prompt={prompt_key},answer={answer},label={verdicts[-1]},first=VALUE (VALUE: what a good answer has)"
        )
    if not sides and len(asked) < 3:
        return "user_id=annotator,prompt=question,chosen=answer_a,rejected=answer_b,label=preferred"
    if not sides and len(texts) > 6:
        return "prompt=…,chosen=…,rejected=…; if each question is a column of its own, make it a row of its own first"
    named = {"user_id": people[:1], "prompt": asked[:1], "chosen": answers[:1], "rejected": answers[1:2]}
    named["label"] = verdicts[-1:]
    return ",".join(f"{field}={columns[0]}" for field, columns in named.items() if columns)


def _values(sample: Sample, column: str) -> set[str]:
    return {str(value) for value in sample.values(column)}


_FLAGS = {"True", "False", "true", "false", "TRUE", "FALSE"}
_WHO = ("user", "annotat", "rater", "judge", "worker", "who", "person", "particip", "review", "coder", "subject")
