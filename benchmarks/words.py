"""Which words make a real model answer the person it is told of? `docs/lab/telling.md` has the tables.

    python benchmarks/words.py write --wordings earlier,me-bare --split choose --out out/words.jsonl
    python benchmarks/words.py table --out out/words.jsonl --split choose

Greedy answers of 80 tokens, in bfloat16. The person's block is computed once for all prompts of a person.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import speech
from penchant.message import Message
from penchant.space import load_space
from wordings import BY_NAME, Wording, line_of

DATA = tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))
PEOPLE, PROMPTS = DATA["person"], DATA["prompt"]
CHOOSING = 8
"""So many of the first people choose the words, with the prompts that say so."""
MAX_TOKENS = 80
_PEOPLE_AT_ONCE = 4


def split(name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """People and prompts of a split.

    `screen` is a part of `choose`; `more` asks the people of `choose` the other prompts; `judge` has other people and
    other prompts.
    """
    chosen = [prompt for prompt in PROMPTS if prompt.get("choose")]
    match name:
        case "screen":
            return [PEOPLE[index] for index in (0, 2, 3, 6)], [*chosen[:5], *chosen[7:10]]
        case "choose":
            return PEOPLE[:CHOOSING], chosen
        case "more":
            return PEOPLE[:CHOOSING], [prompt for prompt in PROMPTS if not prompt.get("choose")]
        case "judge":
            return PEOPLE[CHOOSING:], [prompt for prompt in PROMPTS if not prompt.get("choose")]
        case _:
            return PEOPLE, PROMPTS


def block_of(wording: Wording, person: dict[str, Any], form: str) -> list[str]:
    """The lines about a person; in `corrected`, their poles are corrections that follow the history."""
    history = [line_of(wording, item) for item in person["items"]]
    if form == "history":
        return history
    poles = [_SPACE.dimensions[_SPACE.index(name)].pole(sign) for name, sign in person["poles"].items()]
    if form == "corrected":
        return history + [wording.corrected.format(pole=pole) for pole in poles]
    if form == "summary":  # as `render.summary_of` writes a belief of which half is certain
        half = len(poles) // 2
        text = f"clearly: {'; '.join(poles[:half])}. probably: {'; '.join(poles[half:])}"
        return [wording.pole.format(pole=text, lower=text)]
    return [wording.pole.format(pole=pole, lower=_small(pole)) for pole in poles]


def _small(phrase: str) -> str:
    return phrase[:1].lower() + phrase[1:]


_SPACE = load_space("alignx90")


def messages_of(
    wording: Wording, person: dict[str, Any] | None, task: str, *, form: str, layout: str
) -> tuple[Message, ...]:
    """The prompt of a wording; of nobody without a person."""
    if person is None:
        return (Message("user", task),)
    lines = block_of(wording, person, form)
    block = lines[0] if form == "summary" else "\n".join(f"{wording.bullet}{line}" for line in lines)
    told, asked = f"{wording.head}\n{block}\n{wording.tail}", wording.ask.format(task=task)
    shows_evidence = form in ("history", "corrected")
    system = wording.system if shows_evidence or wording.system_directions is None else wording.system_directions
    turns = [Message("system", system)] if system else []
    if wording.acknowledged:
        return (*turns, Message("user", told), Message("assistant", "I will."), Message("user", asked))
    if layout == "paper":
        return (*turns, Message("user", wording.paper.format(task=task, told=told)))
    return (*turns, Message("user", f"{told}\n{asked}"))


def write(model: Any, chat: Any, groups: Sequence[Sequence[tuple[Message, ...]]]) -> list[list[str]]:
    """Greedy answers; the common beginning of the prompts of a group is computed once."""
    import torch

    ids = [[chat.prompt_ids(messages) for messages in group] for group in groups]
    shared = [min(*(_common(group[0], other) for other in group), *(len(one) - 1 for one in group)) for group in ids]
    begin, seen = _padded([group[0][:length] for group, length in zip(ids, shared, strict=True)], chat.pad_id)
    repeats = torch.tensor([len(group) for group in ids])
    with torch.inference_mode():
        cache = model(begin, attention_mask=seen, position_ids=_positions(seen), use_cache=True).past_key_values
        cache.batch_select_indices(torch.arange(len(ids)).repeat_interleave(repeats))
        rest = [one[length:] for group, length in zip(ids, shared, strict=True) for one in group]
        tokens, mask = _padded(rest, chat.pad_id)
        mask = torch.cat([seen.repeat_interleave(repeats, 0), mask], 1)
        positions = _positions(mask)[:, -tokens.shape[1] :]
        answers: list[list[int]] = [[] for _ in rest]
        alive = list(range(len(rest)))
        for _ in range(MAX_TOKENS):
            step = model(
                tokens,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            following = step.logits[:, -1].argmax(-1)
            going = [row for row, token in enumerate(following.tolist()) if token != model.config.eos_token_id]
            for row in going:
                answers[alive[row]].append(int(following[row]))
            if not going:
                break
            if len(going) < len(alive):
                keep = torch.tensor(going)
                cache.batch_select_indices(keep)
                mask, positions, following = mask[keep], positions[keep], following[keep]
                alive = [alive[row] for row in going]
            tokens, positions = following[:, None], positions[:, -1:] + 1
            mask = torch.cat([mask, mask.new_ones(len(alive), 1)], 1)
    texts = iter([chat.tokenizer.decode(answer, skip_special_tokens=True).strip() for answer in answers])
    return [[next(texts) for _ in group] for group in groups]


def _padded(sequences: Sequence[Sequence[int]], pad: int) -> tuple[Any, Any]:
    import torch

    width = max(map(len, sequences))
    tokens = torch.tensor([[pad] * (width - len(row)) + list(row) for row in sequences])
    return tokens, torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in sequences])


def _positions(mask: Any) -> Any:
    return (mask.cumsum(1) - 1).clamp(min=0)


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def run(arguments: argparse.Namespace) -> None:
    """Writes every answer that the file does not hold yet."""
    import torch

    from penchant.model.load import load_parts

    model, chat = load_parts("smollm2")
    model = model.to(torch.bfloat16 if arguments.dtype == "bfloat16" else torch.float32).eval()
    done = {_key(row) for row in rows(arguments.out)}
    people, prompts = split(arguments.split)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with arguments.out.open("a", encoding="utf-8") as file:
        for name in arguments.wordings.split(","):
            shared = {"wording": name, "form": arguments.form, "layout": arguments.layout}
            todo = [
                (person, left)
                for person in ([None] if name == "nobody" else people)
                if (left := [p for p in prompts if _key(shared | _names(person, p)) not in done])
            ]
            asked = [
                [
                    messages_of(BY_NAME[name], person, p["text"], form=arguments.form, layout=arguments.layout)
                    for p in left
                ]
                for person, left in todo
            ]
            for start in range(0, len(asked), _PEOPLE_AT_ONCE):
                several = slice(start, start + _PEOPLE_AT_ONCE)
                for (person, left), answers in zip(todo[several], write(model, chat, asked[several]), strict=True):
                    for prompt, answer in zip(left, answers, strict=True):
                        file.write(json.dumps({**shared, **_names(person, prompt), "answer": answer}) + "\n")
                file.flush()


def _names(person: dict[str, Any] | None, prompt: dict[str, Any]) -> dict[str, str]:
    return {"person": person["name"] if person else "", "prompt": prompt["text"]}


def _key(row: dict[str, Any]) -> tuple[str, ...]:
    if row["wording"] == "nobody":
        return ("nobody", row["prompt"])
    return tuple(row[name] for name in ("wording", "form", "layout", "person", "prompt"))


def rows(path: Path) -> list[dict[str, Any]]:
    """The answers of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def failures(answer: str, prompt: dict[str, Any], told: str) -> list[str]:
    """In which ways an answer does not speak to the person."""
    checks = {
        "about": speech.speaks_about(answer, others=prompt.get("others", False)),
        "as": speech.speaks_as(answer, letter=prompt.get("letter", False)),
        "repeats": speech.repeats(answer, told),
    }
    return [name for name, failed in checks.items() if failed]


