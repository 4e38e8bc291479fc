"""Measures how far decoders steer what a real model writes in English, compared with plain prompting.

    python benchmarks/english_control.py --model smollm2 --json

Four pairs of opposite people say in plain words how they like answers: long or short, scholarly or simple, warm or
matter-of-fact, or that they love or hate being outdoors. Every decoder writes to all of them on the same questions,
with the same settings and the same limit of tokens. The style of an answer is computed from its text: log words, school
grade, warm words (`penchant.style`), or what the annotator `english` reads of being outdoors. `control` is the share of
pairs of answers to two opposite people that differ in the right direction (ties count one half), over all questions,
pairs and seeds; 50 is chance. Its interval is over questions and pairs. `fluency` is the mean log-probability of a
token under the model that reads the question alone. `cost` is processor time per written token over that of `plain`.
`against empty notes`: the other voice reads notes that say nothing. `by the measure itself`: the best of four by the
very feature that is measured, which is a bound. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np

from penchant import Comment, Persona, Statement, meet, render
from penchant.decode.best_of import BestOf
from penchant.decode.blend import Blend, as_asked
from penchant.decode.decoders import decoded
from penchant.decode.formulas import guidance
from penchant.infer.base import Annotator
from penchant.message import Message
from penchant.model.base import Candidates, Sampling, Writes
from penchant.model.card import versions
from penchant.model.local import LocalModel
from penchant.person import Person
from penchant.render import without_notes
from penchant.runs.annotators import open_annotator
from penchant.space import load_space
from penchant.stats import accuracy, correctness
from penchant.style import STYLE, style

QUESTIONS = [
    "What should I cook tonight?",
    "How can I sleep better?",
    "Where should I go in summer?",
    "What is a good present for a friend?",
    "How do I learn a language?",
    "Why is the sky blue?",
    "How can I save money?",
    "What shall I do this weekend?",
]
PEOPLE = {
    "log words": ("I like long, detailed answers with many examples.", "I like short answers. One sentence is enough."),
    "school grade": (
        "I am a professor, and I like scholarly language with technical terms.",
        "I am learning English. Please use easy words and short sentences.",
    ),
    "warm words per 100": (
        "I like it when people are warm, kind and encouraging, and show that they care.",
        "I like dry, matter-of-fact answers without any feelings.",
    ),
    "outdoors": (
        "I love being outdoors. I hike and camp whenever I can.",
        "I can't stand being outdoors. I stay inside whenever I can.",
    ),
}
"""Feature of style, or dimension that the annotator `english` reads -> what two people say, the first for more."""
DECODERS = (
    ("plain", None),
    ("mixture", 0.5),
    ("guidance", 1.5),
    ("guidance", 2.5),
    ("contrast", 0.5),
    ("judge", None),
)


def main() -> None:
    """Prints a line per row, then one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--tokens", type=int, default=80)
    parser.add_argument("--questions", type=int, default=len(QUESTIONS))
    parser.add_argument("--seeds", default="0,1")
    parser.add_argument("--features", default=",".join(PEOPLE), help="Which pairs of people.")
    parser.add_argument("--bound", action="store_true", help="Also the best of four by the measure itself.")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    model = LocalModel.load(options.model)
    questions = QUESTIONS[: options.questions]
    for feature in set(PEOPLE) - set(options.features.split(",")):
        del PEOPLE[feature]
    space = load_space("manner")
    people = [meet(Persona((Statement(text),)), space) for texts in PEOPLE.values() for text in texts]
    prompts = [render(person, question, content="history").messages for person in people for question in questions]
    features = [feature for feature in PEOPLE for _ in (0, 1) for _ in questions]
    rows: dict[str, dict[str, object]] = {}
    for name, writer in writers(model, prompts, features if options.bound else []).items():
        started = time.process_time()
        drawn = [Sampling(max_tokens=options.tokens, seed=seed) for seed in map(int, options.seeds.split(","))]
        written = [writer.write(prompts, settings) for settings in drawn]
        seconds = time.process_time() - started
        texts = [[answer.text for answer in answers] for answers in written]
        tokens = sum(answer.answer_tokens for answers in written for answer in answers)
        rows[name] = {**figures(texts, len(questions)), "fluency": fluency(model, prompts, texts)}
        rows[name] |= {"tokens": tokens, "cpu_ms_a_token": round(1000 * seconds / tokens, 1)}
        if not options.json:
            print(name, rows[name], flush=True)
    for row in rows.values():
        row["cost"] = round(float(str(row["cpu_ms_a_token"])) / float(str(rows["plain"]["cpu_ms_a_token"])), 2)
    print(json.dumps({"benchmark": "english_control", "model": options.model, "versions": versions(), "rows": rows}))


