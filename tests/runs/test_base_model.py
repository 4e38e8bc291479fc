"""A base as a call, of the simulated forum or of documents."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from penchant.encoder.fake import FakeEncoder
from penchant.errors import ConfigError
from penchant.message import Message
from penchant.model.local import LocalModel
from penchant.reporter import Quiet
from penchant.runs.base_model import base


class Notes(Quiet):
    """A reporter that keeps its notes."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def note(self, text: str) -> None:
        self.texts.append(text)


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)


def test_a_call_returns_the_curve_and_names_its_recipe_on_the_card(small_forum, tmp_path) -> None:
    sizes = {"hidden_size": 16, "layers": 1, "heads": 2, "max_steps": 2, "couples": 1, "threads": 2}
    changes = [f"{name}={value}" for name, value in {"space": small_forum / "space.toml", **sizes}.items()]
    curve = base(out=tmp_path / "base", overrides=changes)
    assert [point["step"] for point in curve] == [2]
    assert "penchant base --recipe base" in (tmp_path / "base" / "README.md").read_text(encoding="utf-8")
    with pytest.raises(ConfigError, match="holds a finished base; give another `out`, or set `overwrite`"):
        base(out=tmp_path / "base")


def test_a_base_of_documents_is_made_from_a_file_of_them(tmp_path) -> None:
    calm = "The river runs past the mill and on to the sea."
    rest = (
        "Wow! We won! All night! So good! Is it far? Can we go? When? Why? Who? Thanks dear friend, lovely, glad, kind."
    )
    hard = "Considerable institutional modification necessitates deliberation. Bureaucratic documentation multiplies."
    texts = [" ".join(np.random.default_rng(i).permutation([calm, rest, hard] * 9)) for i in range(12)]
    pq.write_table(pa.table({"text": texts}), tmp_path / "t.parquet")
    sizes = {"hidden_size": 16, "layers": 1, "heads": 2, "max_steps": 3, "couples": 1, "threads": 2, "reading_steps": 1}
    kind = {"corpus": "text", "vocabulary": 600, "faithful_in": "couple", "bf16": True}
    path = tmp_path / "base.yaml"
    path.write_text(yaml.safe_dump({**sizes, **kind}), encoding="utf-8")
    notes = Notes()
    base(recipe=path, texts=tmp_path / "t.parquet", out=tmp_path / "base", reporter=notes)
    assert f"{tmp_path / 't.parquet'}: 12 documents" in notes.texts
    assert "documents of `t.parquet`" in (tmp_path / "base" / "README.md").read_text(encoding="utf-8")
    assert LocalModel.load(str(tmp_path / "base")).count([Message("user", "river")]) > 0
    for wrong in ({"recipe": path}, {"texts": tmp_path / "t.parquet"}):
        with pytest.raises(ConfigError, match="`texts` belongs to corpus: text"):
            base(**wrong, out=tmp_path / "other")
