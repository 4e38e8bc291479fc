"""A text without the markup of the web: tags and entities of HTML, BBCode, and what these mark as a quote."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final

_QUOTES: Final = ("quote", "blockquote")
_BREAKS: Final = ("br", "p", "div", "li", "tr", "h1", "h2", "h3")
_TAGS: Final = (
    "a|abbr|b|big|blockquote|br|center|cite|code|color|del|div|em|font|h[1-6]|hr|i|img|ins|li|list|ol|p|pre|quote|s|size"
    "|small|span|spoiler|strike|strong|sub|sup|table|tbody|td|th|thead|tr|u|ul|url|youtube"
)
_TAG = re.compile(rf"[<\[](/?)({_TAGS})(?:[\s=/][^<>\[\]]{{0,500}})?[>\]]", re.IGNORECASE)


def plain(text: str) -> str:
    """The text as people read it, without quotes of others.

    >>> plain('[quote="lena"]Never.[/quote]<p>I&#39;d <b>rather</b> walk.</p>').strip()
    "I'd rather walk."
    """
    if "<" in text or "[" in text:
        text = "".join(_outside_quotes(text))
    return html.unescape(text).replace("\xa0", " ") if "&" in text else text


def _outside_quotes(text: str) -> Iterator[str]:
    start = depth = 0
    for tag in _TAG.finditer(text):
        name = tag[2].lower()
        if not depth:
            yield text[start : tag.start()]
            yield "\n" if name in _BREAKS else ""
        if name in _QUOTES:
            depth = max(0, depth - 1) if tag[1] else depth + 1
        start = tag.end()
    # a quote that is never closed ends with the text
    yield "" if depth else text[start:]
