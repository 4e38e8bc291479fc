"""Files of records: `read_records` reads every known layout; `parquet.write` and `jsonl.write` write penchant's own."""

from penchant.shards.base import Counts, Entry, Example, Kept, Loaded, PersonItems, Reader, SourceRow, rejected_path
from penchant.shards.formats import READERS, read_records
from penchant.shards.manifest import Manifest, Shard, SpaceStamp, read_manifest

__all__ = [
    "READERS",
    "Counts",
    "Entry",
    "Example",
    "Kept",
    "Loaded",
    "Manifest",
    "PersonItems",
    "Reader",
    "Shard",
    "SourceRow",
    "SpaceStamp",
    "read_manifest",
    "read_records",
    "rejected_path",
]
