"""What a question reads, opened: records, models, annotators, beliefs and models that adapt."""

from dataclasses import replace

import pytest

from penchant import Comment, Comparison, Persona, Record
from penchant.encoder.fake import FakeEncoder
from penchant.errors import ConfigError, DataError, ModelError
from penchant.eval.questions import accuracy
from penchant.message import Message
from penchant.persona import Item
from penchant.runs.data import read, space_for
from penchant.runs.evaluate import evaluate
from penchant.runs.fit import fit_baseline
from penchant.runs.models import Sources
from penchant.runs.question_inputs import DataChoice, adapter, open_inputs, report_own_pairs
from penchant.shards import jsonl
from penchant.space import load_space


def bench_of(records, space, sources, **settings):
    return open_inputs(records, space, dataset="d", sources=sources, **settings).bench


def test_a_bench_is_of_the_models_named_and_the_records_given(small_base, small_forum, aligned) -> None:
    space = space_for(small_forum / "test", None)
    records = read(small_forum / "test", space, limit=8)
    sources = Sources(str(small_base), {"ica": str(aligned["ica"])})
    inputs = open_inputs(records, space, dataset="named", sources=sources, seed=3)
    bench = inputs.bench
    assert (bench.setting.dataset, bench.setting.seed) == (records[0].provenance.dataset, 3)
    assert list(bench.policies) == ["ica"]
    assert bench.golden
    assert bench.rule is not None
    assert (inputs.base, inputs.sources, inputs.seed) == (str(small_base), sources.policies, 3)
    assert (list(inputs.scorers), inputs.annotator) == ([], None)


def test_records_that_are_not_simulated_keep_the_name_of_their_file(small_base, planted) -> None:
    bench = bench_of(planted, load_space(), Sources(str(small_base)))
    assert (bench.setting.dataset, bench.rule, bench.golden) == ("d", None, False)


def test_neutral_people_are_shown_without_words_of_gender_and_age(small_base) -> None:
    person = Persona((Comment("p", "I am a woman of 30, and like it short"),))
    records = [Record("r", "u", "q", "yes", "no", person)]
    shown = [
        bench_of(records, load_space(), Sources(str(small_base)), neutral=neutral).believed(person).evidence[0].text
        for neutral in (False, True)
    ]
    assert shown == ["I am a woman of 30, and like it short", "I am a person of 30, and like it short"]


def test_records_whose_turns_a_template_cannot_write_are_set_aside_and_counted(small_base, planted, reporter) -> None:
    turns = (Message("user", "weather?"), Message("assistant", "a moment"), Message("user", "and?"))
    two = [replace(planted[0], prompt=turns), replace(planted[1], prompt=(turns[0], Message("tool", "rain"), turns[2]))]
    template = (
        "{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no tools') }}{% endif %}"
        "<|{{ m.role }}|>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
    )
    file = small_base.parent / "no-tools.jinja"
    file.write_text(template, encoding="utf-8")
    sources = Sources(str(small_base))
    inputs = open_inputs(two, load_space(), dataset="d", sources=sources, template=str(file), reporter=reporter)
    assert list(inputs.records) == two[:1]
    (note,) = [note for note in reporter.notes if "set aside" in note]
    assert note.startswith(f"1 of 2 records are set aside, such as '{two[1].record_id}': the chat template of")
    with pytest.raises(DataError, match="no record is left to measure"):
        open_inputs(two[1:], load_space(), dataset="d", sources=sources, template=str(file))


def test_a_model_that_is_not_there_is_named(planted, tmp_path) -> None:
    with pytest.raises(ModelError, match="no model folder"):
        bench_of(planted, load_space(), Sources(str(tmp_path / "none")))


def test_an_unknown_layout_is_refused_before_a_model_is_loaded(small_base, tmp_path) -> None:
    with pytest.raises(ConfigError, match="`layout` wide"):
        evaluate("accuracy", data=tmp_path / "nothing.jsonl", base=str(small_base), layout="wide")


def test_what_a_budget_left_out_is_said_after_the_last_pass(small_base, planted, reporter) -> None:
    inputs = open_inputs(
        planted,
        load_space(),
        dataset="d",
        sources=Sources(str(small_base)),
        max_prompt_tokens=45,
        reporter=reporter,
    )
    with inputs.passes(1):
        inputs.bench.done("a pass")
        inputs.bench.dropped = 7
        assert reporter.notes == []
    assert reporter.notes == ["the budget of 45 tokens left out 7 items of evidence over 1 passes"]
    assert reporter.bars == [("evaluating", 1)]


@pytest.mark.parametrize(("personas", "kind"), [(["pair"], "pair"), (["all"], "all"), (["ugc", "pair"], "mixed")])
def test_somebody_else_is_shown_by_the_one_kind_of_evidence_that_is_measured(
    small_base, planted, personas, kind: str
) -> None:
    sources = Sources(str(small_base))
    inputs = open_inputs(planted[:8], load_space(), dataset="d", sources=sources, personas=tuple(personas))
    accuracy.measure(inputs)
    assert inputs.bench.swapped == kind


