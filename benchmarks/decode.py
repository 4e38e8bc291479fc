"""Times decoders against plain writing with the same model, in one run, in turns.

    python benchmarks/decode.py --model smollm2 --json

Every decoder writes the same prompts with the same settings, at batch 1 and at batch 8. A ratio is tokens per second of
processor time over those of `plain` (the prompt with the person) in the same round; figures are medians over rounds.

- `mixture`: half and half with the prompt alone (`ratio_batch1`, `ratio_batch8`). `overhead_vs_passes` is its wall time
  over that of the passes of the model that it needs, with no decoder around them.
- `judge`: Persona-judge for two people who differ, as a mixture with a hidden state (`decode.turns`). `rounds`: the
  same by drafting and judging, as published; `acceptance`, `passes_per_token` (of full rounds) and `cost_vs_plain`
  (processor time per token over that of `plain`) are of `rounds`. `cost_by_acceptance`: the same for three pairs of
  voices, two similar people, nobody and a person, and two opposite people.
- `quoting`: two prompts whose answers quote them (temperature 0.3). With `drafts`, tokens are looked up and verified
  under the mixture.
- `no_cache`: an estimate for the published code, which computes every token from the beginning, from the time of a
  whole pass and the tokens of a round.
- `total_variation`: the largest distance between next-token probabilities of the mixture in a batch with caches and the
  formula over plain passes of one row without them.

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from statistics import median

import numpy as np
import torch

from penchant import Comment, Persona, Statement, meet, render
from penchant.decode.blend import Blend, Voice, as_asked
from penchant.decode.formulas import mixture
from penchant.decode.judge import DRAFTS, PersonaJudge
from penchant.decode.turns import Turns
from penchant.message import Message, conversation
from penchant.model import lookup
from penchant.model.base import Sampling, Written
from penchant.model.card import versions
from penchant.model.local import LocalModel
from penchant.model.write import write
from penchant.space import load_space

QUESTIONS = [
    "What should I cook tonight?",
    "How can I sleep better?",
    "Where should I go in summer?",
    "What is a good present for a friend?",
    "How do I learn a language?",
    "Which book should I read next?",
    "How can I save money?",
    "What shall I do this weekend?",
]
_TEXT = (
    "The old mill stands by the river. It was built of grey stone, and its wheel has not turned for eighty years. In "
    "spring the water comes up to the second step, and children sail boats made of bark."
)
QUOTING = [f"{order}\n\n{_TEXT}" for order in ("Repeat this text word for word:", "Copy the following text exactly:")]
PEOPLE = [
    [
        "I love long, detailed explanations with examples.",
        "I hike in the mountains whenever I can.",
        "I never eat meat.",
    ],
    ["Keep it short, please.", "I spend my evenings playing video games.", "Nothing beats a good steak."],
    [
        "I love long, detailed explanations with examples.",
        "I hike in the mountains whenever I can.",
        "I never eat fish.",
    ],
]
Write = Callable[[Sequence[Sequence[Message]], Sampling], Sequence[Written]]


def main() -> None:
    """Prints a line per decoder and batch, then one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    model = LocalModel.load(options.model)
    first, second, similar = map(voice_of, PEOPLE)
    rounds = PersonaJudge(model, first, second)
    mixed = Blend.of(model, (as_asked, first), mixture((0.5, 0.5)))
    plain = told(model, first)
    decoders: dict[str, Write] = {
        "plain": plain,
        "mixture": mixed.write,
        "judge": Turns(model, first, second).write,
        "rounds": rounds.write,
    }
    quoting: dict[str, Write] = {
        "plain": plain,
        "plain, drafts": told(model, first, drafts=lookup.DRAFTS),
        "mixture": mixed.write,
        "mixture, drafts": lambda prompts, settings: write(mixed, prompts, settings, rows=8, drafts=lookup.DRAFTS),
    }
    found: dict[str, float] = {}
    for batch in (1, 8):
        found |= timed(decoders, QUESTIONS[:batch], f"batch {batch}", options)
    for question in QUOTING:
        found |= timed(quoting, [question], question.partition(" ")[0], options, temperature=0.3)
    by_acceptance = []
    for name, voices in {"similar": (first, similar), "nobody": (as_asked, first), "opposite": (first, second)}.items():
        judge = PersonaJudge(model, *voices)
        ratio = timed({"plain": plain, name: judge.write}, QUESTIONS[:1], "by acceptance", options)
        cost = round(1 / ratio[f"{name}, by acceptance"], 2)
        by_acceptance.append({"people": name, "acceptance": round(judge.tokens.acceptance, 3), "cost_vs_plain": cost})
    per_round = 1 + rounds.tokens.accepted / rounds.tokens.rounds
    summary = {
        "ratio_batch1": found["mixture, batch 1"],
        "ratio_batch8": found["mixture, batch 8"],
        "judge_batch1": found["judge, batch 1"],
        "judge_batch8": found["judge, batch 8"],
        "rounds_batch1": found["rounds, batch 1"],
        "rounds_batch8": found["rounds, batch 8"],
        "quoting": {name: ratio for name, ratio in found.items() if name.endswith(("Repeat", "Copy"))},
        "overhead_vs_passes": overhead(model, mixed, first, options),
        "cost_vs_plain": round(1 / found["rounds, batch 1"], 2),
        "acceptance": round(rounds.tokens.acceptance, 3),
        "passes_per_token": round((DRAFTS + 1) / per_round, 2),
        "no_cache": no_cache(model, first, per_round, options),
        "cost_by_acceptance": by_acceptance,
        "total_variation": total_variation(model, mixed, first),
    }
    print(json.dumps({"benchmark": "decode", "model": options.model, "versions": versions(), **summary}))


