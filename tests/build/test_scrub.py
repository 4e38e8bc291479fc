import time

import pytest

from penchant.build.scrub import PATTERNS, scrubbed


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("write to Ann.Lee+x@mail.example.org, please", "write to [email], please"),
        ("see https://example.org/a?b=c and www.example.com", "see [link] and [link]"),
        ("HTTPS://Example.org or WWW.Example.com today", "[link] or [link] today"),
        ("thanks u/some_body and @someone", "thanks [user] and [user]"),
        ("call +44 (0)20 7946 0958 now", "call [number] now"),
        ("from 192.168.10.12 on", "from [address] on"),
        ("DE89 3704 0044 0532 0130 00", "[iban]"),
        ("in 2014 I paid 1,200 for 3 of 10", "in 2014 I paid 1,200 for 3 of 10"),
        ("version 1.2.3 and 12:30", "version 1.2.3 and 12:30"),
    ],
)
def test_personal_data_become_marks(text: str, clean: str) -> None:
    assert scrubbed(text)[0] == clean


def test_marks_are_counted_by_kind() -> None:
    assert scrubbed("a@b.co and c@d.co at www.x.y")[1] == {"email": 2, "link": 1}


@pytest.mark.parametrize("text", ["a", "1 ", "a@", "1.", "u/", "AB12 ", "https://", "(1", "+"])
@pytest.mark.parametrize("kind", PATTERNS)
def test_a_long_text_takes_linear_time(kind: str, text: str) -> None:
    started = time.perf_counter()
    PATTERNS[kind].sub("", text * (200_000 // len(text)))
    assert time.perf_counter() - started < 5


def test_the_name_of_the_own_account_becomes_a_mark_and_a_short_one_may_be_a_word() -> None:
    assert scrubbed("Kind regards, Nils-O and nils-ole", "nils-o") == ("Kind regards, [user] and nils-ole", {"user": 1})
    assert scrubbed("I said so, and @someone too", "so")[0] == "I said so, and [user] too"
    assert scrubbed("nils-o met @someone", "nils-o")[1] == {"user": 2}
