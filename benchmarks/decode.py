"""Times decoders against plain writing with the same model, in one run, in turns.

    python benchmarks/decode.py --model smollm2 --json

Each decoder writes the same prompts with the same settings, at batch 1 and at batch 8: `plain` (the prompt with the
person), `mixture` (half and half with the prompt alone), and `judge` (Persona-judge, two people who differ). A ratio is
tokens per second of processor time over those of `plain` in the same round; figures are medians over rounds.
`overhead_vs_passes`: the wall time of the mixture over the time of as many plain passes over both voices. The last line
is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from statistics import median

from penchant import Comment, Persona, Statement, meet, render
from penchant.decode.blend import Blend, Voice, as_asked
from penchant.decode.formulas import mixture
from penchant.decode.judge import PersonaJudge
from penchant.message import Message, conversation
from penchant.model.base import Sampling, Steps, Written
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
PEOPLE = [
    [
        "I love long, detailed explanations with examples.",
        "I hike in the mountains whenever I can.",
        "I never eat meat.",
    ],
    ["Keep it short, please.", "I spend my evenings playing video games.", "Nothing beats a good steak."],
]


def main() -> None:
    """Prints a line per decoder and batch, then one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    model = LocalModel.load(options.model)
    first, second = map(voice_of, PEOPLE)
    judge = PersonaJudge(model, first, second)
    mixed = Blend.of(model, (as_asked, first), mixture((0.5, 0.5)))
    both = Blend.of(model, (as_asked, first), lambda logprobs: logprobs[1])

    def stepped(
        steps: Steps, voice: Voice = as_asked
    ) -> Callable[[Sequence[Sequence[Message]], Sampling], list[Written]]:
        return lambda prompts, settings: write(steps, [voice(prompt) for prompt in prompts], settings, rows=8)

    decoders = {
        "plain": stepped(model, first),
        "mixture": stepped(mixed),
        "passes": stepped(both),
        "judge": judge.write,
    }
    figures: dict[str, float] = {}
    for batch in (1, 8):
        speeds: dict[str, list[float]] = {name: [] for name in decoders}
        for number in range(options.rounds + 1):
            for name, decoder in decoders.items():
                settings = Sampling(temperature=0.9, top_k=20, top_p=0.9, max_tokens=options.tokens, seed=number)
                prompts = [conversation(question) for question in QUESTIONS[:batch]]
                started = time.process_time()
                tokens = sum(answer.answer_tokens for answer in decoder(prompts, settings))
                if number:  # the first round warms up
                    speeds[name].append(tokens / (time.process_time() - started))
        for name, speed in speeds.items():
            ratio = median(own / plain for own, plain in zip(speed, speeds["plain"], strict=True))
            figures[f"{name}, batch {batch}"] = round(ratio, 3)
            if not options.json:
                print(f"{name:<8} batch {batch}: {median(speed):6.1f} tokens a second, {ratio:.3f} of plain")
    summary = {
        "ratio_batch1": figures["mixture, batch 1"],
        "ratio_batch8": figures["mixture, batch 8"],
        "judge_batch1": figures["judge, batch 1"],
        "judge_batch8": figures["judge, batch 8"],
        "overhead_vs_passes": round(figures["passes, batch 1"] / figures["mixture, batch 1"], 3),
        "cost_vs_plain": round(1 / figures["judge, batch 1"], 2),
        "acceptance": round(judge.tokens.acceptance, 3),
    }
    print(json.dumps({"benchmark": "decode", "model": options.model, "versions": versions(), **summary}))


def voice_of(statements: Sequence[str]) -> Voice:
    """The voice that is told of a person."""
    persona = Persona((*map(Statement, statements), Comment("How was your day?", "Quite good, thanks.")))
    person = meet(persona, load_space())
    return lambda prompt: render(person, prompt, content="history").messages


if __name__ == "__main__":
    main()
