"""`penchant crossval scorers`: the encoder scorer and learned baselines, on people they were not fitted on."""

from dataclasses import replace

import pytest

from penchant.encoder.fake import FakeEncoder
from penchant.shards import jsonl


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)


@pytest.fixture
def texts(planted, tmp_path):
    """The planted records as a file."""
    path = tmp_path / "planted.jsonl"
    jsonl.write(planted, path, space=None)
    return path


@pytest.fixture
def crossval(penchant, texts):
    """Runs `penchant crossval scorers` on the planted records."""

    def run(*arguments: object):
        return penchant("crossval", "scorers", "--data", texts, *arguments)

    return run


def test_the_encoder_scorer_is_measured_over_folds(crossval) -> None:
    ran = crossval("--folds", "3", "--json")
    assert ran.code == 0, ran.err
    found = {(row["label"], row["persona"]): row for row in _rows(ran)}
    assert found["encoder", "pair"]["n"] == 96
    assert found["encoder", "pair"]["role"] == "personal"
    assert ("chance", "none") in found


def test_learned_baselines_are_measured_beside_the_encoder_scorer(crossval) -> None:
    encoder = ("--fit-split", "train", "--split", "dev", "--json")
    ran = crossval(*encoder, "--baselines", "lore, vpl,lore")
    assert ran.code == 0, ran.err
    found = [(row["label"], row["persona"]) for row in _rows(ran)]
    assert found[-4:] == [("lore", "pair"), ("lore", "shuffled"), ("vpl", "pair"), ("vpl", "shuffled")]
    accuracy = {(row["method"], row["persona"]): row["accuracy"] for row in ran.last["rows"]}
    assert min(accuracy["lore", "pair"], accuracy["vpl", "pair"]) > 0.7
    rivals = {(one["method"], one["rival"]) for one in ran.last["contrasts"]}
    assert {("encoder", "vpl"), ("encoder", "lore")} <= rivals
    assert "fold 0: vpl: best after" in ran.err
    assert "of 16 latent units active" in ran.err
    assert {row["method"] for row in crossval(*encoder).last["rows"]}.isdisjoint({"vpl", "lore"})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("vpl,pal", "penchant: --baselines vpl,pal: choose from vpl, lore"),
        (",", "penchant: --baselines ,: give names, separated by commas"),
    ],
)
def test_baselines_that_are_not_known_are_one_sentence(crossval, text: str, sentence: str) -> None:
    ran = crossval("--baselines", text)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[-1] == sentence


def test_the_encoder_scorer_can_be_fitted_on_one_split_and_tested_on_another(crossval) -> None:
    ran = crossval("--fit-split", "train", "--split", "dev", "--json")
    assert ran.code == 0, ran.err
    assert {row["n"] for row in ran.last["rows"]} <= {24, 12}
    alone = crossval("--split", "train", "--folds", "2", "--json").last["rows"]
    assert max(row["n"] for row in alone) == 72


def test_the_encoder_scorer_can_be_fitted_on_other_data_and_shown_one_kind_of_evidence(
    crossval, texts, planted, tmp_path
) -> None:
    other = tmp_path / "other.jsonl"
    jsonl.write([replace(record, user_id=f"other-{record.user_id}") for record in planted], other, space=None)
    ran = crossval("--fit-data", other, "--json")
    assert ran.code == 0, ran.err
    assert {row["n"] for row in _rows(ran)} == {96}
    assert "--fit-split train needs --split" in crossval("--fit-split", "train").err
    both = crossval("--fit-split", "train", "--split", "dev", "--fit-data", other)
    assert "--fit-data and --fit-split both say what to fit on" in both.err
    flowers = crossval("--fit-data", other, "--attribute", "garden/flowers", "--json").last["rows"]
    assert {row["n"] for row in flowers} == {48}
    ran = crossval("--fit-data", texts)
    assert (ran.code, "fit on other people" in ran.err) == (2, True)
    shown = crossval("--folds", "3", "--personas", "pair,ugc", "--json").last["rows"]
    assert {row["persona"] for row in shown if row["variant"] == "text"} == {"pair", "ugc", "shuffled"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--personas", "bio"), "--personas bio: choose from ugc, pair, demo"),
        (("--personas", ","), "--personas ,: give names, separated by commas"),
        (("--attribute", "wit"), "has no record of 'wit'; there are:"),
        (("--split", "test"), "has no record of split 'test'; there are: dev, train"),
    ],
)
def test_a_wrong_argument_is_one_sentence(crossval, arguments: tuple[str, ...], sentence: str) -> None:
    ran = crossval(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err.splitlines()[-1]


@pytest.mark.parametrize(
    "option",
    [("--draws", "2"), ("--base", "b"), ("--layout", "paper"), ("--judge", "j.yaml"), ("--neutral",)],
)
def test_options_of_aligned_models_are_refused(crossval, option: tuple[str, ...]) -> None:
    ran = crossval(*option)
    assert (ran.code, ran.out) == (2, "")
    assert f"No such option: {option[0]}" in ran.err


def test_a_number_out_of_range_is_refused(crossval) -> None:
    assert crossval("--folds", "1").code == 2


def _rows(ran):
    """The rows of all records, each with its method and variant in one label."""
    label = {"": "", "text": "_text", "style": "_style"}
    rows = [row for row in ran.last["rows"] if row["attribute"] == "all"]
    return [{**row, "label": row["method"] + label[row["variant"]]} for row in rows]
