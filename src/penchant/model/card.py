"""Writes and reads model cards: what a folder of weights contains, how it was made, and the limits of its use."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from penchant.config import BaseSection, Recipe, TrainSection
from penchant.record import Question, Record, people_digest

_LIBRARIES = ("penchant", "torch", "transformers", "trl", "tokenizers", "numpy", "sentence-transformers")
WEIGHTS = ("model.safetensors", "adapter_model.safetensors")
"""Names of weight files; one of them is in the folder of a finished run."""
_DIGESTS = "people_digests"
"""Key of the card's front matter: digests of the people of the training records."""
_PROMPTS = "prompts"
"""Key of the card's front matter: how the prompts were made that the model was aligned with."""
_LOSSES = {
    "sigmoid": "DPO (arXiv:2305.18290) through TRL, one tree of pairs per person",
    "hinge": "SLiC (arXiv:2305.10425) through TRL, one tree of pairs per person",
    "ipo": "IPO (arXiv:2310.12036) through TRL, one tree of pairs per person",
}


def versions() -> dict[str, str]:
    """Versions of Python and of the installed libraries that can change a result."""
    installed = {"python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            installed[library] = version(library)
        except PackageNotFoundError:
            continue
    return installed


def base_card(
    settings: BaseSection,
    encoder: str,
    curve: Sequence[dict[str, float]],
    *,
    recipe: str,
    texts: str | None = None,
    credits: Sequence[str] = (),
) -> str:
    """The card of a base model that was trained from scratch.

    Args:
        encoder: name of the encoder of the token embeddings.
        curve: logged steps of the run.
        recipe: path of the recipe.
        texts: file of the documents; None for the simulated forum.
        credits: sources of the documents, with their licences.
    """
    last = curve[-1]
    source = "simulated forum threads and pages with questions (penchant.forum.corpus); nothing else"
    about, tags = _FORUM_BASE, ["penchant", "from-scratch", "simulated"]
    command = f"penchant base --recipe {recipe}"
    if texts is not None:
        source = f"documents of `{texts}`, split train: passages, and pages with questions (penchant.train.pages)"
        source += f"\n- Sources, licences and documents: {'; '.join(credits)}" if credits else ""
        about, tags = _TEXT_BASE, ["penchant", "from-scratch"]
        command += f" --texts {texts}"
    return (
        _front("text-generation", tags)
        + f"""
# A small base model, trained from scratch

A Llama-shaped language model of {settings.layers} layers and width {settings.hidden_size}.
{about}

- Made by: `{command}` (seed {settings.seed}, {settings.max_steps} steps)
- Trained on: {source}
- Token embeddings start from {encoder} (Apache-2.0), single tokens, projected to {settings.hidden_size} dimensions
- Final loss, nats per answer token: pages {last["page"]}, threads or passages {last["thread"]}; right answers likelier
  than wrong ones: {100 * last["right"]:.1f} % (curve.json)
- Settings: {settings.model_dump_json()}
- Versions: {_line(versions())}

Use it only as the starting point of penchant's examples and tests.
"""
    )


_FORUM_BASE = """\
It has one token per word, and replaces an instruction-tuned model where none is available: it writes in the manner of
the simulated forum, and answers questions about a page in its prompt faithfully. It was not trained to please the
person on the page: in its training, strangers answer a post. **It knows no person and no population, and no English
beyond the forum's words.**"""
_TEXT_BASE = """\
It replaces an instruction-tuned model where none is available. It knows some English. Asked directly, it tells from a
page which answers its person likes (long or short, hard or simple, warm, excited, with questions back), or what the
person writes about. In its training, strangers answer a plain task below a page. **It knows no person and no
population. It is a toy, trained for about an hour.** Its training texts contain some offensive language."""


def aligned_card(
    recipe: Recipe,
    method: str,
    section: TrainSection,
    curve: Sequence[dict[str, float]],
    records: Sequence[Record | Question],
    *,
    ratings: int = 0,
) -> str:
    """The card of a model that was aligned by one method.

    Args:
        curve: logged steps of the run.
        records: training records.
        ratings: number of ratings, for a model aligned on ratings; 0 for one aligned on pairs.
    """
    people = len({record.person_id for record in records})
    datasets = sorted({record.provenance.dataset or "unnamed" for record in records})
    last = curve[-1] if curve else {"loss": float("nan")}
    by = "KTO (arXiv:2402.01306) through TRL" if ratings else _LOSSES[section.loss_type]
    amount = f"{ratings} ratings" if ratings else f"{len(records)} pairs"
    measured = " --directions measured" if recipe.directions == "measured" else ""
    reached = f", training accuracy {last['accuracy']:.3f}" if "accuracy" in last else ""
    # the base may be an aligned model, whose people count as well
    digests = set(trained_on(Path(recipe.base)))
    if records:
        digests.add(people_digest(records))
    return (
        _front(
            "text-generation",
            ["penchant", "dpo", "personalization", method],
            base=recipe.base,
            digests=sorted(digests),
            prompts={"layout": recipe.layout, "directions": recipe.directions},
        )
        + f"""
# {recipe.name}: aligned to each person by {method.upper()}

Base and reference: `{recipe.base}`. Method `{method}`, layout `{recipe.layout}` (AlignX, arXiv:2503.15463), trained by
{by}.

- Data: {", ".join(datasets)}; {amount} of {people} people
- Settings: {section.model_dump_json()}, seed {recipe.seed}
- Last logged training loss {last["loss"]:.4f}{reached} (curve.json). `penchant eval` measures accuracy on people
  outside the training records.
- Versions: {_line(versions())}

Use the prompts that `penchant show prompt --method {method}{measured}` prints; no other wording was trained.
"""
    )


def finished(folder: Path) -> Path | None:
    """The weights of a finished run in a folder; None if there are none."""
    return next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)


