"""Scores of folds on disk, and put together."""

from dataclasses import replace

import numpy as np
import pytest

from penchant.errors import DataError
from penchant.eval.crossval import SCORES, load_scores, save_scores, together
from penchant.eval.score import Scored, Setting
from penchant.record import Record

RECORDS = tuple(Record(f"r{i}", f"u{i // 2}", "p", "a", "b") for i in range(6))
BY_ID = {record.record_id: record for record in RECORDS}


def fold(records: tuple[Record, ...], *margins: float, method: str = "ica") -> list[Scored]:
    return [
        Scored(method, "all", records, np.array(margins), None),
        Scored(method, "none", records, -np.array(margins), None),
    ]


def test_scores_come_back_as_they_were_kept(tmp_path) -> None:
    kept = fold(RECORDS[:3], 1.0, -0.1, 1e-17)
    save_scores(tmp_path / "fold", kept)
    for one, two in zip(load_scores(tmp_path / "fold", BY_ID), kept, strict=True):
        assert (one.method, one.persona, one.records, one.ceiling) == (two.method, two.persona, two.records, None)
        assert (one.margins == two.margins).all()
    assert [path.name for path in (tmp_path / "fold").iterdir()] == [SCORES]


def test_folds_together_count_every_record_once() -> None:
    first, second = together([fold(RECORDS[:2], 1.0, 2.0), fold(RECORDS[2:], 3.0, -4.0, 0.0, 6.0)])
    assert first.records == second.records == RECORDS
    assert first.margins.tolist() == [1.0, 2.0, 3.0, -4.0, 0.0, 6.0]
    assert second.persona == "none"
    (row,) = first.rows(Setting("d", "user_first", 0))
    assert (row.n, row.users, row.ties, row.accuracy) == (6, 3, 1, 4.5 / 6)


def test_folds_that_measured_other_things_are_refused() -> None:
    with pytest.raises(DataError, match="different methods or personas"):
        together([fold(RECORDS[:2], 1.0, 2.0), fold(RECORDS[2:4], 1.0, 2.0, method="pba")])


def test_folds_of_the_same_records_are_refused() -> None:
    with pytest.raises(DataError, match="two folds measured the same records"):
        together([fold(RECORDS[:2], 1.0, 2.0), fold(RECORDS[1:3], 1.0, 2.0)])


def test_scores_of_other_records_or_a_broken_file_are_refused(tmp_path) -> None:
    save_scores(tmp_path, fold((replace(RECORDS[0], record_id="other"),), 1.0))
    with pytest.raises(DataError, match=r"measured on other records \('other'"):
        load_scores(tmp_path, BY_ID)
    (tmp_path / SCORES).write_text("[1")
    with pytest.raises(DataError, match="holds no scores"):
        load_scores(tmp_path, BY_ID)


def test_variant_and_role_come_back_and_a_file_without_them_is_refused(tmp_path) -> None:
    kept = Scored("ica", "all", RECORDS[:1], np.array([1.0]), variant="raw", role="reading")
    save_scores(tmp_path, [kept])
    (read,) = load_scores(tmp_path, BY_ID)
    assert (read.variant, read.role, read.label) == ("raw", "reading", "ica_raw")
    (tmp_path / SCORES).write_text('[{"method": "ica_raw", "persona": "all", "records": ["r0"], "margins": [1.0]}]')
    with pytest.raises(DataError, match=r"holds no scores \('variant'\)"):
        load_scores(tmp_path, BY_ID)