def writers(model: LocalModel, prompts: Sequence[Sequence[Message]], features: Sequence[str]) -> Mapping[str, Writes]:
    """Name of each row -> what writes it; without features, the bound is left out."""
    rows: dict[str, Writes] = {}
    for name, strength in DECODERS:
        rows[name if strength is None else f"{name} {strength:g}"] = decoded(model, name, strength)
    rows["guidance 2.5, against empty notes"] = Blend.of(model, (empty_notes, as_asked), guidance(2.5))
    if not features:
        return rows
    wanted = dict(zip(map(tuple, prompts), zip(features, signs(prompts), strict=True), strict=True))

    def suits(prompt: Sequence[Message], answers: Sequence[str]) -> np.ndarray:
        feature, sign = wanted[tuple(prompt)]
        return np.array([sign * measured(answer, feature) for answer in answers])

    rows["best of 4, by the measure itself"] = BestOf(model, suits, 4)
    return rows


def signs(prompts: Sequence[Sequence[Message]]) -> list[int]:
    """1 for the person of a pair who wants more of the feature, -1 for the other."""
    half = len(prompts) // (2 * len(PEOPLE))
    return [1 if place // half % 2 == 0 else -1 for place in range(len(prompts))]


def empty_notes(prompt: Sequence[Message]) -> Sequence[Message]:
    """The prompt with notes that say nothing, so that both voices know that there are notes."""
    nobody = Person(profile=load_space("manner").direction())
    return render(nobody, without_notes(prompt), content="directions").messages


def measured(text: str, feature: str) -> float:
    """A feature of the style of a text, or how far the annotator reads a pole in it."""
    if feature not in STYLE:
        reading = reader().annotate([Comment("", text)])[0, load_space().index(feature)]
        return float(reading[2] - reading[0])
    return float(style(text)[STYLE.index(feature)]) if text.strip() else 0.0


@cache
def reader() -> Annotator:
    """The annotator of ordinary English."""
    return open_annotator("english", load_space())


def figures(texts: Sequence[Sequence[str]], questions: int) -> dict[str, object]:
    """The share of pairs of answers to two opposite people that differ in the right direction.

    Args:
        texts: for each seed, the answers to all people in order, each on all questions.
    """
    margins: dict[str, list[float]] = {}
    asked: list[str] = []
    for place, feature in enumerate(PEOPLE):
        margins[feature] = []
        for answers in texts:
            more, less = (answers[(2 * place + side) * questions :][:questions] for side in (0, 1))
            margins[feature] += [measured(a, feature) - measured(b, feature) for a, b in zip(more, less, strict=True)]
            asked += [f"{feature} {number}" for number in range(questions)]
    everything = [value for values in margins.values() for value in values]
    together = accuracy(np.array(everything), asked, seed=0)
    return {
        "control": round(100 * together.value, 1),
        "ci95": [round(100 * bound, 1) for bound in together.ci95],
        **{name: round(100 * float(correctness(np.array(values)).mean()), 1) for name, values in margins.items()},
    }


def fluency(model: LocalModel, prompts: Sequence[Sequence[Message]], texts: Sequence[Sequence[str]]) -> float:
    """Mean log-probability of a token under the model that reads the question alone."""
    pairs = [(prompt, text) for answers in texts for prompt, text in zip(prompts, answers, strict=True) if text]
    scored = model.logprobs([Candidates(tuple(without_notes(prompt)), (text,)) for prompt, text in pairs])
    return round(sum(one.logprob for (one,) in scored) / sum(one.tokens for (one,) in scored), 3)


if __name__ == "__main__":
    main()
