"""Measures how often written replies take the person's side, and how fluent they are, for decoders and aligned models.

    make demo
    penchant fit annotator --data out/demo/data/train --encoder models/forum-base --out out/demo/reader
    penchant fit encoder --data out/demo/data/train --out out/demo/encoder
    python benchmarks/forum_control.py out/demo --json

Simulated people who were not in the training data; half of them use wordings that nobody in the training data uses.
Each person writes one post about two dimensions. The forum's own lexicon finds the phrases of both poles in a reply, so
that the truth is known. Of the two dimensions of each post: `own`, only phrases of the person's pole; `other`, any
phrase of the opposite pole; the rest is silent. `fluency` is the mean log-probability of a token under the base that
reads the post alone. All rows but ica and pba use the base, which was not aligned to anybody. `few_shot` is the base
with the evidence and the post; `asked` has a direct question in place of the post: what the person said about its
topics. The judge, mixtures, guidance and contrast take `asked` as the voice with the person and the post alone as the
other voice; `by rounds` and `published code` are Persona-judge by drafts, right and as published. Best of N writes from
the post alone; then the belief about the person, the encoder scorer, or the likelihood under `asked` picks. The last
line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from penchant.decode.algebra import expert_less_amateur
from penchant.decode.best_of import BestOf
from penchant.decode.blend import Blend
from penchant.decode.formulas import guidance, mixture
from penchant.decode.judge import PersonaJudge
from penchant.decode.turns import Turns
from penchant.encoder.sentence import load_encoder
from penchant.eval.bench import draw_condition
from penchant.forum.corpus import direct_question
from penchant.forum.lexicon import lexicon
from penchant.message import Message, as_text
from penchant.method import METHODS
from penchant.model.base import Candidates, Sampling, Writes
from penchant.model.card import versions
from penchant.model.local import LocalModel
from penchant.person import Person, meet_record
from penchant.record import Record
from penchant.render import render
from penchant.runs.annotators import open_annotator
from penchant.runs.data import read, recipe_space
from penchant.runs.recipe import recipe_for
from penchant.scorer.belief import BeliefScorer
from penchant.scorer.encoder.scorer import EncoderScorer
from penchant.space import PreferenceSpace
from penchant.stats import accuracy

LABELS = {
    "judge": (-4, 4, "right"),
    "judge, by rounds": (-4, -1, "right"),
    "judge, published code": (-4, -8, "right"),
    "best of 4, asked": (5, -3, "left"),
    "mixture 0.25": (-4, -6, "right"),
    "guidance 1.5": (-2, -9, "right"),
}
"""Where the labels of points in a crowd stand: offset in points, and the side of the text that is aligned."""


def main() -> None:
    """Prints a line per row, then one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("demo", type=Path, help="Folder of a demo, with reader and encoder beside its models.")
    parser.add_argument("--base", default="models/forum-base")
    parser.add_argument("--people", type=int, default=100, help="People of each wording.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plot", type=Path, help="SVG of control against fluency.")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    space = recipe_space(recipe_for("demo", ()))
    records = chosen(read(options.demo / "data" / "test", space), options.people)
    condition = draw_condition(records, "mixed", seed=options.seed)
    people = [meet_record(r, persona, space) for r, persona in zip(records, condition.personas, strict=True)]
    base = LocalModel.load(options.base)
    rows = {}
    for name, write in writers(base, options.demo, records, people, space, options.seed).items():
        started = time.process_time()
        texts = write()
        seconds = time.process_time() - started
        rows[name] = {**figures(texts, records, space, base, options.seed), "cpu_s": round(seconds, 1)}
        if not options.json:
            print(name, rows[name], flush=True)
    if options.plot:
        plot(rows, options.plot)
    print(json.dumps({"benchmark": "forum_control", "seed": options.seed, "versions": versions(), "rows": rows}))


def chosen(records: Sequence[Record], people: int) -> list[Record]:
    """The first post of each of the first people of both wordings."""
    first: dict[str, Record] = {}
    for record in records:
        first.setdefault(record.person_id, record)
    known, unseen = (
        [r for r in first.values() if (r.provenance.phrasing == "unseen") is unfamiliar][:people]
        for unfamiliar in (False, True)
    )
    return [*known, *unseen]


