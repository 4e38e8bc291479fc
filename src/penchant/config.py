"""Recipes: a run as a YAML file, with `--set section.key=value` on top, validated before anything starts.

Unknown keys are refused and the nearest known one is named, so that a typing error never runs with a default.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from penchant.errors import ConfigError

Settings = TypeVar("Settings", bound="Section")

_SHIPPED = Path(str(files("penchant") / "recipes"))


class Section(BaseModel):
    """Base of every part of a recipe: immutable, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ForumSection(Section):
    """The simulated forum; each value is explained in penchant.forum.population.ForumSettings."""

    train_users: int = 2000
    test_users: int = 800
    active_min: int = 6
    active_max: int = 10
    comments: int = 4
    comparisons: int = 4
    dimensions_per_item: int = 2
    train_targets: int = 8
    test_targets: int = 10
    overlap: float = 0.4
    target_dimensions: int = 5
    noise: float = 0.09
    mirrored: float = 0.5
    train_mirrored: float = 1.0
    held_out: tuple[str, ...] = ()


class BaseSection(Section):
    """The small base model that is made from scratch."""

    corpus: Literal["forum", "text"] = "forum"
    """What it is made of: the simulated forum, or documents."""
    space: str = "alignx90"
    """Forum only: the vocabulary covers the forum of this whole space."""
    vocabulary: int = Field(8192, gt=512)
    """Text only: tokens of its byte-pair vocabulary."""
    seed: int = 0
    hidden_size: int = Field(128, gt=0)
    layers: int = Field(2, gt=0)
    heads: int = Field(4, gt=0)
    initializer_range: float = Field(0.05, gt=0)
    learning_rate: float = Field(3e-3, gt=0)
    embedding_rate: float = Field(1.0, ge=0)
    """Learning rate of the token embeddings, as a share of `learning_rate`."""
    warmup_steps: int = Field(50, gt=0)
    max_steps: int = Field(5000, gt=0)
    couples: int = Field(12, gt=0)
    """Couples of pages by opposite people per step."""
    asked: int = Field(8, gt=0)
    """Questions asked of each page."""
    threads: int = Field(96, gt=0)
    """Plain forum threads per step; they are short."""
    faithful_weight: float = Field(1.0, ge=0)
    """Weight of the loss that puts a page's right answers above its wrong ones."""
    faithful_in: Literal["page", "couple"] = "page"
    """Whether the right answer must win on its own page, or more on its own page than on that of the opposite person;
    the second cancels what two answers differ in besides, such as their length."""
    reading_steps: int = Field(0, ge=0)
    """Text only: first steps without pages."""
    bf16: bool = False
    """Multiply in bfloat16 under autocast; weights stay float32 while training, and are saved in bfloat16."""
    log_steps: int = Field(100, gt=0)
    save_steps: int = Field(200, gt=0)
    """Steps between snapshots, from which a stopped run goes on."""


class TrainSection(Section):
    """One alignment run; names that TRL has are TRL's, and `trl` takes any other of its keys."""

    learning_rate: float = Field(2e-3, gt=0)
    beta: float = Field(0.5, gt=0)
    """Strength of the KL constraint in DPO, dimensionless."""
    max_steps: int = Field(300, gt=0)
    users_per_step: int = Field(16, gt=0)
    """People whose trees make up one optimizer step."""
    pairs_per_user: int = Field(8, gt=0)
    max_prompt_tokens: int | None = Field(None, gt=0)
    """Prompt budget; evidence beyond it is dropped by whole items and counted. None: the model's context."""
    max_tree_tokens: int | None = Field(None, gt=0)
    """Packed tokens of one person's tree; longer ones are computed in parts, counted. None: as long as they are."""
    embedding_rate: float = Field(0.3, ge=0)
    """Learning rate of the token embeddings, as a share of `learning_rate`; 0 freezes them."""
    warmup_steps: int = Field(30, ge=0)
    weight_decay: float = Field(0.01, ge=0)
    max_grad_norm: float = Field(1.0, gt=0)
    save_steps: int = Field(100, gt=0)
    loss_type: Literal["sigmoid", "hinge", "ipo"] = "sigmoid"
    """sigmoid is DPO."""
    nll_weight: float = Field(0.0, ge=0)
    """Weight of the chosen answers' mean negative log-likelihood per token, added to the loss."""
    use_peft: bool = False
    """Train a LoRA adapter instead of all weights."""
    lora_r: int = Field(16, gt=0)
    lora_alpha: int = Field(32, gt=0)
    lora_target_modules: str | tuple[str, ...] = "all-linear"
    gradient_accumulation_steps: int = Field(1, gt=0)
    """Parts in which a step's people are computed one after another."""
    processes: int = Field(1, gt=0)
    """Processes that torchrun is expected to have started; another number is refused."""
    distributed: Literal["ddp", "fsdp"] = "ddp"
    """What is expected when there are several processes."""
    trl: dict[str, Any] = {}
    """Further keys of TRL's DPOConfig, for instance report_to, passed on as they are."""
    golden_share: float = Field(0.0, ge=0, le=1)
    """PBA only: share of trees conditioned on the true direction instead of the aggregated one (simulated people)."""


