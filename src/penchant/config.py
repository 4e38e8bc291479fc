"""Reads recipes: YAML files with the settings of a run.

`section.key=value` overrides single settings. All settings are validated before a run starts. An unknown key is an
error that names the nearest known key, so a typing error never falls back to a default.
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
_RENAMED = {"asked": ("questions", "target_dimensions")}
"""Key of older recipes -> its names in the sections that have it."""


class Section(BaseModel):
    """Base class of every part of a recipe: immutable; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ForumSection(Section):
    """The simulated forum; penchant.forum.population.ForumSettings explains each setting."""

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
    """A small base model that is trained from scratch."""

    corpus: Literal["forum", "text"] = "forum"
    """Training data: the simulated forum, or documents."""
    space: str = "alignx90"
    """Forum only: the vocabulary covers every dimension of this space."""
    vocabulary: int = Field(8192, gt=512)
    """Text only: number of tokens of the byte-pair vocabulary."""
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
    """Pairs of pages by two opposite people, per step."""
    questions: int = Field(8, gt=0)
    """Questions about each page."""
    threads: int = Field(96, gt=0)
    """Plain forum threads per step; threads are short."""
    faithful_weight: float = Field(1.0, ge=0)
    """Weight of the loss term that prefers the right answers about a page to the wrong ones."""
    faithful_in: Literal["page", "couple"] = "page"
    """`page`: the right answer must score higher than the wrong one on its own page. `couple`: this difference must be
    larger than on the page of the opposite person, which cancels effects such as answer length."""
    reading_steps: int = Field(0, ge=0)
    """Text only: number of first steps without pages."""
    bf16: bool = False
    """Multiply in bfloat16 under autocast; weights stay float32 while training, and are saved in bfloat16."""
    log_steps: int = Field(100, gt=0)
    save_steps: int = Field(200, gt=0)
    """Steps between snapshots; a stopped run can be resumed from the last one."""


class TrainSection(Section):
    """One alignment run. Settings that TRL also has carry TRL's names; `trl` takes any further TRL key."""

    learning_rate: float = Field(2e-3, gt=0)
    beta: float = Field(0.5, gt=0)
    """Strength of the KL constraint in DPO, dimensionless."""
    max_steps: int = Field(300, gt=0)
    users_per_step: int = Field(16, gt=0)
    """Number of people in one optimizer step, one tree of prompts and answers each."""
    pairs_per_user: int = Field(8, gt=0)
    """Largest number of pairs in one person's tree."""
    max_prompt_tokens: int | None = Field(None, gt=0)
    """Largest prompt length; evidence beyond it is dropped in whole items and counted. None: the model's context."""
    max_tree_tokens: int | None = Field(None, gt=0)
    """Largest number of packed tokens of one tree; longer trees are split, and counted. None: no limit."""
    embedding_rate: float = Field(0.3, ge=0)
    """Learning rate of the token embeddings, as a share of `learning_rate`; 0 freezes them."""
    warmup_steps: int = Field(30, ge=0)
    weight_decay: float = Field(0.01, ge=0)
    max_grad_norm: float = Field(1.0, gt=0)
    save_steps: int = Field(100, gt=0)
    loss_type: Literal["sigmoid", "hinge", "ipo"] = "sigmoid"
    """The loss of TRL with this name; sigmoid is DPO."""
    nll_weight: float = Field(0.0, ge=0)
    """Weight of the chosen answers' mean negative log-likelihood per token, added to the loss."""
    use_peft: bool = False
    """Train a LoRA adapter instead of all weights."""
    lora_learning_rate: float = Field(2e-4, gt=0)
    """Learning rate of an adapter, in place of `learning_rate`: the rate for all weights hardly moves an adapter."""
    lora_r: int = Field(16, gt=0)
    lora_alpha: int = Field(32, gt=0)
    lora_target_modules: str | tuple[str, ...] = "all-linear"
    gradient_accumulation_steps: int | None = Field(1, gt=0)
    """Number of parts into which the people of a step are divided, to save memory; the parts run in sequence. None: as
    many as each process has people, so that one person's tree at a time is in memory."""
    processes: int = Field(1, gt=0)
    """Number of processes that torchrun must have started; another number is an error."""
    distributed: Literal["ddp", "fsdp"] = "ddp"
    """How several processes share the model; it must match how the run was started."""
    trl: dict[str, Any] = {}
    """Further keys of TRL's DPOConfig, passed on unchanged; for example report_to."""
    golden_share: float = Field(0.0, ge=0, le=1)
    """PBA on simulated people only: share of trees that use the true direction instead of the aggregated one."""


