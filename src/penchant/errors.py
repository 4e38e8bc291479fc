"""Everything penchant raises on purpose, by the boundary at which it is noticed.

    PenchantError
    ├── ConfigError      a recipe, flag or argument
    ├── SpaceError       a preference space, dimension or direction
    │   └── SpaceMismatch    two spaces met where one was meant
    ├── RecordError      one record, persona or item of evidence
    ├── DataError        a file of records: missing, broken, in an unknown layout
    ├── ModelError       a model folder, its tokenizer or its weights
    └── TrainingError    a run that would train on other rows than it was given, or diverged

Every message says what is wrong, where, and what to do. The command line prints it as one sentence and exits with 2.
"""


class PenchantError(Exception):
    """Base of every error raised on purpose."""


class ConfigError(PenchantError):
    """A recipe, a flag or an argument that cannot be used."""


class SpaceError(PenchantError):
    """A preference space, a dimension or a direction that is not valid."""


class SpaceMismatch(SpaceError):
    """Values of one preference space met where another was meant."""


class RecordError(PenchantError):
    """One record, persona or item of evidence that cannot be used."""


class DataError(PenchantError):
    """A file of records that is missing, broken or in an unknown layout."""


class ModelError(PenchantError):
    """A model folder that is missing, unsafe or does not fit."""


class TrainingError(PenchantError):
    """A training run that must not go on: rows lost, loss not finite."""
