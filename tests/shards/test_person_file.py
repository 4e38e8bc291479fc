import json
from pathlib import Path

import pytest

from penchant import PreferenceSpace
from penchant.correction import Correction
from penchant.errors import DataError, SpaceError, SpaceMismatch
from penchant.persona import Comment, Comparison, Persona
from penchant.shards import person_file as individual
from penchant.shards.person_file import Individual, is_individual

COMMENT = {"kind": "comment", "prompt": "p", "text": "t"}
COMPARISON = {"kind": "comparison", "prompt": "p", "chosen": "a", "rejected": "b"}
SAID = {**COMMENT, "direction": [{"dimension": "depth", "sign": 1}]}


@pytest.fixture
def file(tmp_path: Path):
    def write(content: object) -> Path:
        path = tmp_path / "user.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


def test_a_person_is_read_from_an_id_and_evidence(file, tiny: PreferenceSpace) -> None:
    path = file({"user_id": "u", "evidence": [COMMENT, COMPARISON]})
    assert individual.read(path, tiny) == Individual(
        "u", Persona((Comment("p", "t"), Comparison("p", "a", "b"))), (0, 1)
    )


def test_an_item_without_a_text_is_left_out_with_the_reason(file, tiny: PreferenceSpace) -> None:
    found = individual.read(file({"user_id": "u", "evidence": [{**COMMENT, "text": " "}, COMMENT]}), tiny)
    assert (found.persona, found.positions, found.lost) == (
        Persona((Comment("p", "t"),)),
        (1,),
        {0: "comment: text is empty"},
    )


def test_what_a_person_says_of_themselves_is_read_by_dimension(file, tiny: PreferenceSpace) -> None:
    said = [{"dimension": "depth", "sign": -1}, {"dimension": "length", "sign": 0}]
    found = individual.read(file({"user_id": "u", "evidence": [COMMENT], "corrections": said}), tiny)
    assert found.corrections == (Correction("depth", -1), Correction("length", 0))
    for wrong, why in (
        ([{"dimension": "dept", "sign": 1}], "dept"),
        ([{"dimension": "depth", "sign": 2}], "'corrections' of 'depth' has sign 2; allowed are -1, 0 and 1"),
        ([said[0], said[0]], "'corrections' names 'depth' twice"),
        ("no science", "'corrections' is of type str; it must be a list"),
    ):
        with pytest.raises((DataError, SpaceError), match=rf"user\.json: .*{why}"):
            individual.read(file({"user_id": "u", "evidence": [COMMENT], "corrections": wrong}), tiny)


def test_only_a_json_file_of_one_object_is_a_person(file, tmp_path: Path) -> None:
    assert is_individual(file('\ufeff\n {"user_id"'))
    assert not is_individual(file([{"prompt": "p"}]))
    assert not is_individual(tmp_path)
    assert not is_individual(tmp_path / "none.json")
    lines = tmp_path / "rows.jsonl"
    lines.write_text("{}", encoding="utf-8")
    assert not is_individual(lines)


def test_directions_say_their_space_as_in_json_lines(file, tiny: PreferenceSpace) -> None:
    bare = {"user_id": "u", "evidence": [SAID]}
    with pytest.raises(DataError, match=r'user\.json: has directions but .*add "space": {"name": "tiny"'):
        individual.read(file(bare), tiny)
    stamped = file({**bare, "space": {"name": "tiny", "digest": tiny.digest}})
    assert individual.read(stamped, tiny).persona.evidence[0].direction == tiny.direction({"depth": 1})
    with pytest.raises(SpaceMismatch, match=r"user\.json: directions: written for space 'tiny'"):
        individual.read(stamped, tiny.subset(["length"], name="one"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "not valid JSON .*; give {"),
        ("[]", "holds no JSON object; give {"),
        ({"evidence": []}, "has no 'user_id'; give {"),
        ({"user_id": "u"}, "has no 'evidence'; give {"),
        ({"user_id": " ", "evidence": []}, "user_id is empty; give {"),
        ({"user_id": 3, "evidence": []}, "'user_id' is of type int; it must be text"),
        ({"user_id": "u", "evidence": "x"}, "'evidence' is of type str; it must be a list"),
        ({"user_id": "u", "evidence": ["x"]}, r"'evidence\[0\]' is of type str; it must be an object"),
        ({"user_id": "u", "evidence": [COMMENT, {"kind": "post"}]}, r"evidence\[1\]: evidence of unknown kind 'post'"),
        ({"user_id": "u", "evidence": [], "prompt": "p"}, "a person's file has no key 'prompt'"),
    ],
)
def test_another_shape_is_one_sentence_with_file_and_place(file, tiny, content: object, sentence: str) -> None:
    with pytest.raises(DataError, match=r"user\.json: " + sentence):
        individual.read(file(content), tiny)
