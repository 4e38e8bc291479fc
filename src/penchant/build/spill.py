"""Tables on disk that are divided into buckets: a file has one batch a bucket, so that one bucket can be read alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from penchant.shards.atomic import replacing


def write_buckets(path: Path, table: pa.Table, bucket_N: Sequence[int], buckets: int) -> list[int]:
    """Writes a table by buckets, and returns the rows in the order in which they are in the file.

    Args:
        bucket_N: the bucket of each row, from 0.
    """
    numbers = np.asarray(bucket_N, dtype=np.int64)
    order = np.argsort(numbers, kind="stable")
    ordered = table.take(pa.array(order)).combine_chunks()
    bounds = np.searchsorted(numbers[order], np.arange(buckets + 1))
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with replacing(path) as temporary, pa.ipc.new_file(str(temporary), table.schema, options=options) as writer:
        for first, last in pairwise(bounds):
            rows = ordered.slice(first, last - first).combine_chunks().to_batches()
            writer.write_batch(rows[0] if rows else _empty(table.schema))
    return [int(row) for row in order]


def read_bucket(paths: Iterable[Path], bucket: int) -> list[pa.Table]:
    """The rows of one bucket, one table a file."""
    tables = []
    for path in paths:
        with pa.OSFile(str(path)) as file:
            tables.append(pa.Table.from_batches([pa.ipc.open_file(file).get_batch(bucket)]))
    return tables


def bucket_sizes(path: Path, buckets: int) -> list[int]:
    """The number of rows of each bucket of a file."""
    with pa.memory_map(str(path)) as file:
        reader = pa.ipc.open_file(file)
        return [reader.get_batch(bucket).num_rows for bucket in range(buckets)]


def _empty(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], type=field.type) for field in schema], schema=schema)
