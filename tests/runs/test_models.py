"""Which models and scorers some paths name, by their cards."""

import shutil
from pathlib import Path

import pytest

from penchant.errors import ConfigError, ModelError
from penchant.runs.data import read, space_for
from penchant.runs.models import (
    Sources,
    as_trained,
    base_template,
    method_of_card,
    report_mismatches,
    sources_of,
)


def model(folder: Path, card: str | None) -> Path:
    """A folder that holds a model as far as its file names tell, with a card of some front matter."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}", encoding="utf-8")
    (folder / "model.safetensors").write_bytes(b"")
    if card is not None:
        (folder / "README.md").write_text(f"---\n{card}\n---\n# A model\n", encoding="utf-8")
    return folder


def test_a_card_names_the_method_and_the_base(aligned, small_base) -> None:
    found = sources_of([str(aligned["pba"]), str(aligned["ica"])])
    assert found == Sources(str(small_base), {"pba": str(aligned["pba"]), "ica": str(aligned["ica"])}, ())


def test_a_method_can_be_written_before_a_folder(aligned, small_base) -> None:
    found = sources_of([f"universal={aligned['ica']}"])
    assert found.policies == {"universal": str(aligned["ica"])}
    assert found.base == str(small_base)


def test_the_base_reads_the_template_of_a_model_that_was_aligned_from_it(aligned) -> None:
    sources = sources_of([str(aligned["pba"])])
    assert base_template(sources, None) == str(aligned["pba"] / "chat_template.jinja")
    assert base_template(sources, "plain") == "plain"
    assert base_template(Sources("some/base", {"ica": "some/model"}), None) is None


def test_a_model_of_the_hub_needs_its_method_and_a_base() -> None:
    found = sources_of(["ica=some/model"], "some/base")
    assert found == Sources("some/base", {"ica": "some/model"}, ())
    with pytest.raises(ConfigError, match="no card says which base some/model was aligned from; name it with `base`"):
        sources_of(["ica=some/model"])


def test_a_path_that_is_not_there_says_how_to_write_a_model_of_the_hub() -> None:
    with pytest.raises(ConfigError, match="there is no folder some/model; .* for instance ica=some/model"):
        sources_of(["some/model"])


def test_a_folder_whose_path_has_an_equals_sign_is_a_folder(tmp_path, small_base) -> None:
    folder = model(tmp_path / "ica=7", f"tags: [penchant, pba]\nbase_model: {small_base}")
    assert sources_of([str(folder)]).policies == {"pba": str(folder)}


@pytest.mark.parametrize("text", ["dpo=some/model", "few_shot=some/model", "ica="])
def test_a_method_that_no_model_has_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="write METHOD=FOLDER or METHOD=ORG/MODEL; methods are ica, pba"):
        sources_of([text])


@pytest.mark.parametrize(
    ("card", "why"),
    [
        (None, "names no method, or is missing"),
        ("tags: [penchant, from-scratch]", "names no method, or is missing"),
        ("tags: [ica, pba]", "names ica and pba"),
    ],
)
def test_a_folder_whose_card_names_no_method_says_what_to_type(tmp_path, card: str | None, why: str) -> None:
    folder = model(tmp_path / "m", card)
    with pytest.raises(ConfigError, match=f"its card {why}.*; write METHOD={folder}, for instance ica={folder}"):
        sources_of([str(folder)])


def test_the_folder_of_an_annotator_is_no_model(tmp_path) -> None:
    (tmp_path / "annotator.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match="holds an annotator; name it with `annotator`"):
        sources_of([str(tmp_path)])


def test_two_models_of_one_method_are_refused(aligned, tmp_path) -> None:
    shutil.copytree(aligned["ica"], tmp_path / "copy")
    with pytest.raises(ConfigError, match="are both aligned by ica; give one of them"):
        sources_of([str(aligned["ica"]), str(tmp_path / "copy")])
    with pytest.raises(ConfigError, match="are both aligned by ica; give one of them"):
        sources_of([str(aligned["ica"]), "ica=some/model"])


def test_models_of_different_bases_are_refused_unless_one_is_named(tmp_path, small_base) -> None:
    first = model(tmp_path / "ica", f"tags: [ica]\nbase_model: {small_base}")
    second = model(tmp_path / "pba", "tags: [pba]\nbase_model: some/base")
    with pytest.raises(ConfigError, match=f"different bases .*{first} from {small_base}, .*name one with `base`"):
        sources_of([str(first), str(second)])
    assert sources_of([str(first), str(second)], str(small_base)).base == str(small_base)


def test_one_base_may_be_spelt_in_two_ways(tmp_path, small_base) -> None:
    first = model(tmp_path / "ica", f"tags: [ica]\nbase_model: {small_base}")
    second = model(tmp_path / "pba", f"tags: [pba]\nbase_model: {small_base}/../{small_base.name}")
    assert Path(str(sources_of([str(first), str(second)]).base)).resolve() == small_base.resolve()


def test_where_no_card_names_a_base_it_is_asked_for(tmp_path, small_base) -> None:
    folder = model(tmp_path / "ica", "tags: [ica]")
    with pytest.raises(ConfigError, match="no card says which base .*ica was aligned from; name it with `base`"):
        sources_of([str(folder)])
    assert sources_of([str(folder)], str(small_base)).base == str(small_base)


def test_the_base_that_is_named_outranks_the_card(aligned, small_base, tmp_path) -> None:
    shutil.copytree(small_base, tmp_path / "base")
    assert sources_of([str(aligned["ica"])], str(tmp_path / "base")).base == str(tmp_path / "base")


def test_scorers_stand_among_models_and_need_no_base(aligned, tmp_path) -> None:
    for name, card in (("vpl", "baseline.json"), ("encoder", "scorer.json")):
        (tmp_path / name).mkdir()
        (tmp_path / name / card).write_text("{}", encoding="utf-8")
    folders = (tmp_path / "vpl", tmp_path / "encoder")
    found = sources_of([str(folders[0]), str(aligned["ica"]), str(folders[1])])
    assert (list(found.policies), found.scorers) == (["ica"], folders)
    assert sources_of([str(folder) for folder in folders]) == Sources(None, {}, folders)


def test_a_base_alone_is_measured_without_models(small_base) -> None:
    assert sources_of([], str(small_base)) == Sources(str(small_base), {}, ())


def test_a_folder_without_a_model_is_refused(tmp_path, small_base) -> None:
    (tmp_path / "ica").mkdir()
    (tmp_path / "ica" / "README.md").write_text("---\ntags: [ica]\n---\n", encoding="utf-8")
    with pytest.raises(ModelError, match="ica holds no .safetensors weights"):
        sources_of([str(tmp_path / "ica")], str(small_base))
    (tmp_path / "ica" / "other.safetensors").write_bytes(b"")
    with pytest.raises(ModelError, match="holds no language model; it contains README.md, other.safetensors"):
        sources_of([str(tmp_path / "ica")], str(small_base))
    with pytest.raises(ModelError, match="no model folder at"):
        sources_of([f"ica={tmp_path / 'none'}"], str(small_base))


def test_a_model_measured_against_another_base_than_its_own_is_said(
    small_base, planted, aligned, tmp_path, reporter
) -> None:
    policies = {"ica": str(aligned["ica"])}
    copy = tmp_path / "copy"
    shutil.copytree(small_base, copy)
    report_mismatches(Sources(str(small_base), policies), planted, reporter=reporter)
    assert reporter.notes == []
    report_mismatches(Sources(str(copy), policies), planted, reporter=reporter)
    assert f"was aligned from {small_base} as its card says, and is measured against {copy}" in "\n".join(
        reporter.notes
    )


def test_people_that_a_model_was_aligned_to_are_said_to_be_no_new_ones(
    small_base, small_forum, planted, aligned, reporter
) -> None:
    space = space_for(small_forum / "train", None)
    sources = Sources(str(small_base), {"ica": str(aligned["ica"])})
    report_mismatches(sources, planted, reporter=reporter)
    assert reporter.notes == []
    report_mismatches(sources, read(small_forum / "train", space), reporter=reporter)
    assert f"{aligned['ica']} was aligned to just these people as its card says" in "\n".join(reporter.notes)


def test_a_model_measured_as_another_method_than_its_card_names_is_said(small_base, planted, aligned, reporter) -> None:
    report_mismatches(Sources(str(small_base), {"pba": str(aligned["ica"])}), planted, reporter=reporter)
    assert reporter.notes == [f"{aligned['ica']} was aligned by ica as its card says, and is measured as pba"]


def test_prompts_are_made_as_a_model_was_trained_unless_the_user_says_otherwise(tmp_path, reporter) -> None:
    measured = str(model(tmp_path / "a", "tags: [pba]\nprompts: {layout: paper, directions: measured}"))
    older = str(model(tmp_path / "b", "tags: [ica]"))
    given = str(model(tmp_path / "c", "tags: [ica]\nprompts: {layout: user_first, directions: given}"))
    assert as_trained([older], None, None, reporter=reporter) == ("user_first", "given")
    assert as_trained([given], None, None, reporter=reporter) == ("user_first", "given")
    assert as_trained([older, given], None, "given", reporter=reporter) == ("user_first", "given")
    assert reporter.notes == []
    assert as_trained([measured, older], "paper", None, reporter=reporter) == ("paper", "measured")
    assert reporter.notes.pop() == "directions: measured, as the cards of the models say"
    assert as_trained([measured], "user_first", "measured", reporter=reporter) == ("user_first", "measured")
    assert reporter.notes.pop() == f"{measured} was trained with layout paper, and is asked with user_first"
    with pytest.raises(ConfigError, match="trained with different layout .*; choose with `layout`"):
        as_trained([measured, given], None, None, reporter=reporter)


def test_the_method_of_a_card_is_none_where_it_names_none_or_two(tmp_path) -> None:
    assert method_of_card(model(tmp_path / "a", "tags: [pba]")) == "pba"
    assert method_of_card(model(tmp_path / "b", "tags: [ica, pba]")) is None
    assert method_of_card(None) is None
    assert method_of_card("some/model") is None