class EndpointSection(Section):
    """A model behind an OpenAI-compatible endpoint."""

    base_url: str
    """Address up to and with /v1."""
    model: str
    """Its name there."""
    ledger: str = "ledger.sqlite"
    """File that keeps every question and answer, so that none is paid for twice; see `recipe_folder`."""
    api_key_env: str = "OPENAI_API_KEY"
    """Environment variable that holds the key; an address on this machine needs none."""
    concurrency: int = Field(16, gt=0)
    """Requests in flight at once."""
    requests_per_minute: float | None = Field(None, gt=0)
    """None sends as fast as answers come in."""
    timeout_s: float = Field(120, gt=0)
    tries: int = Field(6, gt=0)
    """Of one request that meets a lost connection, a hang, 429 or 5xx."""
    attempts: int = Field(3, gt=0)
    """Of one question whose answer cannot be used."""
    temperature: float = Field(0.0, ge=0)
    max_tokens: int = Field(2048, gt=0)
    """Of an answer."""
    structured: Literal["schema", "object", "text"] = "schema"
    """How the endpoint is told the form of an answer: a JSON schema, any JSON object, or in words only."""

    @property
    def local(self) -> bool:
        """Whether the address is on this machine."""
        return urlsplit(self.base_url).hostname in ("localhost", "127.0.0.1", "::1")


class LLMAnnotatorSection(Section):
    """A recipe of its own: a language model that reads directions from evidence."""

    endpoint: EndpointSection
    orders: int = Field(1, ge=1, le=2)
    """2 asks everything twice, dimensions and poles the other way round."""
    samples: int = Field(1, ge=1)
    """Answers per order; more than one wants a temperature above 0."""


class JudgeSection(Section):
    """A recipe of its own: a language model that judges which of two answers a person would prefer."""

    endpoint: EndpointSection


class EvalSection(Section):
    """What is measured."""

    personas: tuple[Literal["ugc", "pair", "demo", "behaviour", "mixed", "all"], ...] = ("ugc", "pair", "demo", "mixed")
    unseen_users: int = Field(100, ge=0)
    """Of the people who speak in unseen wordings, how many the demo measures; more cost time only."""
    samples: int = Field(3, ge=0)
    """Prompts for which two opposite people's answers are written into the report."""


class Recipe(Section):
    """A whole run: simulate, train, evaluate."""

    name: str
    space: str = "alignx90"
    dimensions: tuple[str, ...] | None = None
    """Ids of the dimensions in play; None takes the whole space."""
    seed: int = 0
    base: str = "models/forum-base"
    """Folder or Hub id of the model that is aligned, and the reference."""
    layout: Literal["user_first", "paper"] = "user_first"
    directions: Literal["given", "measured"] = "given"
    """Where PBA takes the directions of evidence from: the data, or the texts themselves (penchant.manner)."""
    forum: ForumSection = ForumSection()
    ica: TrainSection = TrainSection()
    pba: TrainSection = TrainSection()
    evaluate: EvalSection = EvalSection()


