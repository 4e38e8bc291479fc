"""Annotations of tools: one statement for each, by the annotator who made it."""

import pytest

from penchant.shards.layouts.base import Choice, Nothing

FIELDS = {"prompt": "Tea?", "response1": "Yes.", "response2": "No."}


def votes(found: list[object]) -> list[tuple[object, str] | None]:
    return [(one.user, one.chosen) if isinstance(one, Choice) else None for one in found]


def nested(*values: object) -> dict[str, object]:
    return {
        "fields": FIELDS,
        "responses": {"preference": [{"user_id": f"u{i}", "value": value} for i, value in enumerate(values)]},
    }


def test_records_of_argilla_hold_verdicts_and_rankings(statements) -> None:
    ranked = [{"rank": 2, "value": "response1"}, {"rank": 1, "value": "response2"}]
    name, found = statements(nested("response1", "tie", ["response2", "response1"], ranked))
    assert name == "argilla"
    assert votes(found) == [("u0", "Yes."), None, ("u2", "No."), ("u3", "No.")]


def test_records_of_the_server_and_columns_of_version_one(statements) -> None:
    submitted = {"user_id": "u", "status": "submitted", "values": {"preference": {"value": "response1"}}}
    draft = {**submitted, "status": "draft"}
    assert votes(statements({"fields": FIELDS, "responses": [submitted, draft]})[1]) == [("u", "Yes."), None]
    answers = [{"user_id": "u", "value": "response2", "status": "submitted"}]
    assert votes(statements({**FIELDS, "best": answers, "best-suggestion-metadata": None})[1]) == [("u", "No.")]


def test_a_record_that_nobody_annotated_says_nothing(statements) -> None:
    assert [type(one) for one in statements({"fields": FIELDS, "responses": {}})[1]] == [Nothing]


@pytest.mark.parametrize(
    ("kind", "value", "chosen"),
    [
        ("pairwise", {"selected": "right"}, "No."),
        ("choices", {"choices": ["Response 1"]}, "Yes."),
        ("ranker", {"ranker": ["answer2", "answer1"]}, "No."),
    ],
)
def test_tasks_of_label_studio(statements, kind: str, value: dict[str, object], chosen: str) -> None:
    data = {"prompt": "Tea?", "answer1": "Yes.", "answer2": "No."}
    if kind == "choices":
        data = {"prompt": "Tea?", "response 1": "Yes.", "response 2": "No."}
    result = [{"from_name": "c", "to_name": "t", "type": kind, "value": value}]
    annotations = [
        {"completed_by": {"id": 7, "email": "e"}, "result": result, "was_cancelled": False},
        {"completed_by": 8, "result": result, "was_cancelled": True},
    ]
    assert votes(statements({"id": 1, "data": data, "annotations": annotations})[1]) == [(7, chosen), None]
