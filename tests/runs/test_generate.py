"""An answer for one person: plain, guided, mixed or judged; what cannot be done is one sentence."""

import json
from pathlib import Path

import pytest

from penchant.decode.decoders import DECODERS
from penchant.errors import ConfigError
from penchant.model.base import Sampling
from penchant.model.fake import FakeModel
from penchant.model.local import LocalModel
from penchant.runs.generate import OF_PERSON, generate

UNSET = ("plain", "judge", "best_of")
SETTINGS = Sampling(temperature=0.5, max_tokens=12)


@pytest.fixture
def user(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setattr(LocalModel, "load", lambda *_args, **_options: FakeModel())
    path = tmp_path / "ann.json"
    evidence = [{"kind": "statement", "text": "I love hiking in the hills."}]
    path.write_text(json.dumps({"user_id": "ann", "evidence": evidence}), encoding="utf-8")
    return path


@pytest.mark.parametrize("decoder", [*DECODERS, *OF_PERSON])
def test_every_decoder_writes_and_says_what_it_wrote(user: Path, decoder: str) -> None:
    pieces: list[str] = []
    written = generate(
        "hot tea with milk",
        user=user,
        model="fake",
        settings=SETTINGS,
        decoder=decoder,
        strength=None if decoder in UNSET else 0.5,
        piece=pieces.append,
    )
    assert written.text
    assert "".join(pieces) == written.text
    method = "pba" if decoder == "directions" else "ica"
    assert (written.user_id, written.method, written.decoder) == ("ann", method, decoder)
    assert (written.strength is None) == (decoder in UNSET)


def test_strength_0_is_the_prompt_alone_and_1_is_the_prompt_with_the_person(user: Path) -> None:
    def text(decoder: str, strength: float | None) -> str:
        settings = Sampling(temperature=0, max_tokens=12)
        return generate("hot tea", user=user, model="fake", settings=settings, decoder=decoder, strength=strength).text

    assert text("guidance", 0) == text("mixture", 0) == "hot tea"
    assert text("guidance", 1) == text("mixture", 1) == text("plain", None) != "hot tea"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"decoder": "beam"},
            "`decoder` beam: choose from plain, guidance, mixture, contrast, judge, directions, best_of",
        ),
        ({"method": "dpo"}, "`method` dpo: choose from"),
        ({"decoder": "guidance", "strength": -1.0}, "guidance takes 0 and more"),
        ({"decoder": "mixture", "strength": 1.5}, "mixture takes 0 to 1"),
        ({"decoder": "judge", "strength": 0.5}, "`strength`: judge has none"),
        ({"decoder": "best_of", "strength": 0.5}, "best_of has none; set `candidates`"),
        ({"decoder": "best_of", "candidates": 1}, "`candidates` is 1; give at least 2"),
        ({"candidates": 5}, "`candidates`: plain has none; take best_of"),
        ({"decoder": "judge", "scorer": "x"}, "`scorer`: judge has none; take best_of"),
        ({"decoder": "directions", "method": "pba"}, "directions has a voice for each preference"),
        ({"decoder": "directions", "strength": -1.0}, "give 0 and more"),
    ],
)
def test_what_is_no_choice_is_refused(user: Path, options: dict, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        generate("hot tea", user=user, model="fake", settings=SETTINGS, **options)


def test_an_empty_prompt_and_somebody_without_evidence(user: Path, reporter) -> None:
    with pytest.raises(ConfigError, match="the prompt is empty"):
        generate(" ", user=user, model="fake", settings=SETTINGS)
    user.write_text(json.dumps({"user_id": "ann", "evidence": []}), encoding="utf-8")
    generate("hot tea", user=user, model="fake", settings=SETTINGS, reporter=reporter)
    assert "there is no evidence of 'ann': the answer is for anybody" in reporter.notes
    with pytest.raises(ConfigError, match="the two preferences make the same prompt"):
        generate("hot tea", user=user, model="fake", settings=SETTINGS, decoder="judge")


def test_directions_that_the_file_does_not_state_are_read_by_the_annotator(user: Path, reporter) -> None:
    written = generate("hot tea", user=user, model="fake", settings=SETTINGS, method="pba", reporter=reporter)
    assert written.method == "pba"
    assert any("`annotator` english reads them" in note for note in reporter.notes)


def test_a_model_behind_an_api_writes_the_best_of_several_and_judges_nothing(user, served, tmp_path) -> None:
    recipe = tmp_path / "remote.yaml"
    recipe.write_text(f"endpoint: {{base_url: '{served.url}', model: m}}\n")
    served.reply = lambda request, _number: (
        "Stay at home." if request["seed"] % 4 else "Go hiking in the hills, outdoors, in the mountains."
    )
    options = {"user": user, "model": str(recipe), "settings": SETTINGS}
    assert (
        generate("hot tea", **options, decoder="best_of").text == "Go hiking in the hills, outdoors, in the mountains."
    )
    assert len(served.requests) == 4
    assert generate("hot tea", **options).text.startswith("Go hiking")  # plain
    for decoder in ("guidance", "mixture", "contrast", "judge", "directions"):
        with pytest.raises(ConfigError, match="m gives no probabilities of tokens"):
            generate("hot tea", **options, decoder=decoder)


def test_an_aligned_model_or_a_scorer_that_is_missing_is_named(user, tmp_path) -> None:
    options = {"user": user, "model": "fake", "settings": SETTINGS, "decoder": "best_of"}
    with pytest.raises(ConfigError, match="there is no folder"):
        generate("hot tea", **options, scorer=str(tmp_path / "nothing"))


def test_the_belief_that_ranks_says_who_reads_it_and_a_scorer_reads_nothing_else(user, reporter):
    options = {"user": user, "model": "fake", "settings": SETTINGS, "decoder": "best_of", "reporter": reporter}
    generate("hot tea", **options)
    assert "the belief about the person ranks the answers, as annotator english reads it" in reporter.notes
    assert not any("states no directions" in note for note in reporter.notes)
