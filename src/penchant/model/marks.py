"""Takes special tokens and turn marks out of people's text, so that no text can open or end a turn.

Special tokens come from the tokenizer. Turn marks that a template writes as plain text (`<|user|>`, `[INST]`,
`### Human:`) are found in what the template writes between turns. A mark without spaces is replaced by a space, so
removal cannot create a new mark. Marks with spaces are then replaced by "…". The time is linear in the length of the
text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_TAG = re.compile(r"<{1,2}[^<>\s]{1,60}>{1,2}|\[[^\[\]\s]{1,60}\]")
"""A turn mark in brackets."""
_MOST_WORDS = 4
"""Words of a turn mark without brackets, at most; a longer line is prose, as in a template's own system text."""
_OMISSIONS = "…·¦"
"""What replaces a mark with blanks: the first of these that no mark contains."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What is taken out of people's text."""

    compact: re.Pattern[str] | None
    """Special tokens and tags without blanks, in any case, as some tokenizers match after lower-casing."""
    worded: re.Pattern[str] | None
    """Marks with blanks, and words with a colon."""
    omission: str
    """Replaces a worded mark."""

    @classmethod
    def of(cls, special: Iterable[str], literals: Iterable[str], *, any_case: bool = False) -> Marks:
        """Marks of a tokenizer and its template.

        Args:
            special: special tokens.
            literals: what the template writes before, between and after turns.
            any_case: whether the tokenizer does not tell upper from lower case.
        """
        tokens = {token for token in special if token.strip()}
        written = _compiled(tokens)
        pieces = [written.sub("\n", literal) if written else literal for literal in literals]
        tags = {tag for piece in pieces for tag in _TAG.findall(piece) if re.search(r"[^\W\d_]", tag)}
        lines = {line for piece in pieces if (line := _worded(_TAG.sub("\n", piece)))}
        every = tokens | tags | lines
        compact = {mark for mark in tokens | tags if not re.search(r"\s", mark)}
        patterns = [_loose(mark) for mark in sorted(tokens - compact, key=lambda mark: (-len(mark), mark))]
        exact = "|".join(_bounded(line) for line in sorted(lines, key=lambda line: (-len(line), line)))
        if exact:
            patterns.append(f"(?:{exact})" if any_case else f"(?-i:{exact})")
        worded = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None
        omission = next(sign for sign in (*_OMISSIONS, " ") if not any(sign in mark for mark in every))
        return cls(compact=_compiled(compact), worded=worded, omission=omission)

    def __contains__(self, text: str) -> bool:
        return any(pattern is not None and pattern.search(text) for pattern in (self.compact, self.worded))

    def remove(self, text: str) -> str:
        """The text without marks; a text without any comes back as it is."""
        if self.compact is not None:
            text = self.compact.sub(" ", text)
        removed = self.worded is not None
        while removed and self.worded is not None:  # a second time only where a mark was the word before another one
            text, count = self.worded.subn(self.omission, text)
            removed = count > 0
        return text


def _worded(literal: str) -> str:
    """The turn mark in words that a literal ends with, such as `### Human:` or `USER:`; empty if there is none.

    A single word or sign is none, as people use it: marks end with a colon or start with two signs.
    """
    lines = literal.strip().splitlines()
    line = lines[-1].strip() if lines else ""
    few = len(line.split()) <= _MOST_WORDS and re.search(r"[^\W\d_]", line)
    return line if few and (line.endswith((":", "\uff1a")) or re.match(r"[^\w\s]{2}", line)) else ""


def _loose(mark: str) -> str:
    """A pattern for a mark, with any blanks between its words."""
    return r"\s+".join(map(re.escape, mark.split()))


def _bounded(line: str) -> str:
    """A pattern for a mark in words; it is not found inside of a longer word."""
    start = r"(?<!\w)" if re.match(r"\w", line) else ""
    end = r"(?!\w)" if re.search(r"\w\Z", line) else ""
    return start + _loose(line) + end


def _compiled(texts: Iterable[str]) -> re.Pattern[str] | None:
    """A pattern for any of some texts, in any case; a prefix tree, so its time does not grow with their number."""
    tree: dict[str, dict] = {}  # type: ignore[type-arg]
    for text in texts:
        node = tree
        for sign in text.lower() if len(text.lower()) == len(text) else text:
            node = node.setdefault(sign, {})
        node[""] = {}
    return re.compile(_branches(tree), re.IGNORECASE) if tree else None


def _branches(node: Mapping[str, Mapping]) -> str:  # type: ignore[type-arg]
    """The pattern of everything below a node."""
    patterns = []
    for sign, child in node.items():
        text, below = sign, child
        while len(below) == 1 and "" not in below:  # a chain without branches is one literal
            ((following, below),) = below.items()
            text += following
        if text:
            patterns.append(re.escape(text) + _branches(below))
    if not patterns:
        return ""
    return f"(?:{'|'.join(patterns)})" + ("?" if "" in node else "")