def follows(wish: str, answer: str, nobody: str) -> bool:
    """Whether an answer follows a wish; lengths are compared with the answer that nobody gets, by a quarter."""
    length, usual = len(speech.words(answer)), len(speech.words(nobody))
    match wish:
        case "short":
            return 0 < length <= 0.75 * usual or 0 < length <= 20
        case "long":
            return length >= 1.25 * usual or length >= 45
        case "formal":
            return speech.formal(answer)
        case "funny":
            return speech.funny(answer)
        case "question":
            return speech.asks(answer)
        case _:
            return speech.language(answer) == wish


def table(arguments: argparse.Namespace) -> None:
    """Prints a line per wording, form and layout, in percent.

    `good` speaks to the person, does not loop and does not refuse. A wish has two numbers: how often it is followed for
    those who have it, and for everybody else. `words` are medians: of those who wish short answers, long ones, neither.
    """
    people, prompts = split(arguments.split)
    persons, asked = {p["name"]: p for p in people}, {p["text"]: p for p in prompts}
    found = rows(arguments.out)
    nobody = {row["prompt"]: row["answer"] for row in found if row["wording"] == "nobody"}
    groups = defaultdict(list)
    for row in found:
        if row["person"] in persons and row["prompt"] in asked:
            groups[row["wording"], row["form"], row["layout"]].append(row)
    alone = [{"person": person["name"], "prompt": text, "answer": nobody[text]} for person in people for text in asked]
    groups["nobody", "-", "-"] = alone
    names = ["good", "to them", "about", "as", "repeats", "loops", "refuses", *WISHES, "words", "fact kept", "leaks"]
    print(" | ".join(["wording", "form", "layout", "n", *names]))
    for key, group in groups.items():
        print(" | ".join([*key, str(len(group)), *_figures(group, persons, asked, nobody)]))


