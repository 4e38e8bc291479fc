import pyarrow as pa

from penchant.build.spill import bucket_sizes, read_bucket, write_buckets


def test_a_bucket_is_read_alone_and_in_order(tmp_path) -> None:
    table = pa.table({"name": ["a", "b", "c", "d", "e"]})
    order = write_buckets(tmp_path / "x.arrow", table, [2, 0, 2, 0, 2], 4)
    assert order == [1, 3, 0, 2, 4]
    assert bucket_sizes(tmp_path / "x.arrow", 4) == [2, 0, 3, 0]
    names = [read_bucket([tmp_path / "x.arrow"], bucket)[0].column("name").to_pylist() for bucket in range(4)]
    assert names == [["b", "d"], [], ["a", "c", "e"], []]


def test_a_table_without_rows_has_buckets_too(tmp_path) -> None:
    write_buckets(tmp_path / "x.arrow", pa.table({"name": pa.array([], pa.string())}), [], 3)
    assert bucket_sizes(tmp_path / "x.arrow", 3) == [0, 0, 0]
