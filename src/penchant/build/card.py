"""The card of a data set (README.md): what it holds, how it was made, and what each step left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def card(manifest: Mapping[str, Any]) -> str:
    """The card, with the heading by which the Hub and `datasets` find the splits.

    Args:
        manifest: its content, without a digest of the card.
    """
    recipe, records = manifest["recipe"], manifest["records"]
    splits = [split for split, count in records.items() if count]
    heading = ["---", "configs:", "- config_name: default", "  data_files:"]
    heading += [line for split in splits for line in (f"  - split: {split}", f"    path: {split}/*.parquet")]
    taken = [
        f"| {section['path'].rpartition('/')[2]} | records{_share(section['share'])} |" for section in recipe["records"]
    ]
    sources = [f"| {source['path'].rpartition('/')[2]} | {source['kind']} |" for source in recipe["sources"]]
    steps = [_step(name, values) for name, values in manifest["steps"].items()]
    marks = manifest["steps"].get("scrub", {}).get("changed", {})
    rule = {
        "own": "Of two replies to one post, the person's own is chosen.",
        "drawn": (
            "A person's own reply is chosen over somebody else's reply to another post, drawn: a model can tell them "
            "apart by which one fits the post."
        ),
        "votes": "Of two replies to one post, the person's own is chosen if it came later and has more votes.",
    }[recipe["pairs"]["rule"]]
    rule = rule if recipe["sources"] else "They were taken over from files of choices."
    mirrored = (
        " Each pair is there twice, once for the author of either reply."
        if recipe["pairs"]["mirrored"] and recipe["sources"]
        else ""
    )
    return "\n".join(
        [
            *heading,
            "---",
            "",
            f"# {manifest['name']}",
            "",
            (" and ".join(f"{records[split]:,} records of {split}" for split in splits) or "No records")
            + f". {rule}{mirrored} {_apart(manifest['shared'])}",
            "",
            "| source | kind |",
            "|---|---|",
            *sources,
            *taken,
            "",
            "| step | in | out | left out |",
            "|---|---|---|---|",
            *steps,
            "",
            *_rules(manifest["rules"]),
            f"Directions: {recipe['annotator'] or 'none'}, in the space {manifest['space']['name']}."
            f"{_labelled(manifest.get('labelled'))} Personal data "
            f"replaced by marks: {', '.join(f'{kind} {count:,}' for kind, count in marks.items()) or 'none found'}. "
            f"{_names(recipe.get('names'))}"
            f"{_disclosed(manifest.get('disclosed'), (recipe.get('profiles') or {}).get('attributes', ()))}",
            "",
            "Licences of the sources are not known to penchant: state them here before you share this data.",
            "",
        ]
    )


def _apart(shared: Mapping[str, int]) -> str:
    """What the two splits share, as it was counted in the records."""
    people, prompts = shared["people"], shared["prompts"]
    if not people and not prompts:
        return "No person is in both splits, and no prompt."
    return f"**{people:,} people and {prompts:,} prompts are in both splits.**"


def _rules(values: Mapping[str, Any] | None) -> list[str]:
    """Lines about rules that need no model, such as the longer answer."""
    if values is None:
        return []
    rules = [
        f"| {rule} | {100 * value[0]:.1f} ({100 * value[1]:.1f} to {100 * value[2]:.1f}) |"
        for rule, value in values.items()
        if rule not in ("split", "records")
    ]
    return [
        f"Rules without a model, on {values['records']:,} records of {values['split']}, with all of their evidence. "
        "`longer` knows nothing of the person; where it is right in more than half of the pairs, length gives answers "
        "away. The other rules compare the answers with the evidence: a model should be better than they are.",
        "",
        "| rule | right, in % (95 % interval over people) |",
        "|---|---|",
        *rules,
        "",
    ]


def _labelled(values: Mapping[str, Any] | None) -> str:
    """What a sample of labels was good for."""
    if values is None:
        return ""
    text = f" It labelled {values['items']:,} replies; an annotator that was fitted on these read the rest."
    if values["agreement"] is None:
        return f"{text} Too few people were held out to say how well they agree."
    found, side = (100 * values["agreement"][name] for name in ("found", "side"))
    return (
        f"{text} On {values['agreement']['people']} people outside the fit it reads {found:.0f} % of the labelled "
        f"poles, and leans to their side in {side:.0f} %."
    )


def _names(model: str | None) -> str:
    if model is None:
        return "Names of people and places are not looked for."
    return (
        f"Names of people and places that presidio finds with the spaCy model {model} are replaced by [person] and "
        "[place]; it misses some."
    )


def _disclosed(attributes: Sequence[Mapping[str, Any]] | None, wanted: Sequence[str]) -> str:
    """What the texts give away of people, among the attributes that the recipe names."""
    missing = [name for name in wanted if name not in {one["attribute"] for one in attributes or ()}]
    unmeasured = (
        f" Not measured: {', '.join(missing)}, as fewer than two values are each shared by 20 people."
        if missing
        else ""
    )
    if not attributes:
        return unmeasured
    told = ", ".join(
        f"{one['attribute']} {100 * one['accuracy']:.0f} % (most common value {100 * one['most_common']:.0f} %)"
        for one in attributes
        if one["disclosed"]
    )
    known = ", ".join(one["attribute"] for one in attributes)
    if not told:
        return f" A plain classifier tells none of {known} from people's texts better than chance.{unmeasured}"
    return f" A plain classifier tells from people's texts: {told}.{unmeasured}"


def _share(share: float | None) -> str:
    return "" if share is None else f", {100 * share:g} % of train"


def _step(name: str, values: Mapping[str, Any]) -> str:
    reasons = "; ".join(f"{reason}: {count:,}" for reason, count in values["dropped"].items())
    if name == "parse":  # a post is kept without what cannot be read
        unread = (f"{what}: {count:,}" for what, count in values.get("changed", {}).items())
        reasons = "; ".join(filter(None, [reasons, *unread]))
    return f"| {name} ({values['unit']}) | {values['in']:,} | {values['out']:,} | {reasons or '–'} |"