WISHES = ("short", "long", "formal", "funny", "question", "es", "fr", "de")


def _figures(
    group: Sequence[dict[str, str]],
    persons: dict[str, dict[str, Any]],
    asked: dict[str, dict[str, Any]],
    nobody: dict[str, str],
) -> list[str]:
    marks: dict[str, list[bool]] = defaultdict(list)
    lengths: dict[str, list[int]] = {"short": [], "long": [], "": []}
    for row in group:
        person, prompt, answer = persons[row["person"]], asked[row["prompt"]], row["answer"]
        told = "\n".join(" ".join(str(value) for value in item.values()) for item in person["items"])
        ways = failures(answer, prompt, told)
        for name in ("about", "as", "repeats"):
            marks[name].append(name in ways)
        marks["loops"].append(speech.loops(answer))
        marks["refuses"].append(speech.refuses(answer))
        marks["to them"].append(not ways and not speech.empty(answer))
        marks["good"].append(marks["to them"][-1] and not marks["loops"][-1] and not marks["refuses"][-1])
        if prompt.get("fact"):
            if person["wish"] not in _LANGUAGES:
                marks["fact kept"].append(speech.mentions(answer, prompt["fact"]))
                marks["leaks"].append(speech.mentions(answer, person["hobby"]))
            continue
        lengths[person["wish"] if person["wish"] in lengths else ""].append(len(speech.words(answer)))
        for wish in WISHES:
            side = "" if person["wish"] == wish else "others "
            marks[side + wish].append(follows(wish, answer, nobody[row["prompt"]]))
    shares = [f"{_share(marks[wish])}/{_share(marks['others ' + wish])}" for wish in WISHES]
    medians = "/".join(f"{median(lengths[kind]):.0f}" if lengths[kind] else "-" for kind in ("short", "long", ""))
    ends = [_share(marks["fact kept"]), _share(marks["leaks"])]
    starts = [f"{_share(marks[name])}" for name in ("good", "to them", "about", "as", "repeats", "loops", "refuses")]
    return [*starts, *shares, medians, *ends]


_LANGUAGES = ("es", "fr", "de")


def _share(values: Sequence[bool]) -> str:
    return f"{100 * sum(values) / len(values):.0f}" if values else "-"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=("write", "table"))
    parser.add_argument("--wordings", default="nobody")
    parser.add_argument("--split", choices=("screen", "choose", "more", "judge", "all"), default="choose")
    parser.add_argument("--form", choices=("history", "corrected", "directions", "summary"), default="history")
    parser.add_argument("--layout", choices=("user_first", "paper"), default="user_first")
    parser.add_argument("--dtype", choices=("bfloat16", "float32"), default="bfloat16")
    parser.add_argument("--out", type=Path, default=Path("out/words.jsonl"))
    arguments = parser.parse_args()
    (run if arguments.command == "write" else table)(arguments)


if __name__ == "__main__":
    main()