def load_recipe(source: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """A recipe with `section.key=value` overrides.

    Args:
        source: the name of a shipped recipe, or the path of a YAML file.
    Raises:
        ConfigError: no such recipe, broken YAML, an unknown key (the nearest is named) or a value out of range.
    """
    where = f"{source} with {' '.join(overrides)}" if overrides else str(source)
    recipe = parse(Recipe, override(_yaml(source), overrides), where=where)
    if Path(recipe.base).exists():
        return recipe
    # a folder beside that of the recipe: a name that the working directory lacks would be taken for a Hub id
    base = recipe_file(source).parent.parent / recipe.base
    return recipe.model_copy(update={"base": str(base)}) if base.is_dir() else recipe


def shipped_recipes() -> list[str]:
    """The names of the recipes that come with the package."""
    return sorted(path.stem for path in _SHIPPED.glob("*.yaml"))


def recipe_file(source: str | Path) -> Path:
    """The file of a recipe.

    Args:
        source: the name of a shipped recipe, or the path of a YAML file.
    Raises:
        ConfigError: there is no such recipe.
    """
    path = Path(source)
    if path.is_file():
        return path
    shipped = _SHIPPED / f"{source}.yaml"
    if path.name == str(source) and shipped.is_file():
        return shipped
    names = shipped_recipes()
    if path.parent == Path("recipes") and path.stem in names:
        raise ConfigError(f"no recipe at {source}; recipes ship with the package now, this one as '{path.stem}'")
    raise ConfigError(f"no recipe at {source}; give the path of a YAML file, or a shipped one: {', '.join(names)}")


def is_recipe(source: str | Path) -> bool:
    """Whether a name means a recipe rather than a folder: a YAML file, or the name of a shipped recipe."""
    path = Path(source)
    return path.suffix in (".yaml", ".yml") or (str(source) in shipped_recipes() and not path.is_dir())


def recipe_folder(source: str | Path) -> Path:
    """The folder that paths in a recipe are relative to: that of its file; for shipped ones the working directory."""
    path = Path(source)
    return path.parent if path.is_file() else Path()


def _yaml(source: str | Path) -> dict[str, Any]:
    path = recipe_file(source)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: a recipe is a mapping of keys, got {type(content).__name__}")
    return content


def override(content: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """A copy with `section.key=value` applied; values are read as YAML."""
    result = {key: dict(value) if isinstance(value, dict) else value for key, value in content.items()}
    for text in overrides:
        key, separator, value = text.partition("=")
        if not separator or not key:
            raise ConfigError(f"override {text!r}: write section.key=value, for instance ica.beta=0.1")
        *sections, last = key.split(".")
        target = result
        for section in sections:
            target = target.setdefault(section, {})
            if not isinstance(target, dict):
                raise ConfigError(f"override {text!r}: '{section}' is a value, not a section")
        try:
            target[last] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ConfigError(f"override {text!r}: the value is not valid YAML; put it in quotes") from error
    return result


def parse(kind: type[Settings], content: Mapping[str, Any], *, where: str) -> Settings:
    """Validated settings; every problem in one sentence."""
    _refuse_unknown(kind, content, where, ())
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(f"'{'.'.join(map(str, e['loc']))}': {e['msg'].lower()}" for e in error.errors())
        raise ConfigError(f"{where}: {problems}") from error


def _refuse_unknown(kind: type[Section], content: Mapping[str, Any], where: str, above: tuple[str, ...]) -> None:
    for key, value in content.items():
        field = kind.model_fields.get(str(key))
        if field is None:
            raise ConfigError(
                f"{where}: unknown key '{'.'.join((*above, str(key)))}'; nearest is {_nearest(kind, str(key), above)}"
            )
        section = _section(field.annotation)
        if section is not None and isinstance(value, dict):
            _refuse_unknown(section, value, where, (*above, str(key)))


def _nearest(kind: type[Section], key: str, above: tuple[str, ...]) -> str:
    """The keys that may be meant: those of sections below that are spelt so, else the one most alike here."""
    sections = ((name, _section(field.annotation)) for name, field in kind.model_fields.items())
    found = [f"{name}.{key}" for name, section in sections if section is not None and key in section.model_fields]
    found = found or difflib.get_close_matches(key, kind.model_fields, n=1, cutoff=0.0)
    return " or ".join(f"'{'.'.join((*above, name))}'" for name in found)


def _section(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    if get_origin(annotation) in (Union, types.UnionType):
        return next((found for part in get_args(annotation) if (found := _section(part))), None)
    return None


def load_section(kind: type[Settings], source: str | Path, overrides: Sequence[str] = ()) -> Settings:
    """One section as a recipe of its own, with `key=value` overrides; arguments and errors as for `load_recipe`."""
    return parse(kind, override(_yaml(source), overrides), where=str(source))
