"""The prompt of one record as a call: messages, text, counts, notes and refusals; nothing is printed."""

import json

import pytest

from penchant.errors import ConfigError, DataError, ModelError
from penchant.message import Message
from penchant.runs.data import read, space_for
from penchant.runs.prompt import prompt

WORDS = ("One", "Two", "Three", "Four")


@pytest.fixture(scope="module")
def data(small_forum):
    return small_forum / "test"


def test_a_call_returns_the_messages_of_the_first_record_and_prints_nothing(data, capsys) -> None:
    capsys.readouterr()
    made = prompt(data=data)
    first = read(data, space_for(data, None), limit=1)[0]
    assert made.record_id == first.record_id
    assert [message.role for message in made.messages] == ["system", "user"]
    assert made.messages[-1].content.endswith(f"{first.task}")
    assert (made.text, made.tokens, made.dropped) == (None, None, 0)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


@pytest.fixture
def bare(tmp_path):
    """One record with four comments and no directions."""
    evidence = [{"kind": "comment", "prompt": "a post", "text": f"{word}, please!"} for word in WORDS]
    row = {"record_id": "r", "user_id": "u", "prompt": "p", "chosen": "a", "rejected": "b", "evidence": evidence}
    path = tmp_path / "bare.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    return path


def test_the_seed_draws_the_mixed_persona_and_a_note_says_what_is_left_out(bare, reporter) -> None:
    made = prompt(data=bare, reporter=reporter)
    assert made == prompt(data=bare)
    everything = prompt(data=bare, persona="all")
    assert made.kept < everything.kept
    (note,) = reporter.notes
    assert note == (
        f"{made.kept} of the {everything.kept} items that record '{made.record_id}' has are shown, as 'mixed' draws "
        "them with seed 0; `persona` all shows each"
    )


def test_a_bare_prompt_is_noted_unless_it_is_asked_for(tmp_path, reporter) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"record_id":"r","prompt":"p","chosen":"a","rejected":"b"}\n', encoding="utf-8")
    made = prompt(data=path, persona="ugc", reporter=reporter)
    assert made.messages == (Message("user", "p"),)
    assert reporter.notes == ["record 'r' has no evidence for persona 'ugc': the model sees the bare prompt"]
    reporter.notes.clear()
    assert prompt(data=path, persona="none", reporter=reporter).messages == made.messages
    assert reporter.notes == []


def test_a_model_gives_text_tokens_and_the_budget(data, small_base) -> None:
    full = prompt(data=data, persona="ugc", model=str(small_base))
    assert full.text is not None
    assert full.messages[-1].content in full.text
    assert full.tokens is not None
    cut = prompt(data=data, persona="ugc", model=str(small_base), max_prompt_tokens=full.tokens - 1)
    assert (cut.kept, cut.dropped) == (full.kept - 1, 1)
    assert cut.tokens is not None
    assert cut.tokens < full.tokens


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"method": "dpo"}, "`method` dpo: choose from few_shot, ica, pba"),
        ({"persona": "bio"}, "`persona` bio: choose from ugc, pair"),
        ({"layout": "wide"}, "`layout` wide: choose from user_first, paper"),
        ({"directions": "guessed"}, "`directions` guessed: choose from given, measured"),
        ({"max_prompt_tokens": 5}, "`max_prompt_tokens` counts tokens of a model; name it with `model`"),
    ],
)
def test_an_unknown_setting_is_refused(data, settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        prompt(data=data, **settings)
    with pytest.raises(DataError, match="has no record 'nobody'"):
        prompt(data=data, record="nobody")


def test_pba_is_shown_what_penchant_reads_where_the_data_states_nothing(tmp_path, reporter) -> None:
    evidence = [{"kind": "comment", "prompt": "a post", "text": "I love camping and go every other weekend."}]
    row = {"record_id": "r", "user_id": "u", "prompt": "p", "chosen": "a", "rejected": "b", "evidence": evidence}
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    made = prompt(data=path, method="pba", persona="all", reporter=reporter)
    assert "likes camping" in made.messages[0].content.lower() + made.messages[-1].content.lower()
    assert reporter.notes[0].startswith("the data states no directions; `annotator` english reads them")
    with pytest.raises(ModelError, match="no annotator nowhere"):
        prompt(data=path, method="pba", annotator="nowhere")


def test_measured_directions_are_shown_to_pba(bare) -> None:
    measured = prompt(data=bare, method="pba", directions="measured")
    assert measured.kept == 0
    assert "please" not in measured.messages[-1].content
