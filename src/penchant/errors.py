"""Every error that penchant raises on purpose, one class per kind of input.

    PenchantError
    ├── ConfigError      a recipe, setting or argument
    ├── SpaceError       a preference space, dimension or direction
    │   └── SpaceMismatch    values of one space used with another
    ├── RecordError      one record, persona or evidence item
    ├── DataError        a file of records: missing, broken or in an unknown layout
    ├── ModelError       a model folder, its tokenizer or its weights
    └── TrainingError    a run that lost rows of its data or diverged

Every message says what is wrong, where, and what to do. The command line prints the message as one sentence and exits
with status 2.
"""


class PenchantError(Exception):
    """Base of every error raised on purpose."""


class ConfigError(PenchantError):
    """A recipe, setting or argument that cannot be used."""


class SpaceError(PenchantError):
    """A preference space, a dimension or a direction that is not valid."""


class SpaceMismatch(SpaceError):
    """Values of one preference space were used with another space."""


class RecordError(PenchantError):
    """One record, persona or evidence item that cannot be used."""


class DataError(PenchantError):
    """A file of records that is missing, broken or in an unknown layout."""


class ModelError(PenchantError):
    """A model folder that is missing, unsafe or does not fit."""


class TrainingError(PenchantError):
    """A training run that must stop: rows were lost, or the loss is not finite."""
