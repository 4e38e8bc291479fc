import pytest

from penchant.build.filters import by_machine, check_language, deleted, in_other_language, unlike_prose
from penchant.build.post import Post
from penchant.build.recipe import FiltersSection
from penchant.errors import ConfigError

SETTINGS = FiltersSection(shortest=10, longest=40, language="en")


def post(author: str = "ann", text: str = "a text") -> Post:
    return Post("1", "1", None, author, text)


def test_deleted_posts_and_machines_are_told_by_their_names() -> None:
    assert deleted(post()) is None
    assert deleted(post(author="[deleted]")) == "deleted author"
    assert deleted(post(text="[Removed]")) == "deleted text"
    assert [by_machine(post(author=name), SETTINGS) for name in ("ann", "AutoModerator", "tip_bot", "HaikuBot")] == [
        None,
        "bot",
        "bot",
        "bot",
    ]
    assert by_machine(post(author="bottle"), SETTINGS) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("well, I like tea", None),
        ("tea", "too short"),
        ("tea " * 20, "too long"),
        ("0000 1111 2222 !!!!", "hardly any letters"),
    ],
)
def test_a_text_must_be_prose(text: str, reason: str | None) -> None:
    assert unlike_prose(text, SETTINGS) == reason


def test_only_what_is_surely_in_another_language_is_left_out() -> None:
    german = "Das ist ein ganz gewöhnlicher deutscher Satz über das Wetter und die Leute von nebenan."
    assert in_other_language(german, SETTINGS) == "in language de"
    assert in_other_language("This is an ordinary sentence about the weather and the neighbours.", SETTINGS) is None
    assert in_other_language("ok lol", SETTINGS) is None
    assert in_other_language(german, FiltersSection(language=None)) is None


def test_a_language_that_is_none_is_refused() -> None:
    check_language(FiltersSection(language="de"))
    check_language(FiltersSection())
    with pytest.raises(ConfigError, match=r"`filters.language` english: no such code; known are ace, .*en"):
        check_language(FiltersSection(language="english"))
