"""Answers ranked for one person by aligned models and by learned scorers; nothing is printed."""

import json

import numpy as np
import pytest

from penchant.encoder.fake import FakeEncoder
from penchant.errors import ConfigError, ModelError
from penchant.method import METHODS
from penchant.model.local import LocalModel
from penchant.person import meet_record
from penchant.runs.data import read, space_for
from penchant.runs.fit import fit_baseline, fit_encoder
from penchant.runs.rank import rank
from penchant.scorer.implicit import ImplicitReward
from penchant.shards import jsonl

ANSWERS = ("rose tulip petal bloom meadow", "gear piston diesel clutch rotor", "gear rose")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)


@pytest.fixture
def planted_data(planted, tmp_path):
    jsonl.write(planted, tmp_path / "planted.jsonl", space=None)
    return tmp_path / "planted.jsonl"


@pytest.fixture
def gardener(tmp_path):
    """The JSON of somebody who chose flowers twice."""
    choice = {"kind": "comparison", "prompt": "What else?"}
    evidence = [
        {**choice, "chosen": "daisy orchid fern lily pollen", "rejected": "axle valve motor crank bolt"},
        {**choice, "chosen": "rose fern lily daisy bloom", "rejected": "gear bolt motor valve axle"},
    ]
    return person_file(tmp_path, evidence)


def person_file(folder, evidence, name: str = "user"):
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"user_id": name, "evidence": evidence}), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["vpl", "lore", "encoder"])
def test_a_learned_scorer_ranks_what_the_person_chose_first(
    fake, planted_data, gardener, tmp_path, capsys, name
) -> None:
    out = tmp_path / name
    fit_encoder(data=planted_data, out=out) if name == "encoder" else fit_baseline(
        name=name, data=planted_data, out=out
    )
    ranking = rank("What shall I read?", ANSWERS, user=gardener, model=str(out))
    assert (ranking.user_id, ranking.method, ranking.prompt) == ("user", name, "What shall I read?")
    best, *_ = ranking.answers
    assert (best.answer, best.index) == (ANSWERS[0], 0)
    scores = [ranked.score for ranked in ranking.answers]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1]
    again = rank("What shall I read?", ANSWERS[::-1], user=gardener, model=str(out))
    assert [one.answer for one in again.answers] == [one.answer for one in ranking.answers]
    by_record = rank("What shall I read?", ANSWERS, user="person-1", data=planted_data, model=str(out))
    assert by_record.user_id == "person-1"
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_an_aligned_model_is_scored_against_the_base_that_its_card_names(small_forum, small_base, aligned) -> None:
    data = small_forum / "test"
    space = space_for(data, None)
    record = read(data, space, limit=1)[0]
    answers = (record.rejected, record.chosen)
    for method in ("ica", "pba"):
        models = (LocalModel.load(str(folder)) for folder in (aligned[method], small_base))
        scorer = ImplicitReward(*models, METHODS[method])
        expected = scorer.score(meet_record(record, record.persona, space), record.task, answers)
        ranking = rank(record.task, answers, user=record.record_id, data=data, model=str(aligned[method]))
        assert (ranking.user_id, ranking.method) == (record.person_id, method)
        by_index = {ranked.index: ranked.score for ranked in ranking.answers}
        assert [by_index[0], by_index[1]] == pytest.approx(list(expected))
        named = rank(
            record.task,
            answers,
            user=record.record_id,
            data=data,
            model=f"{method}={aligned[method]}",
            base=str(small_base),
        )
        assert named == ranking


def test_directions_come_from_an_annotator_where_the_file_has_none(
    small_forum, aligned, annotator_folder, tmp_path, reporter
) -> None:
    user = person_file(tmp_path, [{"kind": "comment", "prompt": "", "text": "I would rather travel than read."}])
    space = str(small_forum / "space.toml")
    where = {"user": user, "model": str(aligned["pba"]), "space": space}
    ranking = rank("Where to?", ["away", "home"], annotator=annotator_folder, reporter=reporter, **where)
    assert {ranked.answer for ranked in ranking.answers} == {"away", "home"}
    assert not any("states no directions" in note for note in reporter.notes)
    rank("Where to?", ["away", "home"], reporter=reporter, **where)
    assert any("`annotator` english reads them" in note for note in reporter.notes)
    assert any(note.startswith("to be taken with care: ") for note in reporter.notes)


