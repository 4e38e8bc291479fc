"""penchant aligns language models to each person instead of to the average person.

This package exports values and pure functions, which use no model and no file. Importing it loads neither torch nor
pyarrow. The code that works with models or files is in subpackages: `penchant.model`, `penchant.method`,
`penchant.shards` and so on.

    >>> from penchant import Comment, Persona, load_space, meet, render
    >>> space = load_space("alignx90")
    >>> short = space.direction({"communication_length": 1})
    >>> person = meet(Persona((Comment("A long post", "Too long.", short),)), space)
    >>> render(person, "How do I boil an egg?", content="directions").messages[1].content.splitlines()[1]
    '- Concise communication style'
"""

from penchant.correction import Correction
from penchant.errors import (
    ConfigError,
    DataError,
    ModelError,
    PenchantError,
    RecordError,
    SpaceError,
    SpaceMismatch,
    TrainingError,
)
from penchant.message import Message
from penchant.openmp import wait_passively as _wait_passively
from penchant.person import Person, meet
from penchant.persona import Comment, Comparison, Demographics, Evidence, Item, Persona, Rating, Statement
from penchant.posterior import Belief, Vote, aggregate, believe
from penchant.record import Provenance, Record
from penchant.render import Budget, Rendered, render
from penchant.space import Dimension, Direction, PreferenceSpace, Sign, load_space, parse_space

# every room is imported after this line, so torch is loaded after it too
_wait_passively()

__version__ = "0.1.0"

__all__ = [
    "Belief",
    "Budget",
    "Comment",
    "Comparison",
    "ConfigError",
    "Correction",
    "DataError",
    "Demographics",
    "Dimension",
    "Direction",
    "Evidence",
    "Item",
    "Message",
    "ModelError",
    "PenchantError",
    "Person",
    "Persona",
    "PreferenceSpace",
    "Provenance",
    "Rating",
    "Record",
    "RecordError",
    "Rendered",
    "Sign",
    "SpaceError",
    "SpaceMismatch",
    "Statement",
    "TrainingError",
    "Vote",
    "__version__",
    "aggregate",
    "believe",
    "load_space",
    "meet",
    "parse_space",
    "render",
]
