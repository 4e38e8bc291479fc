"""Files as people have them: one of each layout and fault, invented after the public formats."""

from pathlib import Path

import pytest

from penchant.errors import DataError
from penchant.record import Question, Record
from penchant.shards import PersonItems, read_records
from penchant.shards.layouts.mapped import parse_columns

FOUND = Path(__file__).parents[1] / "data" / "as_found"
Q = ["How do I keep basil fresh?", "What should I cook tonight?", "How do I sleep better?"]
GOOD = ["Stand it in water.", "Try a lentil soup.", "Keep the room dark."]
BAD = ["Basil is a herb.", "There are many dishes.", "Sleep is important."]
TIE = "the two answers tie"

PAIRS: dict[str, tuple[str, list[tuple[str | None, str, str, str]], dict[str, int]]] = {
    # file -> layout, (person, last prompt, chosen, rejected) of each pair, reasons of dropped rows
    "trl.jsonl": (
        "trl",
        [(u, Q[i], f" {GOOD[i]}", f" {BAD[i]}") for i, u in enumerate(("7", "7", "8"))],
        {},
    ),
    "trl_conversational.jsonl": ("trl conversational", [(None, Q[i], GOOD[i], BAD[i]) for i in (0, 1)], {}),
    "trl_implicit.jsonl": (
        "trl implicit prompt",
        [(None, Q[i], GOOD[i], BAD[i]) for i in (0, 1)],
        {"chosen and rejected have no common beginning, so there is no prompt": 1},
    ),
    "trl_implicit_conversational.jsonl": ("trl implicit prompt", [("ann-1", "The herb.", GOOD[0], BAD[0])], {}),
    "ultrafeedback.jsonl": ("ultrafeedback", [(None, Q[i], GOOD[i], BAD[i]) for i in (0, 1)], {}),
    "messages.jsonl": ("messages", [("l1", Q[0], GOOD[0], BAD[0])], {}),
    "alpaca.jsonl": ("alpaca", [("3", "Translate into English.\n\ngato", "cat", "dog")], {}),
    "sharegpt.json": ("sharegpt", [(None, Q[0], GOOD[0], BAD[0])], {}),
    "openai.jsonl": ("openai preference", [(None, Q[0], GOOD[0], BAD[0])], {}),
    "hh.jsonl.gz": ("hh-rlhf", [(None, "Yes.", GOOD[0], BAD[0])], {}),
    "lmsys.jsonl": (
        "lmsys",
        [("arena_user_5", Q[0], GOOD[0], BAD[0]), ("arena_user_5", Q[1], BAD[1], GOOD[1])],
        {TIE: 1},
    ),
    "lmsys_kaggle.csv": ("lmsys", [(None, Q[0], GOOD[0], BAD[0])], {TIE: 1}),
    "lmarena_parts.jsonl": ("lmsys", [(None, Q[0], GOOD[0], BAD[0])], {}),
    "shp.jsonl": ("shp", [(None, Q[0], GOOD[0], BAD[0])], {}),
    "helpsteer.jsonl": ("battles", [(None, Q[0], GOOD[0], BAD[0]), (None, Q[2], BAD[2], GOOD[2])], {TIE: 1}),
    "webgpt.jsonl": ("battles", [(None, Q[0], GOOD[0], BAD[0])], {}),
    "summaries.jsonl": (
        "summarize from feedback",
        [("w7", "Summarize: Keys\n\nI lost my keys in the park.", "Keys lost.", "Found a dog.")],
        {},
    ),
    "prism_utterances.jsonl": (
        "prism utterances",
        [
            ("user0", Q[0], GOOD[0], BAD[0]),
            ("user0", Q[0], GOOD[0], "No idea."),
            ("user0", "And in winter?", "On the sill.", "Winter is cold."),
        ],
        {},
    ),
    "prism_conversations.jsonl": ("prism conversations", [("user0", Q[0], GOOD[0], BAD[0])], {}),
    "community_alignment.csv": (
        "community alignment",
        [
            *(("ann9", Q[0], GOOD[0], other) for other in (BAD[0], "No idea.", "It depends.")),
            ("ann9", "And in winter?", "On the sill.", "Winter is cold."),
        ],
        {},
    ),
    "ultrafeedback_raw.jsonl": ("ultrafeedback raw", [(None, Q[0], GOOD[0], BAD[0])], {}),
    "argilla.json": ("argilla", [("u-1", Q[0], GOOD[0], BAD[0]), ("u-2", Q[0], BAD[0], GOOD[0])], {}),
    "argilla_flat.jsonl": ("argilla", [("u-1", Q[0], GOOD[0], BAD[0])], {}),
    "label_studio.json": ("label studio", [("3", Q[0], GOOD[0], BAD[0]), ("4", Q[0], BAD[0], GOOD[0])], {}),
    "label_studio.csv": ("label studio", [("eva@example.org", Q[0], GOOD[0], BAD[0])], {}),
    "battles_semicolon.csv": ("battles", [("eva", Q[0], GOOD[0], BAD[0]), ("bo", Q[0], BAD[0], GOOD[0])], {TIE: 1}),
    "battles_utf16.tsv": ("battles", [("ève", Q[0], GOOD[0], BAD[0])], {}),
    "dictionary_types.parquet": (
        "ultrafeedback",
        [(u, Q[i], GOOD[i], BAD[i]) for i, u in enumerate(("u1", "u1", "u2"))],
        {},
    ),
    "argilla_two_ratings.json": ("argilla", [("u-1", Q[0], GOOD[0], BAD[0]), ("u-2", Q[0], BAD[0], GOOD[0])], {}),
    "argilla_ranking_v1.parquet": ("argilla", [("u-1", Q[0], GOOD[0], BAD[0])], {}),
    "label_studio_ranker.json": ("label studio", [("3", Q[0], GOOD[0], BAD[0])], {}),
    "label_studio_text.json": ("label studio", [("3", Q[0], GOOD[0], BAD[0])], {}),
    "label_studio_min.json": ("label studio", [("3", Q[0], GOOD[0], BAD[0]), ("7", Q[0], BAD[0], GOOD[0])], {}),
    "oasst_messages.jsonl": ("oasst messages", [(None, Q[0], GOOD[0], BAD[0])], {}),
    "helpsteer_ratings.jsonl": ("helpsteer ratings", [(None, Q[i], GOOD[i], BAD[i]) for i in (0, 1)], {}),
    "answers_index.parquet": ("answers with a choice", [("kim", Q[i], GOOD[i], BAD[i]) for i in (0, 1)], {}),
    "winner_model.jsonl": ("battles", [(f"u{i}", Q[i], GOOD[i], BAD[i]) for i in (0, 1)], {}),
    "capybara.jsonl": ("ultrafeedback", [(None, Q[0], GOOD[0], BAD[0])], {}),
    "rewardbench.jsonl": ("ultrafeedback", [(None, Q[0], GOOD[0], BAD[0]), (None, Q[0], GOOD[0], "No idea.")], {}),
    "sheet.csv": ("battles", [("Eva", Q[0], GOOD[0], BAD[0]), ("Bo", Q[1], GOOD[1], BAD[1])], {TIE: 1}),
    "camel_case.jsonl": ("battles", [("7", Q[0], GOOD[0], BAD[0]), ("8", Q[1], GOOD[1], BAD[1])], {}),
    "ranks.jsonl": ("battles", [(f"u{i}", Q[i], GOOD[i], BAD[i]) for i in (0, 1)], {}),
    "wrapped.json": ("trl", [(f"u{i}", Q[i], GOOD[i], BAD[i]) for i in (0, 1)], {}),
    "letters.jsonl": ("battles", [(f"u{i}", Q[i], GOOD[i], BAD[i]) for i in (0, 1)], {}),
    "ranking.tsv": (
        "ranking",
        [
            ("eva", Q[0], GOOD[0], BAD[0]),
            ("eva", Q[0], GOOD[0], "No idea."),
            ("bo", Q[1], GOOD[1], BAD[1]),
            ("bo", Q[1], GOOD[1], "No idea."),
        ],
        {},
    ),
    "best_worst.csv": (
        "best of several",
        [
            *(("eva", Q[0], GOOD[0], worse) for worse in (BAD[0], "No idea.", "Ask.")),
            *(("bo", Q[1], GOOD[1], worse) for worse in (BAD[1], "No idea.", "Ask.")),
        ],
        {},
    ),
    "scores_three.csv": (
        "scores",
        [
            *(("eva", Q[0], GOOD[0], worse) for worse in (BAD[0], "No idea.")),
            ("bo", Q[1], BAD[1], "No idea."),
        ],
        {},
    ),
    "comparia.tsv": ("lmsys", [(f"v{i + 1}", Q[i], GOOD[i], BAD[i]) for i in (0, 1)], {TIE: 1}),
    "nova.jsonl": ("nova candidates", [(None, Q[i], GOOD[i], BAD[i]) for i in (0, 1)], {}),
    "torchtune.json": ("trl implicit prompt", [(None, Q[i], GOOD[i], BAD[i]) for i in (0, 1)], {}),
    "rlhf_v.parquet": ("trl", [(None, Q[i], GOOD[i], BAD[i]) for i in (0, 1)], {}),
    "toloka.tsv": ("battles", [(f"w{i}", Q[i], GOOD[i], BAD[i]) for i in (0, 1)], {TIE: 1}),
    "mturk.csv": ("battles", [(f"w{i}", Q[i], GOOD[i], BAD[i]) for i in (0, 1)], {}),
    "qualtrics.csv": ("battles", [(None, Q[i], GOOD[i], BAD[i]) for i in (0, 1)], {}),
    "picked_id.jsonl": ("answers with a choice", [("u0", Q[0], GOOD[0], BAD[0])], {}),
    "mt_bench.jsonl": (
        "lmsys",
        [("expert_1", Q[0], GOOD[0], BAD[0])],
        {"the two conversations differ before their last answer, so they share no prompt": 1},
    ),
    "ab_variants.csv": ("battles", [("v1", Q[0], GOOD[0], BAD[0]), ("v2", Q[1], GOOD[1], BAD[1])], {}),
    "prometheus.jsonl": ("battles", [(None, Q[0], GOOD[0], BAD[0])], {}),
    "ms_swift.jsonl": ("ms-swift", [(None, Q[0], GOOD[0], BAD[0])], {}),
    "prodigy.jsonl": ("answers with a choice", [("eva", Q[0], GOOD[0], BAD[0])], {"the verdict is neither side": 1}),
    "fastchat.json": (
        "fastchat votes",
        [(None, Q[0], GOOD[0], BAD[0]), (None, Q[1], GOOD[1], BAD[1])],
        {TIE: 1, "a chat without a vote": 1},
    ),
    "helpsteer_turns.jsonl": ("helpsteer ratings", [(None, Q[0], GOOD[0], BAD[0])], {}),
    "ultrainteract.jsonl": (
        "trl conversational",
        [(None, Q[0], f"The plant needs care. {GOOD[0]}", f"The answer is: {BAD[0]}")],
        {},
    ),
    "list.jsonl": ("trl", [(None, Q[0], GOOD[0], BAD[0])], {}),
    "columns.json": ("trl", [(None, Q[i], GOOD[i], BAD[i]) for i in (0, 1)], {}),
    "faults.jsonl": (
        "trl",
        [("7", Q[1], GOOD[1], BAD[1]), ("7", Q[2], GOOD[2], BAD[2])],
        {
            "chosen and rejected are the same answer": 1,
            "chosen has a part of kind 'None'; only texts are read": 1,
            "prompt is empty": 1,
            "chosen holds the character NUL": 1,
        },
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_pairs_are_read_with_their_people(name: str) -> None:
    layout, pairs, dropped = PAIRS[name]
    loaded = read_records(FOUND / name, space=None)
    records = loaded.records()
    assert loaded.layout == layout
    assert [(r.user_id, r.task, r.chosen, r.rejected) for r in records] == pairs
    assert loaded.counts.dropped == dropped
    assert loaded.counts.rows == loaded.counts.kept + sum(dropped.values())
    assert len({record.record_id for record in records}) == len(records)


@pytest.mark.parametrize(
    ("name", "thumbs", "dropped"),
    [
        ("kto.jsonl", [("u0", GOOD[0], True), ("u1", BAD[1], False), ("u0", GOOD[2], True)], {}),
        ("thumbs.csv", [("eva", GOOD[0], True), ("eva", BAD[1], False)], {"the answer is not rated": 1}),
        ("open_webui.json", [("u1", BAD[0], False)], {}),
        (
            "argilla_rating.json",
            [("u-1", GOOD[0], True), ("u-2", GOOD[0], False), ("u-2", BAD[1], False)],
            {},
        ),
        ("product_nested.jsonl", [("u0", GOOD[0], True), ("u1", BAD[1], False)], {"the answer is not rated": 1}),
        ("chat_thumbs.jsonl", [("u0", GOOD[0], True), ("u0", BAD[1], False)], {"the rating is neutral": 1}),
        ("librechat.json", [("u0", GOOD[0], True), ("u0", BAD[1], False)], {}),
        ("chats_thumbs.jsonl", [("staff-0", GOOD[0], True), ("staff-1", BAD[1], False)], {}),
        ("langfuse_scores.jsonl", [("user-0", GOOD[0], True), ("user-1", BAD[1], False)], {}),
        ("langfuse.json", [("user-0", GOOD[0], True), ("user-1", BAD[1], False)], {}),
        ("langsmith.jsonl", [("u0", GOOD[0], True), ("u1", BAD[1], False)], {}),
    ],
)
def test_thumbs_are_evidence_of_people(name: str, thumbs: list[tuple[str, str, bool]], dropped: dict[str, int]) -> None:
    loaded = read_records(FOUND / name, space=None)
    found = [(entry.user_id, item.evidence) for entry in loaded.entries() for item in entry.items]
    assert [(user, rating.answer, rating.liked) for user, rating in found] == thumbs
    assert loaded.counts.dropped == dropped
    assert loaded.records() == []
    assert loaded.counts.dropped["evidence alone, without two answers"]
    assert sum(loaded.counts.dropped.values()) == len(list(loaded.rows()))


def test_a_label_of_true_and_false_outranks_a_rating_and_nobody_is_named() -> None:
    entries = list(read_records(FOUND / "kto_rating.jsonl", space=None).entries())
    assert [(entry.items[0].evidence.liked, entry.named) for entry in entries] == [(True, False), (False, False)]


def test_a_thumb_in_a_chat_keeps_the_turns_before_it() -> None:
    first = next(iter(read_records(FOUND / "chat_thumbs.jsonl", space=None).entries()))
    rating = first.items[0].evidence
    assert [(turn.role, turn.content) for turn in rating.conversation] == [
        ("user", "Hello."),
        ("assistant", "Good morning."),
        ("user", Q[0]),
    ]


def test_an_annotation_has_its_own_time_and_drafts_are_counted() -> None:
    loaded = read_records(FOUND / "label_studio_ranker.json", space=None)
    (record,) = loaded.records()
    assert record.at is not None
    assert record.at.day == 2
    assert loaded.counts.silent == {"the annotation is a draft or was discarded": 1}


def test_questions_and_people_are_no_pairs_and_are_read_as_what_they_are() -> None:
    questions = list(read_records(FOUND / "questions.jsonl", space=None).entries())
    assert [(q.user_id, q.task) for q in questions if isinstance(q, Question)] == [("u1", Q[0]), ("u2", Q[1])]
    people = list(read_records(FOUND / "people.jsonl", space=None).entries())
    assert [(p.user_id, len(p.items)) for p in people if isinstance(p, PersonItems)] == [("u0", 1), ("u1", 1)]


def test_comments_of_a_forum_and_of_ones_own_chats_are_evidence_of_their_authors() -> None:
    comments = read_records(FOUND / "reddit_comments.jsonl", space=None)
    wrote = [(entry.user_id, entry.items[0].evidence.text) for entry in comments.entries()]
    assert wrote == [("oak_hill", "I bake on Sundays only."), ("lena_k", "Short recipes, please.")]
    assert comments.counts.dropped == {"the text or its author was deleted": 1}
    chats = read_records(FOUND / "chatgpt.json", space=None)
    own = [(entry.user_id, entry.items[0].evidence.text, entry.items[0].at) for entry in chats.entries()]
    assert [(user, text) for user, text, _ in own] == [("owner", Q[0]), ("owner", Q[1])]
    assert own[0][2].year == 2023
    assert chats.counts.dropped == {"a chat in which the person wrote nothing": 1}


def test_turns_between_marks_are_turns() -> None:
    (record,) = read_records(FOUND / "helpsteer_turns.jsonl", space=None).records()
    assert [turn.role for turn in record.prompt] == ["user", "assistant", "user"]
    assert [turn.content for turn in record.prompt] == ["Hi", "Hello.", Q[0]]


def test_a_time_and_unknown_columns_stay_with_the_record() -> None:
    first = next(iter(read_records(FOUND / "lmsys.jsonl", space=None)))
    assert first.at is not None
    assert first.at.year == 2023
    loaded = read_records(FOUND / "trl.jsonl", space=None)
    assert loaded.ignored == ("source",)
    assert next(iter(loaded)).provenance.meta == '{"source": "app"}'


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("own_names.csv", r"unknown layout; it has the columns who, ask, one, two, best; say what they hold"),
        ("zero_one.csv", r"'label' holds 0, 1, which may count .* say which value stands for answer_a"),
        ("swapped.jsonl", r"'swapped' says in which order the answers were shown"),
        ("scale.jsonl", r"'preference' holds 1, 2, 3, 4, 5, which may be a scale; .*first=VALUE,second=VALUE"),
        ("sft.jsonl", r"nothing says which answers a person prefers"),
    ],
)
def test_what_cannot_be_known_is_refused_with_what_settles_it(name: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_records(FOUND / name, space=None)


@pytest.mark.parametrize(
    ("name", "columns", "chosen"),
    [
        ("own_names.csv", "user_id=who,prompt=ask,chosen=one,rejected=two,label=best,first=1", [GOOD[0], BAD[1]]),
        ("zero_one.csv", "prompt=question,chosen=answer_a,rejected=answer_b,label=label,first=0", [GOOD[0], BAD[1]]),
        ("zero_one.csv", "prompt=question,chosen=answer_a,rejected=answer_b,label=label,first=1", [BAD[0], GOOD[1]]),
        ("answers_index.parquet", "prompt=messages,answers=responses,label=preferred,first=0", [GOOD[0], GOOD[1]]),
    ],
)
def test_columns_settle_it(name: str, columns: str, chosen: list[str]) -> None:
    records = [
        r for r in read_records(FOUND / name, space=None, columns=parse_columns(columns)) if isinstance(r, Record)
    ]
    assert [record.chosen for record in records] == chosen
