"""The demo as a call."""

import json

from penchant.reporter import Quiet
from penchant.runs.demo import demo


class Notes(Quiet):
    """A reporter that keeps its notes."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def note(self, text: str) -> None:
        self.texts.append(text)


def test_a_call_returns_what_was_measured_and_where_it_is(small_recipe, tmp_path, capsys) -> None:
    notes, few = Notes(), ["ica.max_steps=1", "pba.max_steps=1", "evaluate.personas=[mixed]"]
    capsys.readouterr()
    done = demo(recipe=small_recipe, out=tmp_path, overrides=few, command="penchant demo", reporter=notes)
    assert capsys.readouterr().out == ""
    stages = ["simulate", "train ica", "train pba", "evaluate", "report"]
    assert [text for text in notes.texts if text.startswith("==")] == [f"== {stage}" for stage in stages]
    assert list(done.measurement.seconds) == stages
    content = json.loads(done.results.read_text(encoding="utf-8"))
    assert content == json.loads(json.dumps(done.measurement.as_json()))
    labels = {row.label: row.role for row in done.measurement.results.main}
    assert labels["asked"] == "baseline"
    assert labels["ica"] == labels["pba"] == "personal"
    assert "penchant demo" in done.page.read_text(encoding="utf-8")


def test_a_real_model_opens_the_page_and_one_that_is_missing_is_noted(small_recipe, small_base, tmp_path) -> None:
    few = ["ica.max_steps=1", "pba.max_steps=1", "evaluate.personas=[mixed]", "forum.test_users=8"]
    done = demo(recipe=small_recipe, out=tmp_path / "a", overrides=[*few, f"evaluate.real_model={small_base}"])
    page = done.page.read_text(encoding="utf-8")
    assert page.index("three people, no training") < page.index("Aligned models, measured")
    assert any("mixture" in line for line in done.english)
    notes = Notes()
    done = demo(
        recipe=small_recipe, out=tmp_path / "b", overrides=[*few, "evaluate.real_model=/nowhere"], reporter=notes
    )
    assert done.english == ()
    assert any("real English is left out" in text for text in notes.texts)
