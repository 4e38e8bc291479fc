"""What an answer sounds like: to the person or about them, how long, in which tone and language.

Plain rules on words. `docs/lab/telling.md` says how often they are wrong. They know nothing of models and prompts.
"""

from __future__ import annotations

import re
from collections import Counter

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*", re.UNICODE)
_ABOUT = re.compile(
    r"\b(?:the|this|that|our) (?:person|user|individual|speaker|author|writer|customer|client)(?:'s|’s)?\b"
    r"(?! (?:who|that|you|in|of|with|to)\b)"
    r"|\b(?:based on|according to|given|considering|reflects?) (?:their|his|her|the \w+'s) "
    r"|\b(?:their|his|her) (?:preferences?|hobb\w+|interests?|profile|personality|comments?|dogs?|cats?)\b"
    r"|\b(?:he|she|they)(?:'d|’d)? (?:\w+ly |also |would |might |may )?"
    r"(?:likes?|prefers?|enjoys?|loves?|wants?|wrote|chose|said|works?|lives?|values?|appreciates?|"
    r"appears?|seems?|mentioned|described|expressed)\b",
    re.IGNORECASE,
)
_OTHERS = re.compile(r"\b(?:their|his|her|he|she|they)\b", re.IGNORECASE)
_AS = re.compile(
    r"\bI(?:'m| am|’m) (?:an? \d|\d|planning|looking forward|currently|not sure what to (?:do|cook)|excited to|working"
    r"|studying|going to (?!help|give|answer|explain|provide|share|guide|suggest|be your|make|start your)"
    r"|a (?:nurse|judge|student|carpenter|teacher|waiter|mechanic|retired|bus|web|woman|man))"
    r"|\bI(?:'ve|’ve| have) (?:been (?!trained|designed|created)|always|never|got|two|just)"
    r"|\bI (?:love|enjoy|like|prefer|wrote|said|chose|liked|went|used to|work|live|read|cook|play|ride|want to|need to)"
    r"\b|\bas an? \d\d-year-old"
    r"|\b(?:my|our) (?:dogs?|cats?|friends?|family|favou?rite|weekend|sister|wife|husband|house|garden|bike|team)\b",
    re.IGNORECASE,
)
_ECHO = re.compile(
    r"^\W*(?:I |they |the user )?(?:said|wrote|chose|described as|liked|disliked|about me)\b.*:", re.I | re.M
)
_QUOTE = re.compile(r"[\"“][^\"”]*(?:[\"”]|$)")
_REFUSES = re.compile(
    r"\b(?:I(?:'m|’m| am) (?:so )?sorry|unable to|(?:do not|don't|don’t) have the (?:ability|capability)"
    r"|as an? (?:\w+ )*(?:AI|chatbot|language model))\b",
    re.IGNORECASE,
)
_YOU = re.compile(r"\b(?:you|your|yours|yourself|let's|te|tú|tu|usted|su|vous|votre|ton|du|dir|dich|sie|ihr)\b", re.I)
_CASUAL = re.compile(
    r"!|\b\w+(?:n't|n’t|'re|’re|'ll|’ll|'ve|’ve|'m|’m|'d|’d)\b|\b(?:let's|it's|that's|hey|yeah|awesome|cool|ok)\b", re.I
)
_FUNNY = re.compile(
    r"\b(?:jok\w+|pun|puns|haha\w*|lol|laugh\w*|funny|hilarious|silly|giggl\w+|humou?r\w*|comed\w+)\b|[😀-🤣😂😄😆😉🙃]",
    re.I,
)
_STOP = {
    "en": "the and to of a is you in it that for with your are can on be this",
    "es": "el la de que y en los las un una es por con para tu puedes se del al su",
    "fr": "le la les de des et un une est que vous pour dans en avec du au votre pas",
    "de": "der die das und zu ist sie ein eine in den mit für von nicht auf es du im",
}
_STOPS = {language: frozenset(words.split()) for language, words in _STOP.items()}


def words(text: str) -> list[str]:
    """The words of a text in lower case."""
    return [word.lower() for word in _WORD.findall(text)]


def speaks_about(answer: str, *, others: bool = False) -> bool:
    """Whether an answer speaks of the person as somebody else.

    Args:
        others: the prompt is about another person (a sister, a boss), of whom the answer may say "she" or "they".
    """
    if not others:
        return _ABOUT.search(answer) is not None
    return any(_OTHERS.search(match.group()) is None for match in _ABOUT.finditer(answer))


def speaks_as(answer: str, *, letter: bool = False) -> bool:
    """Whether an answer speaks as the person ("I love my dogs"); a letter that was asked for may do so."""
    return not letter and _AS.search(_QUOTE.sub(" ", answer)) is not None


def repeats(answer: str, told: str, *, length: int = 7) -> bool:
    """Whether an answer copies a line of what the model was told, or that many words of it in a row."""
    if _ECHO.search(answer) is not None:
        return True
    runs = _runs(words(told), length)
    return any(run in runs for run in _runs(words(answer), length))


def loops(answer: str) -> bool:
    """Whether an answer says the same five words three times."""
    counts = Counter(tuple(run) for run in zip(*(words(answer)[start:] for start in range(5)), strict=False))
    return any(count >= 3 for count in counts.values())


def empty(answer: str) -> bool:
    """Whether an answer has no word."""
    return not words(answer)


def refuses(answer: str) -> bool:
    """Whether an answer excuses itself instead of helping."""
    return _REFUSES.search(answer) is not None


def says_you(answer: str) -> bool:
    """Whether an answer addresses somebody by a word."""
    return _YOU.search(answer) is not None


def language(answer: str) -> str:
    """The language whose stop words are most frequent: en, es, fr or de; English if none is."""
    counts = {name: sum(word in stops for word in words(answer)) for name, stops in _STOPS.items()}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] > counts["en"] else "en"


def formal(answer: str) -> bool:
    """Whether an answer has neither short forms nor exclamation marks nor slang."""
    return _CASUAL.search(answer) is None


def funny(answer: str) -> bool:
    """Whether an answer jokes, or at least speaks of joking."""
    return _FUNNY.search(answer) is not None


def asks(answer: str) -> bool:
    """Whether an answer asks a question."""
    return "?" in answer or "¿" in answer


def mentions(answer: str, stems: list[str]) -> bool:
    """Whether a word of an answer begins with one of some stems (a stem of two words: contains)."""
    text = answer.lower()
    return any(re.search(rf"\b{re.escape(stem)}", text) is not None for stem in stems)


def _runs(tokens: list[str], length: int) -> set[tuple[str, ...]]:
    return {tuple(tokens[start : start + length]) for start in range(len(tokens) - length + 1)}
