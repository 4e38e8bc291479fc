"""Files of records: `read_records` reads every known layout; `parquet.write` and `jsonl.write` write penchant's own."""

from penchant.shards.base import Counts, Example, Kept, Loaded, Reader, SourceRow, rejected_path
from penchant.shards.formats import READERS, read_records, recognise
from penchant.shards.manifest import Manifest, Shard, SpaceStamp, read_manifest

__all__ = [
    "READERS",
    "Counts",
    "Example",
    "Kept",
    "Loaded",
    "Manifest",
    "Reader",
    "Shard",
    "SourceRow",
    "SpaceStamp",
    "read_manifest",
    "read_records",
    "recognise",
    "rejected_path",
]
