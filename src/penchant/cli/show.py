"""`penchant show`: exactly what a model sees, and what a space holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli.beliefs import Inferred, tell
from penchant.cli.data import DirectionsOption, SpaceOption, directed, find, say_space, space_for
from penchant.cli.infer import AnnotatorOption, people_of, read_by
from penchant.cli.language import SummariesOption, summaries_of
from penchant.cli.output import as_json, result, say
from penchant.errors import ConfigError
from penchant.persona import PERSONA_KINDS
from penchant.render import LAYOUTS, Budget, Layout
from penchant.space import load_space

if TYPE_CHECKING:
    from penchant.model.local import ChatTokenizer

app = typer.Typer(no_args_is_help=True, help="Show exactly what a model sees, or what a space holds.")


@app.callback()
def _verbs() -> None:
    """Keeps `show` a group of verbs."""


@app.command("prompt")
def prompt(
    data: Annotated[Path, typer.Option(help="Shards, Parquet, JSON or JSONL.")],
    record: Annotated[str | None, typer.Option(help="Record id; default: the first record.")] = None,
    method: Annotated[str, typer.Option(help="few_shot, ica, pba, pba_summary or pba_both.")] = "ica",
    persona: Annotated[str, typer.Option(help=f"What is shown: {', '.join(PERSONA_KINDS)}.")] = "mixed",
    layout: Annotated[str, typer.Option(help=" or ".join(LAYOUTS))] = "user_first",
    model: Annotated[str | None, typer.Option(help="Model folder or Hub id: its chat template is applied.")] = None,
    max_prompt_tokens: Annotated[int | None, typer.Option(min=1, help="Budget; needs --model.")] = None,
    seed: Annotated[int, typer.Option(help="Of the mixed draw, as in eval.")] = 0,
    space: SpaceOption = None,
    directions: DirectionsOption = "given",
    summaries: SummariesOption = None,
    json: Annotated[bool, typer.Option("--json", help="Messages and counts as one JSON line.")] = False,
) -> None:
    """Prints exactly what the model sees for one record: the messages, or with --model the text it reads.

    The evidence is the record's own, as in `eval`; training draws afresh from all of a user's records.
    """
    from penchant.method import METHODS
    from penchant.person import meet_record

    if method not in METHODS:
        raise ConfigError(f"--method {method}: known are {', '.join(METHODS)}")
    kind = next((kind for kind in PERSONA_KINDS if kind == persona), None)
    if kind is None:
        raise ConfigError(f"--persona {persona}: known are {', '.join(PERSONA_KINDS)}")
    if layout not in LAYOUTS:
        raise ConfigError(f"--layout {layout}: known are {', '.join(LAYOUTS)}")
    chosen: Layout = "paper" if layout == "paper" else "user_first"
    where = space_for(data, space, directions=directions)
    (found,) = directed([find(data, where, record)], directions)
    shown = found.persona.select(kind, seed=f"{seed}:{found.person_id}")
    summary = summaries_of(summaries, [shown])(shown)
    person = meet_record(found, shown, where, summary=summary)
    if not shown.evidence and kind != "none":
        say(f"record '{found.record_id}' has no evidence for persona '{kind}': the model sees the bare prompt")
    if kind == "mixed" and len(shown) < len(found.persona):
        say(
            f"{len(shown)} of the {len(found.persona)} items that record '{found.record_id}' has are shown, as 'mixed' "
            f"draws them with seed {seed}; --persona all shows each"
        )
    chat = _tokenizer(model)
    if max_prompt_tokens is not None and chat is None:
        raise ConfigError("--max-prompt-tokens counts tokens of a model; name it with --model")
    budget = Budget(max_prompt_tokens, lambda m: len(chat.prompt_ids(m))) if max_prompt_tokens and chat else None
    rendered = METHODS[method].messages(person, found.prompt, layout=chosen, budget=budget)
    text = chat.prompt_text(rendered.messages) if chat else None
    if json:
        tokens = len(chat.prompt_ids(rendered.messages)) if chat else None
        values = {"record": found.record_id, "messages": list(rendered.messages), "shown": rendered.kept}
        result(as_json({**values, "dropped": rendered.dropped, "text": text, "tokens": tokens}))
    else:
        result(text or "\n\n".join(f"[{message['role']}]\n{message['content']}" for message in rendered.messages))


def _tokenizer(model: str | None) -> ChatTokenizer | None:
    if model is None:
        return None
    from penchant.model.local import load_tokenizer

    return load_tokenizer(model)


@app.command("user")
def user(
    data: Annotated[Path, typer.Option(help="Shards, Parquet, JSON or JSONL; or one person's JSON.")],
    user: Annotated[str | None, typer.Option(help="Whose beliefs: a user id; default: whose JSON it is.")] = None,
    annotator: AnnotatorOption = None,
    space: SpaceOption = None,
    json: Annotated[bool, typer.Option("--json", help="As one JSON line.")] = False,
) -> None:
    """Prints what is believed of one person, the surest first, and which of their own items say so."""
    where = space_for(data, space)
    people = people_of(data, where, user=user)
    if len(people) > 1:
        raise ConfigError(f"{data} holds {len(people):,} people; name one with --user, for instance {min(people)}")
    say_space(data, where, space)
    items = [item for one in people.values() for item in one.evidence]
    found = read_by(annotator, items, where) if annotator else Inferred({item: item for item in items})
    tell(people, where, found, json=json)


@app.command("space")
def space(
    name: Annotated[str, typer.Argument(help="Space name or .toml file.")] = "alignx90",
    json: Annotated[bool, typer.Option("--json", help="As one JSON line.")] = False,
) -> None:
    """Prints the dimensions of a space with both poles."""
    found = load_space(name)
    rows = [
        {
            **{"index": i, "id": d.id, "group": d.group, "positive": d.positive, "negative": d.negative},
            **{"origin": d.origin, "withheld": bool(found.withheld[i])},
        }
        for i, d in enumerate(found.dimensions)
    ]
    if json:
        result(as_json({"name": found.name, "digest": found.digest, "dimensions": rows}))
        return
    result(f"{found.name}: {len(found)} dimensions, digest {found.digest}")
    for row in rows:
        kept = "  (protected: nothing is concluded of it)" if row["withheld"] else ""
        result(
            f"{row['index']:>3}  {row['id']:<24} {row['group']:<9} + {row['positive']}  |  - {row['negative']}{kept}"
        )