def test_an_annotator_is_opened_and_what_it_reads_is_believed(
    small_forum, small_base, aligned, annotator_folder, reporter
) -> None:
    space = space_for(small_forum / "test", None)
    records = read(small_forum / "test", space, limit=8)
    unread = [
        replace(record, persona=Persona(tuple(replace(item, direction=None) for item in record.persona.evidence)))
        for record in records
    ]
    sources = Sources(str(small_base), {"pba": str(aligned["pba"])})
    inputs = open_inputs(unread, space, dataset="d", sources=sources, annotator=annotator_folder, reporter=reporter)
    assert inputs.annotator is not None
    assert "reading evidence" in dict(reporter.bars)
    items = [item for record in unread for item in record.persona.evidence]
    believed = [item for record in unread for item in inputs.bench.believed(record.persona).evidence]
    assert [replace(item, direction=None) for item in believed] == items
    assert any(item.direction is not None for item in believed)


def test_records_are_read_as_chosen(small_forum, reporter) -> None:
    choice = DataChoice(small_forum / "test", limit=8)
    records, space = choice.read(read_anew=False, reporter=reporter)
    assert (len(records), space.name) == (8, "alignx90-small")
    assert "only the first 8 records are read" in "\n".join(reporter.notes)
    attribute = records[0].provenance.attribute
    part, _ = replace(choice, attribute=attribute).read(read_anew=False, reporter=reporter)
    assert {record.provenance.attribute for record in part} == {attribute}
    with pytest.raises(ConfigError, match="has no record of 'wit'; there are:"):
        replace(choice, attribute="wit").read(read_anew=False, reporter=reporter)
    with pytest.raises(DataError, match="has no record of split 'dev'; there are: test"):
        replace(choice, split="dev").read(read_anew=False, reporter=reporter)
    with pytest.raises(ConfigError, match="`directions` guessed: choose from given, measured"):
        replace(choice, directions="guessed").read(read_anew=False, reporter=reporter)


def test_stated_profiles_are_left_aside_where_evidence_is_read_anew(small_forum, tmp_path, reporter) -> None:
    space = space_for(small_forum / "test", None)
    records = read(small_forum / "test", space, limit=8)
    path = tmp_path / "rows.jsonl"
    jsonl.write([replace(record, profile=record.golden) for record in records], path, space=space)
    choice = DataChoice(path, space=str(small_forum / "space.toml"))
    kept, _ = choice.read(read_anew=False, reporter=reporter)
    assert (all(record.profile is not None for record in kept), reporter.notes) == (True, [])
    unstated, _ = choice.read(read_anew=True, reporter=reporter)
    assert all(record.profile is None for record in unstated)
    assert "the profiles that 8 records state are left aside" in "\n".join(reporter.notes)


def test_an_adapter_trains_from_each_start_and_deletes_its_models(small_forum, small_base, aligned, tmp_path) -> None:
    recipe = tmp_path / "few.yaml"
    text = "name: few\nbase: unread\npba: {max_steps: 1, users_per_step: 2, warmup_steps: 0}\n"
    recipe.write_text(text, encoding="utf-8")
    space = space_for(small_forum / "test", None)
    records = read(small_forum / "test", space, limit=8)
    sources = Sources(str(small_base), {"pba": str(aligned["pba"])})
    adapt = adapter(recipe, open_inputs(records, space, dataset="d", sources=sources))
    with adapt({"pba": str(aligned["pba"])}, records) as models:
        assert list(models) == ["pba"]
        assert models["pba"].name == "pba after 8"
        assert models["pba"].count([Message("user", "hello")]) > 0


def test_a_recipe_to_adapt_by_is_read_before_anything_is_trained(small_base, planted) -> None:
    inputs = open_inputs(planted, load_space(), dataset="d", sources=Sources(str(small_base)))
    with pytest.raises(ConfigError, match="nowhere"):
        adapter("nowhere", inputs)


def test_a_scorer_that_was_fitted_on_just_these_people_is_noted(planted, tmp_path, reporter, monkeypatch) -> None:
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)
    jsonl.write(planted, tmp_path / "planted.jsonl", space=None)
    fit_baseline(name="lore", data=tmp_path / "planted.jsonl", out=tmp_path / "lore")
    sources = Sources(None, {}, (tmp_path / "lore",))
    for records in (planted, planted[:8]):
        open_inputs(records, load_space(), dataset="d", sources=sources, reporter=reporter)
    assert [note for note in reporter.notes if "fitted" in note] == [
        "lore was fitted on just these people, as its card says: this is no measure of new people"
    ]


def test_a_history_that_holds_the_choice_itself_is_noted(planted, reporter) -> None:
    report_own_pairs(planted, reporter=reporter)
    assert reporter.notes == []
    own = Comparison(planted[0].task, chosen=planted[0].chosen, rejected=planted[0].rejected)
    leaked = replace(planted[0], persona=Persona((*planted[0].persona.items, Item(own))))
    report_own_pairs([leaked, *planted[1:]], reporter=reporter)
    (note,) = reporter.notes
    assert note.startswith(f"1 of {len(planted)} records, such as '{leaked.record_id}', show the very choice")
