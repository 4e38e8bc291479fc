"""Model cards: what a folder of weights is, how it was made, and what it must not be used for."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from penchant.config import BaseSection, Recipe, TrainSection
from penchant.record import Record, people_digest

_LIBRARIES = ("penchant", "torch", "transformers", "trl", "tokenizers", "numpy", "sentence-transformers")


WEIGHTS = ("model.safetensors", "adapter_model.safetensors")
_MET = "people_digests"
_LOSSES = {
    "sigmoid": "DPO (arXiv:2305.18290) through TRL, one tree of pairs per person",
    "hinge": "SLiC (arXiv:2305.10425) through TRL, one tree of pairs per person",
    "ipo": "IPO (arXiv:2310.12036) through TRL, one tree of pairs per person",
}


def versions() -> dict[str, str]:
    """Versions of the libraries that decide a result, and of Python; absent ones are left out."""
    found = {"python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


def base_card(
    settings: BaseSection,
    encoder: str,
    curve: Sequence[dict[str, float]],
    *,
    recipe: str,
    texts: str | None = None,
    credits: Sequence[str] = (),
) -> str:
    """The card of a base made from scratch, of the simulated forum or, where `texts` names them, of documents.

    Args:
        credits: whom the documents are owed to, with licences.
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
# A small base model, made from scratch

A Llama-shaped language model of {settings.layers} layers and width {settings.hidden_size}.
{about}

- Made by: `{command}` (seed {settings.seed}, {settings.max_steps} steps)
- Trained on: {source}
- Token embeddings start from {encoder} (Apache-2.0), single tokens, projected to {settings.hidden_size} dimensions
- Final loss, nats per answer token: pages {last["page"]}, threads or passages {last["thread"]}; right answers above
  wrong ones: {100 * last["right"]:.1f} % (curve.json)
- Settings: {settings.model_dump_json()}
- Versions: {_line(versions())}

Not for any use but as the starting point of penchant's examples and tests.
"""
    )


_FORUM_BASE = """\
It has one token per word and stands for what an instruction-tuned model brings where none can be had: it writes in the
manner of the simulated forum, and answers faithfully when asked about a page that it can read. It was never told to
please the person on the page: there, a post is answered by a stranger. **It knows no person and no population, and no
English beyond the forum's words.**"""
_TEXT_BASE = """\
It stands for what an instruction-tuned model brings where none can be had: some English, and telling from a page how
its person likes answers (long or short, hard or simple, warm, excited, with questions back) or what they write about,
when asked outright. A plain task below a page is answered by a stranger. **It knows no person and no population. Its
English is that of a toy: it was trained for an hour or so.** Its texts hold offensive language in places."""


def aligned_card(
    recipe: Recipe,
    method: str,
    section: TrainSection,
    curve: Sequence[dict[str, float]],
    records: Sequence[Record],
    *,
    ratings: int = 0,
) -> str:
    """The card of a model aligned by one method, on pairs or, where `ratings` are counted, on single thumbs."""
    people = len({record.person_id for record in records})
    datasets = sorted({record.provenance.dataset or "unnamed" for record in records})
    last = curve[-1] if curve else {"loss": float("nan")}
    by = "KTO (arXiv:2402.01306) through TRL" if ratings else _LOSSES[section.loss_type]
    amount = f"{ratings} ratings" if ratings else f"{len(records)} pairs"
    measured = " --directions measured" if recipe.directions == "measured" else ""
    reached = f", training accuracy {last['accuracy']:.3f}" if "accuracy" in last else ""
    # a base that was itself aligned has met people too
    met = sorted({*trained_on(Path(recipe.base)), *([people_digest(records)] if records else [])})
    return (
        _front("text-generation", ["penchant", "dpo", "personalization", method], base=recipe.base, met=met)
        + f"""
# {recipe.name}: aligned to each person by {method.upper()}

Base and reference: `{recipe.base}`. Method `{method}`, layout `{recipe.layout}` (AlignX, arXiv:2503.15463), trained by
{by}.

- Data: {", ".join(datasets)}; {amount} of {people} people
- Settings: {section.model_dump_json()}, seed {recipe.seed}
- Last logged training loss {last["loss"]:.4f}{reached} (curve.json). Accuracy on people it never met is measured by
  `penchant eval`; see the results beside this folder.
- Versions: {_line(versions())}

Give it the prompts that `penchant show prompt --method {method}{measured}` prints; other wording was not trained.
"""
    )


def finished(folder: Path) -> Path | None:
    """The weights of a finished run in a folder; None where there is none."""
    return next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)


def tags(folder: Path) -> frozenset[str]:
    """The tags of the card in a model folder; none where there is no card, or no front matter in it."""
    return _named(folder, "tags")


def trained_on(folder: Path) -> frozenset[str]:
    """Digests of the people that a model was aligned to, as its card has them; see `record.people_digest`."""
    return _named(folder, _MET)


def base_of(folder: Path) -> str | None:
    """The base that a model was aligned from, as its card has it."""
    found = _front_of(folder).get("base_model")
    return found if isinstance(found, str) else None


def _named(folder: Path, key: str) -> frozenset[str]:
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


def _front(task: str, tags: Sequence[str], *, base: str | None = None, met: Sequence[str] = ()) -> str:
    lines = ["---", f"pipeline_tag: {task}", f"tags: [{', '.join(tags)}]", "library_name: transformers"]
    # an aligned model is under the licence of its base, which only the user can know
    lines.append("license: apache-2.0" if base is None else f"base_model: {base}")
    if met:
        lines.append(f"{_MET}: {list(met)}")  # quoted, as some look like numbers
    return "\n".join([*lines, "---", ""])


def _line(values: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
