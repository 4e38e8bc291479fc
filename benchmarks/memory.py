"""Measures the memory that scoring a large file takes beside the model.

    python benchmarks/memory.py --records 100000 --json

People have eight records each; every record holds its person's evidence, so that a prompt has some 1,400 tokens and
each answer some 50. The records are written to a file, read as `penchant eval` reads them, and scored once by a tiny
random model (one layer, width 32), whose own passes take little memory.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from penchant.method import METHODS
from penchant.model.cached import CachedModel
from penchant.model.chat import ChatTokenizer
from penchant.model.load import load_tokenizer
from penchant.model.local import LocalModel
from penchant.person import Person, meet_record
from penchant.persona import Persona
from penchant.record import Record
from penchant.runs.data import read
from penchant.scorer.implicit import pair_likelihoods
from penchant.space import load_space

SENTENCE = "a good answer names the reason first and then says what to do in plain words"
WORDS = SENTENCE.split()


def main() -> None:
    """Prints the largest memory before and after scoring."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--tokenizer", default="models/forum-base", help="Folder of a model with a tokenizer.")
    parser.add_argument("--json", action="store_true", help="Print one JSON object.")
    options = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer = load_tokenizer(options.tokenizer)
    model = CachedModel(LocalModel(tiny(tokenizer), tokenizer, name="tiny"))
    space = load_space()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "records.jsonl"
        write(file, options.records)
        megabytes = round(file.stat().st_size / 2**20)
        before = peak()
        records = read(file, space)
    after_reading, started, method = peak(), time.perf_counter(), METHODS["ica"]

    def meet(record: Record, persona: Persona) -> Person:
        return meet_record(record, persona, space)

    scored = pair_likelihoods(model, method, records, [record.persona for record in records], meet)
    first = method.record_messages(records[0], meet(records[0], records[0].persona))
    line = {
        "records": len(records),
        "file_megabytes": megabytes,
        "tokens_of_first_prompt": model.count(first.messages),
        "seconds": round(time.perf_counter() - started),
        "finite": bool(torch.isfinite(torch.from_numpy(scored.raw())).all()),
        "megabytes_before_reading": before,
        "peak_megabytes_after_reading": after_reading,
        "peak_megabytes_after_scoring": peak(),
        "torch": torch.__version__,
    }
    print(json.dumps(line) if options.json else "\n".join(f"{key}: {value}" for key, value in line.items()))


def tiny(tokenizer: ChatTokenizer) -> LlamaForCausalLM:
    """A random model with the tokenizer's vocabulary."""
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = LlamaConfig(vocab_size=len(tokenizer.tokenizer), max_position_embeddings=8_192, **sizes)
    return LlamaForCausalLM(config)


def peak() -> int:
    """The largest memory of this process so far, in MiB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def write(file: Path, count: int) -> None:
    """Writes records whose people have some 1,300 tokens of comments."""
    draw = random.Random(0)
    with file.open("w", encoding="utf-8") as out:
        for number in range(count):
            if number % 8 == 0:
                comments = [
                    {"kind": "comment", "prompt": "", "text": " ".join(draw.choices(WORDS, k=60))} for _ in range(20)
                ]
            row = {
                "prompt": f"Question {number}: what should I do about it?",
                "chosen": f"{number}. {' '.join(draw.choices(WORDS, k=40))}",
                "rejected": f"{number}. {' '.join(draw.choices(WORDS, k=40))}",
                "user_id": number // 8,
                "evidence": comments,
            }
            out.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
