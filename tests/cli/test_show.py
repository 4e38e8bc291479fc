import json

import pytest

D = "Preference Direction"


def published(**changes: object) -> dict[str, object]:
    """A row as the AlignX files have it."""
    history = {"User-Generated Content": [{"prompt": "a post", "comment": "hello", D: [1, *[0.5] * 89]}]}
    return {"prompt": "p", "chosen": "a b", "rejected": "c d", D: [0.5] * 90, **history, **changes}


@pytest.fixture
def rows(tmp_path):
    def write(*content: dict[str, object]):
        path = tmp_path / "rows.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return write


def test_the_prompt_is_shown_turn_by_turn(penchant, rows) -> None:
    ran = penchant("show", "prompt", "--data", rows(published()))
    assert ran.code == 0
    assert ran.out.startswith("[system]\nYou are talking with somebody.")
    assert ran.out.endswith('[user]\n<notes>\nWhen asked "a post", they replied "hello"\n</notes>\n\np\n')


def test_what_a_mixed_draw_leaves_out_is_said(penchant, rows) -> None:
    comments = [{"prompt": "a post", "comment": f"hello {i}", D: [0.5] * 90} for i in range(4)]
    data = rows(published(**{"User-Generated Content": comments}))
    ran = penchant("show", "prompt", "--data", data, "--json")
    assert 0 < ran.last["shown"] < 4
    assert f"{ran.last['shown']} of the 4 items that record" in ran.err
    assert "--persona all shows each" in ran.err
    every = penchant("show", "prompt", "--data", data, "--persona", "all", "--json")
    assert (every.last["shown"], every.err) == (4, "")


def test_pba_shows_directions(penchant, small_forum) -> None:
    ran = penchant("show", "prompt", "--data", small_forum / "test", "--method", "pba", "--json")
    assert ran.code == 0
    assert ran.last["shown"] == 0
    assert "replied" not in ran.last["messages"][-1]["content"]


def test_with_a_model_exactly_its_text_and_tokens_are_shown(penchant, small_forum, small_base) -> None:
    from penchant.message import Message
    from penchant.model.load import load_tokenizer

    arguments = ("--data", small_forum / "test", "--persona", "demo", "--model", small_base)
    ran = penchant("show", "prompt", *arguments, "--json")
    chat = load_tokenizer(str(small_base))
    messages = [Message(**message) for message in ran.last["messages"]]
    assert ran.last["text"] == chat.prompt_text(messages)
    assert ran.last["tokens"] == len(chat.prompt_ids(messages))
    assert penchant("show", "prompt", *arguments).out == ran.last["text"] + "\n"


def test_a_budget_drops_evidence_and_counts_it(penchant, small_forum, small_base) -> None:
    arguments = ("--data", small_forum / "test", "--persona", "ugc", "--model", small_base, "--json")
    whole = penchant("show", "prompt", *arguments).last
    cut = penchant("show", "prompt", *arguments, "--max-prompt-tokens", whole["tokens"] - 1).last
    assert (whole["shown"], whole["dropped"]) == (2, 0)
    assert (cut["shown"], cut["dropped"]) == (1, 1)


@pytest.mark.parametrize("method", ["ica", "pba", "few_shot"])
def test_a_persona_without_evidence_is_said_and_the_bare_prompt_shown(penchant, rows, method: str) -> None:
    path = rows(published(**{"User-Generated Content": []}))
    ran = penchant("show", "prompt", "--data", path, "--method", method)
    assert (ran.code, ran.out) == (0, "[user]\np\n")
    assert ran.err == "record 'rows-000000' has no evidence for persona 'mixed': the model sees the bare prompt\n"


def test_showing_nothing_on_purpose_says_nothing(penchant, rows) -> None:
    ran = penchant("show", "prompt", "--data", rows(published()), "--persona", "none")
    assert (ran.code, ran.out, ran.err) == (0, "[user]\np\n", "")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({D: [1, 0]}, "row 0: 'Preference Direction' has 2 values, space 'alignx90' has 90 dimensions"),
        ({D: [0.7, *[0.5] * 89]}, "is 0.7; allowed are 0, 0.5 and 1"),
        ({D: ["1", *[0.5] * 89]}, "row 0: 'Preference Direction' has '1' at index 0; allowed are 0, 0.5 and 1"),
        ({"prompt": ""}, "holds no usable record; 1 rows: 0 kept, 1 dropped (prompt is empty: 1)"),
        ({"chosen": " "}, "chosen is empty: 1"),
        ({"prompt": 3}, "1 dropped ('prompt' is of type int; it must be text: 1)"),
    ],
)
def test_a_published_row_that_cannot_be_used_is_named(penchant, rows, change: dict[str, object], sentence: str) -> None:
    path = rows(published(**change))
    ran = penchant("show", "prompt", "--data", path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"penchant: {path}")
    assert sentence in ran.err
    assert ran.err.count("\n") == 1


def test_a_broken_line_is_named_by_its_number(penchant, tmp_path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"record_id":"a","prompt":"p","chosen":"a","rejected":"b"}\n{"record_id":\n', encoding="utf-8")
    ran = penchant("show", "prompt", "--data", path, "--record", "z")
    assert ran.code == 2
    assert f"{path}: line 2 is not valid JSON" in ran.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--method", "dpo"), "--method dpo: choose from few_shot, ica, pba"),
        (("--persona", "bio"), "--persona bio: choose from ugc, pair, demo, behaviour, mixed, all, none"),
        (("--layout", "wide"), "--layout wide: choose from user_first, paper"),
        (("--record", "nobody"), "has no record 'nobody'; the first is 'test-known-000000-00'"),
        (("--max-prompt-tokens", "5"), "--max-prompt-tokens counts tokens of a model; name it with --model"),
        (("--model", "nowhere"), "no model folder at nowhere"),
        (("--space", "alignx90"), "written for space 'alignx90-small'"),
        (("--space", "alignx"), "no space named 'alignx'; shipped are: alignx90"),
    ],
)
def test_a_wrong_argument_is_one_sentence(penchant, small_forum, arguments: tuple[str, ...], sentence: str) -> None:
    ran = penchant("show", "prompt", "--data", small_forum / "test", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err
    assert ran.err.count("\n") == 1


def test_a_missing_file_is_named(penchant, tmp_path) -> None:
    ran = penchant("show", "prompt", "--data", tmp_path / "none.parquet")
    assert ran.code == 2
    assert f"{tmp_path / 'none.parquet'}: no such file or folder; check the path" in ran.err


def test_a_space_is_listed_with_both_poles(penchant) -> None:
    lines = penchant("show", "space").out.splitlines()
    assert len(lines) == 91
    found = penchant("show", "space", "--json").last
    assert len(found["dimensions"]) == 90
    assert [row["id"] for row in found["dimensions"] if row["withheld"]] == ["age_group", "gender"]
    assert [line.split()[1] for line in lines if "nothing is concluded" in line] == ["age_group", "gender"]
    assert found["dimensions"][0]["id"] in lines[1]