def tags(folder: Path) -> frozenset[str]:
    """The tags of the card in a model folder; empty if there is no card, or none with front matter."""
    return _values(folder, "tags")


def trained_on(folder: Path) -> frozenset[str]:
    """Digests of the people that a model was aligned to, from its card; see `record.people_digest`."""
    return _values(folder, _DIGESTS)


def prompts_of(folder: Path) -> dict[str, str]:
    """How the prompts of an aligned model were made, from its card: `layout` and `directions`; empty without one."""
    stated = _front_of(folder).get(_PROMPTS)
    return {str(key): str(value) for key, value in stated.items()} if isinstance(stated, dict) else {}


def base_of(folder: Path) -> str | None:
    """The base of an aligned model, from its card; None if there is none."""
    base = _front_of(folder).get("base_model")
    return base if isinstance(base, str) else None


def _values(folder: Path, key: str) -> frozenset[str]:
    try:
        return frozenset(_front_of(folder).get(key) or ())
    except TypeError:
        return frozenset()


def _front_of(folder: Path) -> dict[str, Any]:
    try:
        front = yaml.safe_load((folder / "README.md").read_text(encoding="utf-8").split("---", 2)[1])
    except (OSError, IndexError, ValueError, yaml.YAMLError):
        return {}
    return front if isinstance(front, dict) else {}


def _front(
    task: str,
    tags: Sequence[str],
    *,
    base: str | None = None,
    digests: Sequence[str] = (),
    prompts: Mapping[str, str] | None = None,
) -> str:
    lines = ["---", f"pipeline_tag: {task}", f"tags: [{', '.join(tags)}]", "library_name: transformers"]
    # an aligned model has the licence of its base, which only the user knows
    lines.append("license: apache-2.0" if base is None else f"base_model: {base}")
    if digests:
        lines.append(f"{_DIGESTS}: {list(digests)}")  # a list's text has quotes, as some digests look like numbers
    if prompts:
        lines.append(f"{_PROMPTS}: {{{_pairs(prompts)}}}")
    return "\n".join([*lines, "---", ""])


def _pairs(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in values.items())


def _line(values: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