def writers(
    base: LocalModel, demo: Path, records: Sequence[Record], people: Sequence[Person], space: PreferenceSpace, seed: int
) -> dict[str, Callable[[], list[str]]]:
    """Name of each row -> what writes all its replies."""
    posts = [record.prompt for record in records]
    asked = [
        render(person, direct_question(record.task), content="history").messages
        for record, person in zip(records, people, strict=True)
    ]
    post_of = {messages: post for messages, post in zip(asked, posts, strict=True)}

    def alone(prompt: Sequence[Message]) -> Sequence[Message]:
        return post_of[tuple(prompt)]

    def told(prompt: Sequence[Message]) -> Sequence[Message]:
        return prompt[1:]  # pages carry no system turn

    def by(writer: Writes, prompts: Sequence[Sequence[Message]]) -> Callable[[], list[str]]:
        settings = Sampling(temperature=1.0, top_p=0.9, max_tokens=24, seed=seed)
        return lambda: [answer.text for answer in writer.write(prompts, settings)]

    def method(name: str, model: Writes) -> Callable[[], list[str]]:
        shown = [METHODS[name].messages(person, post).messages for person, post in zip(people, posts, strict=True)]
        return by(model, shown)

    voices = (alone, told)
    belief = BeliefScorer(open_annotator(demo / "reader", space))
    encoder = EncoderScorer.load(demo / "encoder", load_encoder())
    person_of = {messages: person for messages, person in zip(asked, people, strict=True)}

    def best(candidates: int, score: Callable[[Person, str, Sequence[str]], np.ndarray]) -> Callable[[], list[str]]:
        def suits(prompt: Sequence[Message], answers: Sequence[str]) -> np.ndarray:
            return score(person_of[tuple(prompt)], as_text(alone(prompt)), answers)

        return by(BestOf(Blend.of(base, (alone,), lambda rows: rows[0]), suits, candidates), asked)

    def likelihood(person: Person, post: str, answers: Sequence[str]) -> np.ndarray:
        question = render(person, direct_question(post), content="history").messages[1:]
        given = tuple(answers)
        with_person, without = base.logprobs([Candidates(question, given), Candidates((Message("user", post),), given)])
        return np.array([one.logprob - other.logprob for one, other in zip(with_person, without, strict=True)])

    rows: dict[str, Callable[[], list[str]]] = {
        "base": by(base, posts),
        "few_shot": method("few_shot", base),
        "asked": by(base, [messages[1:] for messages in asked]),
        "ica": method("ica", LocalModel.load(str(demo / "ica"))),
        "pba": method("pba", LocalModel.load(str(demo / "pba"))),
        "judge": by(Turns(base, *voices), asked),
        "judge, by rounds": by(PersonaJudge(base, *voices), asked),
        "judge, published code": by(PersonaJudge(base, *voices, released=True), asked),
    }
    for share in (0.1, 0.25, 0.5, 0.75, 0.9):
        rows[f"mixture {share:g}"] = by(Blend.of(base, voices, mixture((1 - share, share))), asked)
    for strength in (0.5, 1.5, 3.0):
        rows[f"guidance {strength:g}"] = by(Blend.of(base, voices, guidance(strength)), asked)
    rows["contrast 0.5"] = by(Blend.of(base, voices, expert_less_amateur(0.5)), asked)
    for count in (4, 16):
        rows[f"best of {count}, belief"] = best(count, belief.score)
        rows[f"best of {count}, encoder scorer"] = best(count, encoder.score)
        rows[f"best of {count}, asked"] = best(count, likelihood)
    return rows


def figures(
    texts: Sequence[str], records: Sequence[Record], space: PreferenceSpace, base: LocalModel, seed: int
) -> dict[str, object]:
    """Shares over the dimensions of all posts, by wording, and fluency."""
    entries, directions = lexicon(space), [(record.direction, record.golden) for record in records]
    own, other, users, unseen = [], [], [], []
    for text, record, (about, golden) in zip(texts, records, directions, strict=True):
        if about is None or golden is None:
            raise SystemExit("the records are not simulated")
        for dimension, _ in about.poles():
            index, sign = space.index(dimension.id), golden.sign(dimension.id)
            said = {pole: any(phrase in text for phrase in phrases(entries[index], pole)) for pole in (1, -1)}
            own.append(said[sign] and not said[-sign])
            other.append(said[-sign])
            users.append(record.person_id)
            unseen.append(record.provenance.phrasing == "unseen")
    share = accuracy(np.where(own, 1.0, -1.0), users, seed=seed)
    sides, unfamiliar = np.array(own), np.array(unseen)
    written = [(record, text) for record, text in zip(records, texts, strict=True) if text]
    scored = base.logprobs([Candidates(record.prompt, (text,)) for record, text in written])
    fluency = sum(one.logprob for (one,) in scored) / sum(one.tokens for (one,) in scored)
    return {
        "own": round(100 * share.value, 1),
        "ci95": [round(100 * bound, 1) for bound in share.ci95],
        "other": round(100 * float(np.mean(other)), 1),
        "own_known": round(100 * float(sides[~unfamiliar].mean()), 1),
        "own_unseen": round(100 * float(sides[unfamiliar].mean()), 1),
        "fluency": round(fluency, 3),
        "empty": len(texts) - len(written),
    }


def plot(rows: dict[str, dict[str, object]], path: Path) -> None:
    """Control against fluency; rows of one decoder with several strengths are joined by a line."""
    import matplotlib.pyplot as plt

    plt.rcParams["svg.fonttype"] = "none"
    figure, axes = plt.subplots(figsize=(8, 5))
    families: dict[str, list[str]] = {}
    for name in rows:
        family = name.rpartition(" ")[0] if name.startswith(("mixture", "guidance")) else name
        family = "best of, belief" if name.startswith("best") and name.endswith("belief") else family
        families.setdefault(family, []).append(name)
    for names in families.values():
        points = [(float(str(rows[name]["fluency"])), float(str(rows[name]["own"]))) for name in names]
        axes.plot(*zip(*points, strict=True), marker="o", markersize=4, linewidth=1)
        for name, point in zip(names, points, strict=True):
            x, y, side = LABELS.get(name, (4, 3, "left"))
            axes.annotate(name, point, fontsize=7, xytext=(x, y), textcoords="offset points", ha=side)
    axes.set_xlim(right=-0.2)
    axes.set_xlabel("fluency: mean log p of a token under the base, nats")
    axes.set_ylabel("control: dimensions on the person's side, %")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def phrases(entry: object, sign: int) -> Sequence[str]:
    """All phrases of a pole."""
    return entry.positive if sign > 0 else entry.negative  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