def told(model: LocalModel, voice: Voice, *, drafts: int = 0) -> Write:
    """Plain writing in one voice."""
    return lambda prompts, settings: write(
        model, [voice(prompt) for prompt in prompts], settings, rows=8, drafts=drafts
    )  # fmt: skip


def timed(
    decoders: dict[str, Write],
    questions: Sequence[str],
    label: str,
    options: argparse.Namespace,
    *,
    temperature: float = 0.9,
) -> dict[str, float]:
    """Speed of each decoder over that of `plain`, the median over rounds."""
    speeds: dict[str, list[float]] = {name: [] for name in decoders}
    for number in range(options.rounds + 1):
        for name, decoder in decoders.items():
            settings = Sampling(
                temperature=temperature, top_k=20, top_p=0.9, max_tokens=options.tokens, seed=number
            )  # fmt: skip
            prompts = [conversation(question) for question in questions]
            started = time.process_time()
            tokens = sum(answer.answer_tokens for answer in decoder(prompts, settings))
            if number:  # the first round warms up
                speeds[name].append(tokens / (time.process_time() - started))
    ratios = {}
    for name, speed in speeds.items():
        ratio = median(own / plain for own, plain in zip(speed, speeds["plain"], strict=True))
        ratios[f"{name}, {label}"] = round(ratio, 3)
        if not options.json:
            print(f"{name:<16} {label}: {median(speed):6.1f} tokens a second, {ratio:.3f} of plain", flush=True)
    return ratios


def overhead(model: LocalModel, mixed: Blend, voice: Voice, options: argparse.Namespace) -> float:
    """Wall time of a mixture over that of its passes alone, at batch 1, for the same tokens."""
    prompt, ratios = conversation(QUESTIONS[0]), []
    for number in range(options.rounds + 1):
        settings = Sampling(temperature=0.9, top_k=20, top_p=0.9, max_tokens=options.tokens, seed=number)
        started = time.perf_counter()
        (written,) = mixed.write([prompt], settings)
        own = time.perf_counter() - started
        started = time.perf_counter()
        contexts = model.open([prompt, voice(prompt)], room=options.tokens)
        for _ in range(written.answer_tokens):
            contexts.next_logprobs()
            contexts.append([[500]] * 2)
        if number:
            ratios.append(own / (time.perf_counter() - started))
    return round(median(ratios), 3)


def no_cache(model: LocalModel, voice: Voice, per_round: float, options: argparse.Namespace) -> float:
    """Speed over that of plain writing, if every draft and every verdict is a pass over the whole text."""
    prompt = voice(conversation(QUESTIONS[0]))
    started = time.process_time()
    (written,) = write(model, [prompt], Sampling(max_tokens=options.tokens, seed=1), rows=1)
    plain = (time.process_time() - started) / written.answer_tokens
    ids = torch.tensor([list(model.open([prompt]).tokens[0]) + [500] * (options.tokens // 2)])
    with torch.inference_mode():
        model.model(input_ids=ids, use_cache=False)
        started = time.process_time()
        model.model(input_ids=ids, use_cache=False)
    whole = (time.process_time() - started) * (DRAFTS + 1) / per_round
    return round(plain / whole, 4)


def total_variation(model: LocalModel, mixed: Blend, voice: Voice) -> float:
    """The largest distance between the mixture as it is written and its formula over plain passes."""
    prompts = [conversation(question) for question in QUESTIONS[:3]]
    contexts = mixed.open(prompts, room=8)
    worst = 0.0
    added: list[int] = []
    for token in (500, 600, 700):
        logprobs = contexts.next_logprobs()
        for row, prompt in zip(logprobs, prompts, strict=True):
            voices = []
            for messages in (prompt, voice(prompt)):
                ids = torch.tensor([[*model.open([messages]).tokens[0], *added]])
                with torch.inference_mode():
                    logits = model.model(input_ids=ids, use_cache=False).logits[0, -1]
                voices.append(torch.softmax(logits.double(), -1).numpy())
            worst = max(worst, float(np.abs(np.exp(row.astype(np.float64)) - np.mean(voices, axis=0)).sum() / 2))
        contexts.append([[token]] * len(prompts))
        added.append(token)
    return float(f"{worst:.2g}")


def voice_of(statements: Sequence[str]) -> Voice:
    """The voice that is told of a person."""
    persona = Persona((*map(Statement, statements), Comment("How was your day?", "Quite good, thanks.")))
    person = meet(persona, load_space())
    return lambda prompt: render(person, prompt, content="history").messages


if __name__ == "__main__":
    main()
