"""Times writing: a batch of answers against the same answers one by one, and against transformers' own batch.

    python benchmarks/write.py --json
    python benchmarks/write.py --threads 2 --json   # on a machine that does nothing else

Contenders, greedy, on the same weights and prompts; no answer ends before its last token:
- `ours`: `LocalModel.write`, all prompts in one call.
- `singles`: `LocalModel.write`, one prompt at a time.
- `transformers`: `model.generate` on one batch, padded on the left.
- `transformers singles`: `model.generate`, one prompt at a time.

The model has the shape of SmolLM2-135M and random weights. The contenders run one after another in each repetition.
With one thread on a CPU, the CPU time of the process is compared; else wall-clock time, as threads that wait for one
another use CPU time too.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from cells import machine, ratio, spread
from penchant.message import Message
from penchant.model.base import Sampling
from penchant.model.chat import ChatTokenizer
from penchant.model.local import LocalModel

VOCABULARY = 49_152
TEMPLATE = "{% for m in messages %}{{ m.content }}{% if m.role == 'assistant' %} w2{% endif %}{% endfor %}"
Contender = Callable[[], list[list[int]]]


def main() -> None:
    """Prints one JSON object."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--prompts", type=int, default=8)
    options.add_argument("--shortest", type=int, default=100, help="tokens of a prompt")
    options.add_argument("--longest", type=int, default=300, help="tokens of a prompt")
    options.add_argument("--tokens", type=int, default=64, help="tokens of each answer")
    options.add_argument("--repetitions", type=int, default=3, help="interleaved repetitions after one warm-up")
    options.add_argument("--device", default="cpu", help="cpu (float32) or cuda (bfloat16)")
    options.add_argument("--json", action="store_true", help="only the last line, one JSON object")
    options.add_argument("--threads", type=int, default=1)
    settings = options.parse_args()
    torch.set_num_threads(settings.threads)
    print(json.dumps(timed(settings)))


def timed(options: argparse.Namespace) -> dict[str, Any]:
    """Ratios of median times, and the share of answers that agree token by token."""
    local = smollm_shaped(options.device)
    rng = random.Random(1)
    lengths = [rng.randint(options.shortest, options.longest) for _ in range(options.prompts)]
    prompts = [words(rng, length) for length in lengths]
    contenders = _contenders(local, prompts, options.tokens)
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    answers: dict[str, list[list[int]]] = {}
    clock = time.process_time if options.device == "cpu" and options.threads == 1 else time.perf_counter
    for repetition in range(options.repetitions + 1):
        for name, run in contenders.items():
            started = clock()
            answers[name] = run()
            seconds = clock() - started
            if repetition:
                taken[name].append(seconds)
            if not options.json:
                print(f"{name} {seconds:.2f} s", flush=True)
    return {
        "benchmark": "write",
        "machine": machine(options.device),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "prompt_tokens": lengths,
        "answer_tokens": options.tokens,
        "seconds": {name: round(statistics.median(values), 2) for name, values in taken.items()},
        "singles_over_ours": ratio(taken, "singles", "ours"),
        "transformers_over_ours": ratio(taken, "transformers", "ours"),
        "transformers_singles_over_singles": ratio(taken, "transformers singles", "singles"),
        "equal_answers": {name: _equal(found, answers["ours"]) for name, found in answers.items()},
        "spread": spread(taken),
    }


def _equal(answers: list[list[int]], others: list[list[int]]) -> int:
    return sum(one == other for one, other in zip(answers, others, strict=True))


def _contenders(local: LocalModel, prompts: list[tuple[Message, ...]], tokens: int) -> dict[str, Contender]:
    settings = Sampling(temperature=0, max_tokens=tokens)

    def ours(prompts: list[tuple[Message, ...]]) -> list[list[int]]:
        return [local.chat.tokenizer.convert_tokens_to_ids(one.text.split()) for one in local.write(prompts, settings)]

    def theirs(prompts: list[tuple[Message, ...]]) -> list[list[int]]:
        rows = [local.chat.prompt_ids(prompt) for prompt in prompts]
        longest = max(map(len, rows))
        empty = [[0] * (longest - len(row)) for row in rows]
        ids = torch.tensor([[*pad, *row] for pad, row in zip(empty, rows, strict=True)], device=local.model.device)
        seen = torch.tensor([[*pad, *[1] * len(row)] for pad, row in zip(empty, rows, strict=True)], device=ids.device)
        with torch.inference_mode():
            output = local.model.generate(
                input_ids=ids, attention_mask=seen, max_new_tokens=tokens, do_sample=False, pad_token_id=0
            )
        return output[:, longest:].tolist()  # type: ignore[no-any-return]

    return {
        "ours": lambda: ours(prompts),
        "singles": lambda: [ours([prompt])[0] for prompt in prompts],
        "transformers": lambda: theirs(prompts),
        "transformers singles": lambda: [theirs([prompt])[0] for prompt in prompts],
    }


def words(rng: random.Random, count: int) -> tuple[Message, ...]:
    """A prompt of so many tokens."""
    return (Message("user", " ".join(f"w{rng.randrange(3, VOCABULARY)}" for _ in range(count))),)


def smollm_shaped(device: str) -> LocalModel:
    """Random weights in the shape of SmolLM2-135M, seed 0; every token is a word, and none ends an answer."""
    tokenizer = Tokenizer(models.WordLevel({f"w{i}": i for i in range(VOCABULARY)}, unk_token="w0"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="w0", unk_token="w0")
    fast.chat_template = TEMPLATE
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=30,
        num_attention_heads=9,
        num_key_value_heads=3,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=None,
        attn_implementation="sdpa",
    )
    model = LlamaForCausalLM(config).to(device, torch.bfloat16 if device == "cuda" else torch.float32)
    return LocalModel(model, ChatTokenizer(fast), name="smollm2-shaped")


if __name__ == "__main__":
    main()
