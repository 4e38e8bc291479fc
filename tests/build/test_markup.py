"""Markup of the web in a text."""

import time

import pytest

from penchant.build.markup import plain


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('[quote="lena, post:3"]I would never.[/quote] I would.', " I would."),
        ("[quote]a [quote]b[/quote] c[/quote]d", "d"),
        ("<blockquote>theirs</blockquote>mine", "mine"),
        ("[quote]never closed", ""),
        ("mine [/quote] too", "mine  too"),
        ("<p>I&#39;d <b>rather</b> walk.</p>", "\nI'd rather walk.\n"),
        ('see <a href="https://x.org/a?b">this</a> [url=x]one[/url]', "see this one"),
        ("one<br/>two", "one\ntwo"),
        ("tea&nbsp;&amp; cake", "tea & cake"),
        ("1 < 2 and 3 > 2, [email], [sic], <3 you", "1 < 2 and 3 > 2, [email], [sic], <3 you"),
        ("", ""),
    ],
)
def test_a_text_is_what_people_read(text: str, read: str) -> None:
    assert plain(text) == read


@pytest.mark.parametrize("part", ["<", "[quote]", "<p ", "[/quote]", "&", "<p>", "[b "])
def test_hostile_texts_take_linear_time(part: str) -> None:
    plain("warm")
    begin = time.process_time()
    plain(part * 100_000)
    assert time.process_time() - begin < 3
