"""Data sets of the Hub, without a network."""

import json
from pathlib import Path

import pytest

from penchant.errors import ConfigError, DataError
from penchant.shards.tables import open_table
from penchant.shards.tables.hub import HubName

ROWS = [{"prompt": "é", "n": 1}, {"prompt": "two\nlines", "n": 2}]


def contents(path: Path) -> list[dict[str, object]]:
    return [dict(row.content) for row in open_table(path).rows()]


def lines(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def test_a_name_of_the_hub_has_parts() -> None:
    assert HubName.parse("hub:org/set@v1.0#en/train") == HubName("org/set", "v1.0", "en", "train")
    assert HubName.parse("hub:org/set") == HubName("org/set")
    assert HubName.parse("hub:org/set#en") == HubName("org/set", None, "en", None)
    with pytest.raises(ConfigError, match="not a data set of the Hub"):
        HubName.parse("hub:a b")


def test_a_data_set_that_cannot_be_reached_is_one_sentence(monkeypatch, capsys, caplog) -> None:
    pytest.importorskip("datasets")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(DataError, match=r"^hub:nobody/nothing: .*(cannot be reached|no such data set)"):
        list(open_table("hub:nobody/nothing").rows())
    assert not caplog.records
    assert capsys.readouterr().err == ""
