"""The recipe of a data set: every source, filter and step with its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from penchant.config import Section
from penchant.errors import ConfigError

FIELDS = ("id", "thread", "parent", "author", "text", "title", "score", "at")
"""What a row may say of a post."""
NEEDED: Mapping[str, tuple[str, ...]] = {"threads": ("id", "author", "text"), "chats": ("thread", "author", "text")}


class SourceSection(Section):
    """Where posts come from."""

    kind: Literal["threads", "chats", "reddit"]
    """`threads`: posts that name the post that they answer. `chats`: messages in order; each answers the one before."""
    path: str
    """A file, or a pattern such as `RC_2013-*.zst`; relative to the recipe."""
    forum: str = ""
    """Ids of posts are those of this forum: sources with another name may use the same ids. People are not told apart:
    one name is one person in all sources."""
    columns: Mapping[str, str] = Field({})
    """Kinds `threads` and `chats`: id, author, text, thread, parent, title, score or at -> the column of the file."""

    @model_validator(mode="after")
    def _columns_name_what_is_needed(self) -> SourceSection:
        needed = NEEDED.get(self.kind, ())
        missing = [field for field in needed if field not in self.columns]
        if missing:
            raise ConfigError(
                f"`columns` of {self.path}: a source of kind {self.kind} needs a column for {', '.join(missing)}"
            )
        unknown = [field for field in self.columns if field not in FIELDS]
        if unknown:
            raise ConfigError(f"`columns` of {self.path}: no field '{unknown[0]}'; there are {', '.join(FIELDS)}")
        return self


class RecordsSection(Section):
    """Choices that exist already, in any layout that penchant reads: rows of AlignX, or choices without a person."""

    path: str
    columns: Mapping[str, str] = Field({})
    """As `--columns`, for a layout that penchant does not know."""
    share: float | None = Field(None, gt=0, lt=1)
    """Share of train that these records make up (universal values); None: all, in the split of their person."""


class ProfilesSection(Section):
    """A table that describes people, for DEMO."""

    path: str
    author: str
    """Column with the author's id."""
    text: str
    """The description, with columns in braces: `{age} years old, works as {job}`."""
    attributes: tuple[str, ...] = ()
    """Columns such as sex or age: the datasheet says how well they are told from what people wrote."""


class FiltersSection(Section):
    """Which posts are kept."""

    shortest: int = Field(20, ge=1)
    """Characters."""
    longest: int = Field(2000, ge=1)
    letters: float = Field(0.5, ge=0, le=1)
    """Least share of letters and spaces."""
    language: str | None = None
    """Code such as en; None keeps every language."""
    sure: float = Field(0.9, ge=0, le=1)
    """Least probability of another language at which a text is left out."""
    bots: tuple[str, ...] = ("AutoModerator",)
    """Authors that are left out; names that end in `bot` are too."""
    posts_per_author: int = Field(20_000, ge=1)
    """Who writes more is left out as a machine."""


class DuplicatesSection(Section):
    """Equal texts, and nearly equal ones (MinHash)."""

    similarity: float = Field(0.8, gt=0, le=1)
    """Least share of common runs of three words (Jaccard) at which the later text is left out; 1 leaves out equal
    texts only."""


class PairsSection(Section):
    """How two replies to one post become a choice."""

    rule: Literal["own", "votes", "drawn"] = "own"
    """`own`: the person is the author of the chosen reply. `votes`: so, and the reply was also written later and has
    `ratio` times the votes of the other one, both at least `least_votes` (the rule of SHP). `drawn`: the rejected reply
    is somebody else's to another post, drawn; for chats, where nobody else answers the same message."""
    opposed: int = Field(0, ge=0)
    """Least number of dimensions in which the two replies differ."""
    length_ratio: float = Field(3.0, ge=1)
    """The longer reply has at most so many times the characters of the shorter one."""
    per_post: int = Field(10, ge=1)
    """Most pairs of one post."""
    replies: int = Field(50, ge=2)
    """Most replies of one post that are compared."""
    ratio: float = Field(2.0, ge=1)
    least_votes: int = Field(2, ge=0)
    mirrored: bool = False
    """Every pair twice, once for the author of either reply: then nothing but the person decides which is chosen."""

    @model_validator(mode="after")
    def _votes_have_no_mirror(self) -> PairsSection:
        if self.mirrored and self.rule != "own":
            raise ConfigError("`pairs.mirrored` needs `pairs.rule` own: the mirror of any other pair is no choice")
        return self


class PersonaSection(Section):
    """What a record shows of its person: all from other threads than that of its question."""

    ugc: int = Field(4, ge=0)
    pair: int = Field(4, ge=0)
    demo: bool = True
    fewest: int = Field(1, ge=0)
    """Records with fewer comments and choices are left out."""
    earlier: bool = False
    """Whether only what was written before the choice is shown; a post without a time is not."""


class BuildRecipe(Section):
    """A data set."""

    name: str
    space: str = "alignx90"
    seed: int = 0
    sources: tuple[SourceSection, ...] = ()
    records: tuple[RecordsSection, ...] = ()
    profiles: ProfilesSection | None = None
    filters: FiltersSection = FiltersSection()
    scrub: bool = True
    """Whether e-mail addresses, telephone numbers and the like become marks such as [email]."""
    names: str | None = None
    """A spaCy model, such as en_core_web_lg: names of people and places become marks too (presidio; English)."""
    duplicates: DuplicatesSection = DuplicatesSection()
    annotator: str | None = "english"
    """A folder, a recipe, english or english-large; None: no directions."""
    labelled: int | None = Field(None, ge=1)
    """Replies that the annotator labels, drawn by the seed; an annotator that is fitted on these labels reads the rest.
    For a language model, which is too slow for all. None: the annotator reads every reply."""
    pairs: PairsSection = PairsSection()
    persona: PersonaSection = PersonaSection()
    test: float = Field(0.1, ge=0, lt=1)
    """Share of the people in the split test."""
    chunk: int = Field(20_000, ge=1)
    """Rows that are read at a time."""
    buckets: int | None = Field(None, ge=1)
    """Parts into which threads and people are divided on disk; each worker has one in memory. None: by the size of the
    sources, so that memory does not grow with them."""

    @model_validator(mode="after")
    def _something_to_read(self) -> BuildRecipe:
        if not self.sources and not self.records:
            raise ConfigError("the recipe names neither `sources` (posts) nor `records` (choices); name one of them")
        if self.sources and self.pairs.rule != "drawn" and all(source.kind == "chats" for source in self.sources):
            raise ConfigError(
                f"`pairs.rule` {self.pairs.rule}: two people never answer one message of a chat; take `drawn`"
            )
        if self.pairs.opposed and self.annotator is None and self.sources:
            raise ConfigError(
                f"`pairs.opposed` {self.pairs.opposed} needs directions, and `annotator` is null; name one"
            )
        if self.names is not None and not self.scrub:
            raise ConfigError("`names` is a part of `scrub`, which is false; set it to true, or leave `names` out")
        if self.labelled is not None and self.annotator is None:
            raise ConfigError("`labelled` is a number of replies for the annotator, and `annotator` is null; name one")
        if not self.sources and any(section.share is not None for section in self.records):
            raise ConfigError("`records.share` is a share beside `sources`, of which the recipe has none; leave it out")
        return self