class EndpointSection(Section):
    """A model behind an OpenAI-compatible endpoint."""

    base_url: str
    """Address, including /v1."""
    model: str
    """The model's name at the endpoint."""
    ledger: str = "ledger.sqlite"
    """File that stores every request with its answer, so that no request is paid for twice; see `recipe_folder`."""
    api_key_env: str = "OPENAI_API_KEY"
    """Environment variable with the API key; an address on this machine needs no key."""
    concurrency: int = Field(16, gt=0)
    """Requests in flight at once."""
    requests_per_minute: float | None = Field(None, gt=0)
    """Rate limit; None sets no limit."""
    timeout_s: float = Field(120, gt=0)
    """Seconds to wait for an answer."""
    tries: int = Field(10, gt=0)
    """Attempts per request, after a lost connection, a timeout, or status 429 or 5xx."""
    attempts: int = Field(3, gt=0)
    """Requests per question when an answer cannot be used."""
    temperature: float = Field(0.0, ge=0)
    max_tokens: int = Field(2048, gt=0)
    """Largest length of an answer."""
    structured: Literal["schema", "object", "text"] = "schema"
    """How requests specify the form of an answer: by a JSON schema, as any JSON object, or in the prompt only."""

    @property
    def local(self) -> bool:
        """Whether the address is on this machine."""
        return urlsplit(self.base_url).hostname in ("localhost", "127.0.0.1", "::1")


class LLMAnnotatorSection(Section):
    """A separate recipe: a language model that annotates evidence with directions."""

    endpoint: EndpointSection
    orders: int = Field(1, ge=1, le=2)
    """2 asks every question twice, the second time with dimensions and poles in reverse order."""
    samples: int = Field(1, ge=1)
    """Answers per order; more than one needs a temperature above 0."""


class JudgeSection(Section):
    """A separate recipe: a language model that judges which of two answers a person would prefer."""

    endpoint: EndpointSection


class EvalSection(Section):
    """The evaluation of a run."""

    personas: tuple[Literal["ugc", "pair", "demo", "behaviour", "mixed", "all"], ...] = ("ugc", "pair", "demo", "mixed")
    unseen_users: int = Field(100, ge=0)
    """Number of people with unseen wording in the demo; a larger number only costs time."""
    samples: int = Field(3, ge=0)
    """Number of prompts in the report that are answered for two opposite people."""
    real_model: str | None = None
    """Folder or Hub id of a real model, or smollm2, that writes to people in plain words in the demo; null: none."""


class Recipe(Section):
    """A complete run: simulate, train, evaluate."""

    name: str
    space: str = "alignx90"
    dimensions: tuple[str, ...] | None = None
    """Ids of the dimensions that the run uses; None uses the whole space."""
    seed: int = 0
    base: str = "models/forum-base"
    """Folder or Hub id of the model to align, which is also the reference."""
    template: str | None = None
    """Chat template in place of the base's: chatml, plain, or a file. None: the base's own."""
    layout: Literal["user_first", "paper"] = "user_first"
    directions: Literal["given", "measured"] = "given"
    """Directions of evidence for PBA: from the data (`given`), or measured on the texts by penchant.manner."""
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
    # look next to the recipe's folder too: a folder missing in the working directory would be taken for a Hub id
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
    """The folder for relative paths in a recipe: that of its file; for shipped recipes the working directory."""
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
    """A copy of `content` with `section.key=value` overrides; values are parsed as YAML.

    Raises:
        ConfigError: an override has another form, or its value is not valid YAML.
    """
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
    """Validated settings.

    Args:
        where: the source that the message names.
    Raises:
        ConfigError: unknown keys or invalid values; the message lists every problem.
    """
    _refuse_unknown(kind, content, where=where, above=())
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(f"'{'.'.join(map(str, e['loc']))}': {e['msg'].lower()}" for e in error.errors())
        raise ConfigError(f"{where}: {problems}") from error


def _refuse_unknown(kind: type[Section], content: Mapping[str, Any], *, where: str, above: tuple[str, ...]) -> None:
    """Raises ConfigError at the first unknown key; `above` are the keys of the sections around `content`."""
    for key, value in content.items():
        field = kind.model_fields.get(str(key))
        if field is None:
            raise ConfigError(
                f"{where}: unknown key '{'.'.join((*above, str(key)))}'; nearest is {_nearest(kind, str(key), above)}"
            )
        section = _section(field.annotation)
        if section is not None and isinstance(value, dict):
            _refuse_unknown(section, value, where=where, above=(*above, str(key)))


def _nearest(kind: type[Section], key: str, above: tuple[str, ...]) -> str:
    """Suggestions for an unknown key: its new name, the same key in a subsection, or the most similar key."""
    sections = ((name, _section(field.annotation)) for name, field in kind.model_fields.items())
    names = [name for name in _RENAMED.get(key, ()) if name in kind.model_fields]
    names = names or [f"{name}.{key}" for name, section in sections if section and key in section.model_fields]
    names = names or difflib.get_close_matches(key, kind.model_fields, n=1, cutoff=0.0)
    return " or ".join(f"'{'.'.join((*above, name))}'" for name in names)


def _section(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    if get_origin(annotation) in (Union, types.UnionType):
        return next((section for part in get_args(annotation) if (section := _section(part))), None)
    return None


def load_section(kind: type[Settings], source: str | Path, overrides: Sequence[str] = ()) -> Settings:
    """A section from its own recipe file, with `key=value` overrides; arguments and errors as in `load_recipe`."""
    return parse(kind, override(_yaml(source), overrides), where=str(source))
