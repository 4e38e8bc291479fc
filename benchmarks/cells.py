"""Shared parts of the timings: cells, model shapes, counted operations, interleaved timing.

A cell is `PERSONAxPAIRS`: the tokens of one person's persona, and the number of pairs of this person; tasks and answers
have fixed lengths. The cell `demo` is people of the simulated forum with their natural lengths.

In each repetition all contenders of a cell run one after another, on the same weights and data, on one thread. On a CPU
the CPU time of the process is compared, so that other work on the machine matters little. Ratios of medians are printed
with their spread (slowest over fastest repetition).
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from penchant.model.tree import Branch, pack

TASK, ANSWER = 64, 128
"""Tokens of a task and of each answer in cells of equal lengths."""


@dataclass(frozen=True)
class Shape:
    """Sizes of a Llama model."""

    hidden: int
    inner: int
    layers: int
    heads: int
    groups: int
    vocabulary: int


SHAPES = {
    "small": Shape(256, 704, layers=8, heads=4, groups=2, vocabulary=8192),
    "1b": Shape(2048, 8192, layers=16, heads=32, groups=8, vocabulary=128256),
    "8b": Shape(4096, 14336, layers=32, heads=32, groups=8, vocabulary=128256),
}
"""Llama shapes with random weights; 1b and 8b are those of Llama 3.2 1B and 3.1 8B, for GPUs."""
Users = list[list[Branch]]


@dataclass(frozen=True)
class Cell:
    """The people of one line of a table."""

    name: str
    users: Users

    @property
    def persona_tokens(self) -> float:
        """Mean number of tokens that the pairs of a person share."""
        return statistics.mean(pack(user).root for user in self.users)

    @property
    def pairs(self) -> float:
        """Mean number of pairs of a person."""
        return statistics.mean(len(user) for user in self.users)


def parser(description: str, cells: str) -> argparse.ArgumentParser:
    """The options of every timing.

    Args:
        cells: the default of `--cells`.
    """
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--cells", default=cells, help=f"comma-separated PERSONAxPAIRS or demo; default {cells}")
    options.add_argument("--repetitions", type=int, default=3, help="interleaved repetitions after one warm-up")
    options.add_argument("--shape", choices=SHAPES, default="small")
    options.add_argument("--vocabulary", type=int, help="instead of the shape's own")
    options.add_argument("--device", default="cpu", help="cpu (float32, one thread) or cuda (bfloat16)")
    options.add_argument("--json", action="store_true", help="only the last line, one JSON object")
    return options


def cells(names: str, vocabulary: int) -> list[Cell]:
    """The cells of a comma-separated list; their people are drawn with a fixed seed."""
    return [_demo(vocabulary) if name == "demo" else _equal(name, vocabulary) for name in names.split(",")]


def _equal(name: str, vocabulary: int) -> Cell:
    persona, pairs = map(int, name.split("x"))
    rng = random.Random(1)

    def draw(count: int) -> tuple[int, ...]:
        return tuple(rng.randrange(4, vocabulary) for _ in range(count))

    shared = draw(persona)
    answers = [((*draw(ANSWER - 1), 2), (*draw(ANSWER - 1), 2)) for _ in range(pairs)]
    return Cell(name, [[Branch(shared + draw(TASK), pair) for pair in answers]])


def _demo(vocabulary: int) -> Cell:
    from penchant.forum.population import ForumSettings
    from penchant.forum.simulate import simulate
    from penchant.method import METHODS
    from penchant.model.load import load_tokenizer
    from penchant.space import load_space
    from penchant.train.trees import TrainingRow, TrainingSet, people

    space = load_space()
    records = simulate(space, ForumSettings(train_users=16, test_users=0)).records
    chat = load_tokenizer(str(Path(__file__).parent.parent / "models" / "forum-base"))
    training_set = TrainingSet(
        people=people(records),
        space=space,
        method=METHODS["ica"],
        tokenizer=chat,
        layout="user_first",
        seed=0,
        pairs_per_person=8,
        max_prompt_tokens=None,
    )
    rows = [TrainingRow(person, 0) for person in range(16)]
    users = [training_set.branches(training_set.person(row), training_set.records(row)) for row in rows]
    return Cell("demo", [[_folded(branch, vocabulary) for branch in user] for user in users])


def _folded(branch: Branch, vocabulary: int) -> Branch:
    """The same branch with its token ids folded into a vocabulary."""
    fold = lambda ids: tuple(4 + token % (vocabulary - 4) for token in ids)  # noqa: E731
    # TRL appends its own end of turn to each answer, so the last token must be the same here
    return Branch(fold(branch.prompt), tuple((*fold(answer[:-1]), 2) for answer in branch.answers))


def model(shape: str, vocabulary: int | None, device: str) -> Any:
    """Random weights, seed 0; float32 on a CPU and bfloat16 on a GPU."""
    sizes = SHAPES[shape]
    torch.manual_seed(0)
    config = LlamaConfig(
        hidden_size=sizes.hidden,
        intermediate_size=sizes.inner,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        num_key_value_heads=sizes.groups,
        vocab_size=vocabulary or sizes.vocabulary,
        max_position_embeddings=8192,
        tie_word_embeddings=False,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        attn_implementation="sdpa",
    )
    with torch.device(device):
        llama = LlamaForCausalLM(config)
    return llama.to(torch.bfloat16 if device == "cuda" else torch.float32)


def operations(config: Any, users: Users, *, tree: bool, head_everywhere: bool, train: bool) -> float:
    """Floating-point operations of the matrix products that a pass cannot avoid.

    In training, linear layers and attention count three times (forward and two gradients). The head counts four times,
    because both contenders compute its logits again for the gradient. Attention counts only visible pairs of tokens.
    """
    hidden, layers = config.hidden_size, config.num_hidden_layers
    groups = config.num_key_value_heads * config.head_dim
    linear = 2 * layers * (2 * hidden * hidden + 2 * hidden * groups + 3 * hidden * config.intermediate_size)
    attention = 4 * hidden * layers
    head = 2 * hidden * config.vocab_size
    total = 0.0
    for user in users:
        packed = pack(user)
        answered = len(packed.target)
        if tree:
            tokens = len(packed.ids)
            visible = sum(_visible(packed.root, user))
            projected = answered
        else:
            lengths = [len(branch.prompt) + len(answer) for branch in user for answer in branch.answers]
            tokens, visible = sum(lengths), sum(length * length / 2 for length in lengths)
            projected = tokens if head_everywhere else answered
        body = linear * tokens + attention * visible
        total += (3 * body + 4 * head * projected) if train else (body + head * projected)
    return total


def _visible(root: int, user: Sequence[Branch]) -> list[float]:
    pairs = [root * root / 2]
    for branch in user:
        task = len(branch.prompt) - root
        pairs.append(task * (root + task / 2))
        pairs += [len(answer) * (len(branch.prompt) + len(answer) / 2) for answer in branch.answers]
    return pairs


def interleaved(contenders: Mapping[str, Callable[[], None]], repetitions: int, device: str) -> dict[str, list[float]]:
    """Seconds of each contender per repetition, without one warm-up run."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for repetition in range(repetitions + 1):
        for name, run in contenders.items():
            started = clock()
            run()
            if device == "cuda":
                torch.cuda.synchronize()
            if repetition:
                taken[name].append(clock() - started)
    return taken


def ratio(taken: Mapping[str, Sequence[float]], name: str, over: str) -> float:
    """Median time of one contender over that of another."""
    return round(statistics.median(taken[name]) / statistics.median(taken[over]), 2)


def spread(taken: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Slowest over fastest repetition of each contender."""
    return {name: round(max(values) / min(values), 2) for name, values in taken.items()}


def machine(device: str) -> str:
    """The name of the processor or the GPU."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