def test_an_encoder_scorer_that_was_fitted_with_an_annotator_needs_it(
    fake, small_forum, small_base, tmp_path, annotator_folder
) -> None:
    out = tmp_path / "scorer"
    fit_encoder(data=small_forum / "train", out=out, annotator=annotator_folder)
    user = person_file(tmp_path, [{"kind": "comment", "prompt": "", "text": "I would rather travel."}])
    where = {"user": user, "model": str(out), "space": str(small_forum / "space.toml")}
    with pytest.raises(ConfigError, match="name its folder with `annotator`"):
        rank("Where to?", ["away", "home"], **where)
    assert rank("Where to?", ["away", "home"], annotator=annotator_folder, **where).method == "encoder"


def test_evidence_that_cannot_be_used_is_noted(fake, planted_data, tmp_path, reporter) -> None:
    fit_baseline(name="lore", data=planted_data, out=tmp_path / "lore")
    talker = person_file(tmp_path, [{"kind": "comment", "prompt": "", "text": "Roses!"}], "talker")
    nobody = person_file(tmp_path, [], "nobody")
    for user in (talker, nobody):
        rank("What shall I read?", ANSWERS, user=user, model=str(tmp_path / "lore"), reporter=reporter)
    assert reporter.notes == [
        "lore reads choices only, and there is none: the answers are ranked without evidence",
        "there is no evidence of 'nobody': the answers are ranked without it",
    ]


def test_what_becomes_of_corrections_is_noted(fake, planted_data, small_forum, aligned, tmp_path, reporter) -> None:
    fit_baseline(name="lore", data=planted_data, out=tmp_path / "lore")
    space = space_for(small_forum / "test", None)
    user = tmp_path / "user.json"
    correction = {"dimension": space.dimensions[0].id, "sign": 1}
    content = {"user_id": "user", "evidence": [], "corrections": [correction]}
    user.write_text(json.dumps(content), encoding="utf-8")
    where = {"user": user, "space": str(small_forum / "space.toml"), "reporter": reporter}
    for model in (tmp_path / "lore", aligned["ica"], aligned["pba"]):
        rank("Where to?", ["away", "home"], model=str(model), **where)
    assert [note for note in reporter.notes if "correction" in note] == [
        "learned scorers read no corrections, except in the beliefs of a scorer that has an annotator",
        "this method shows corrections as further evidence and may not follow them; pba follows them",
    ]


def test_answers_that_a_scorer_cannot_tell_apart_are_noted(
    fake, planted_data, gardener, tmp_path, reporter, monkeypatch
) -> None:
    fit_baseline(name="lore", data=planted_data, out=tmp_path / "lore")
    monkeypatch.setattr("penchant.scorer.embedding.EmbeddingScorer.score", lambda *_: np.zeros(3))
    ranking = rank("What?", ANSWERS, user=gardener, model=str(tmp_path / "lore"), reporter=reporter)
    assert [one.index for one in ranking.answers] == [0, 1, 2]
    assert reporter.notes == ["all answers have the same score: this model cannot tell them apart for this person"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"answers": ["one"]}, "at least two answers, all different"),
        ({"answers": ["one", "one"]}, "at least two answers, all different"),
        ({"answers": ["one", " "]}, "the prompt or an answer is empty"),
        ({"prompt": ""}, "the prompt or an answer is empty"),
        ({"layout": "wide"}, "`layout` wide: choose from user_first, paper"),
        ({"user": "u1"}, "`user` u1 is no JSON file of one person"),
    ],
)
def test_an_argument_that_cannot_be_used_is_refused_first(gardener, settings: dict[str, object], sentence: str) -> None:
    arguments = {"prompt": "p", "answers": ["one", "two"], "user": gardener, "model": "nowhere", **settings}
    with pytest.raises(ConfigError, match=sentence):
        rank(**arguments)


def test_a_path_without_a_model_is_refused(gardener, tmp_path) -> None:
    with pytest.raises((ConfigError, ModelError), match="nowhere"):
        rank("p", ["one", "two"], user=gardener, model=str(tmp_path / "nowhere"))
