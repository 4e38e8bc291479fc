import pytest

from penchant.build.sources.reddit import parse
from penchant.errors import RecordError


def test_submissions_and_comments_refer_to_each_other() -> None:
    opening = parse({"id": "abc", "title": "Tea?", "selftext": "Or not?", "author": "ann", "score": 3}, {}, "RS line 1")
    assert (opening.id, opening.thread, opening.parent, opening.text) == ("t3_abc", "t3_abc", None, "Tea?\n\nOr not?")
    comment = {"id": "x", "link_id": "t3_abc", "parent_id": "t3_abc", "body": "Tea!", "author": "ben"}
    answer = parse({**comment, "created_utc": "1356998400", "score": 2}, {}, "RC line 1")
    assert (answer.id, answer.thread, answer.parent) == ("t1_x", "t3_abc", "t3_abc")
    assert answer.at is not None
    assert answer.at.year == 2013
    link = parse({"id": "abd", "title": "A link", "selftext": "", "author": "ann"}, {}, "")
    assert link.text == "A link"
    gone = parse({"id": "abe", "title": "Rye?", "selftext": "[removed]", "author": "ann"}, {}, "")
    assert gone.text == "Rye?"


def test_other_rows_are_no_posts() -> None:
    with pytest.raises(RecordError, match="neither a submission"):
        parse({"id": "abc", "subreddit": "tea"}, {}, "")
    with pytest.raises(RecordError, match="no id"):
        parse({"body": "Tea!", "author": "ben"}, {}, "")
