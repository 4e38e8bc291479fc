"""A tiny forum in a small space, a tiny base that knows its words, and a training set of its people."""

from collections.abc import Callable
from pathlib import Path

import pytest

from penchant.config import BaseSection
from penchant.encoder.fake import FakeEncoder
from penchant.forum.corpus import vocabulary
from penchant.forum.population import ForumSettings
from penchant.forum.simulate import simulate
from penchant.method import METHODS
from penchant.model.chat import ChatTokenizer
from penchant.record import Record
from penchant.render import fixed_texts
from penchant.space import PreferenceSpace
from penchant.train.base_model import fresh_model, save_base, word_tokenizer
from penchant.train.trees import TrainingSet, people

SETTINGS = BaseSection(hidden_size=16, layers=1, heads=2)


@pytest.fixture(scope="session")
def tokenizer(tiny: PreferenceSpace) -> ChatTokenizer:
    return word_tokenizer([*fixed_texts(), *vocabulary(tiny)])


@pytest.fixture(scope="session")
def base(tokenizer: ChatTokenizer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with an untrained model of one layer."""
    folder: Path = tmp_path_factory.mktemp("base")
    model = fresh_model(tokenizer, SETTINGS, FakeEncoder(size=24), seed=0)
    save_base(model, tokenizer, folder, curve=[], card="tiny")
    return str(folder)


@pytest.fixture(scope="session")
def records(tiny: PreferenceSpace) -> tuple[Record, ...]:
    """Six people, each with eight pairs."""
    settings = ForumSettings(train_users=6, test_users=0, active_min=2, active_max=3, target_dimensions=2)
    return simulate(tiny, settings).records


@pytest.fixture(scope="session")
def training_set(
    tiny: PreferenceSpace, tokenizer: ChatTokenizer, records: tuple[Record, ...]
) -> Callable[..., TrainingSet]:
    """Builds a training set of these people, with changes to its fields."""

    def build(method: str = "ica", *, of: tuple[Record, ...] = records, **changes: object) -> TrainingSet:
        fields = {
            "people": people(of),
            "space": tiny,
            "method": METHODS[method],
            "tokenizer": tokenizer,
            "layout": "user_first",
            "seed": 0,
            "pairs_per_person": 4,
            "max_prompt_tokens": None,
        }
        return TrainingSet(**{**fields, **changes})

    return build
