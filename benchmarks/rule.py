"""Compares the rules by which a belief becomes the direction that a model is told. Simulated people. One thread.

    python benchmarks/rule.py noisy F N --seed 0      # F as `penchant simulate` wrote it; N gets doubtful directions
    python benchmarks/rule.py poles N/test            # what each rule states of people, and how much of it is true
    python benchmarks/rule.py by exact train --method pba --data N/train …     # any command of penchant under a rule

The noisy annotator misses a tenth of what items say. What it reads has a probability of .6, .75, .9 or .99, and the
pole is right with that probability, else it is the opposite one.
"""

from __future__ import annotations

import argparse
import random
import sys
from dataclasses import replace
from pathlib import Path

from penchant import person
from penchant.cli import main as penchant
from penchant.persona import Evidence, Persona, PersonaKind
from penchant.posterior import Rule, believe
from penchant.record import Record
from penchant.shards import parquet, read_records
from penchant.space import SPACE_FILE, Direction, PreferenceSpace, find_space_file, load_space

PROBABILITIES = (0.6, 0.75, 0.9, 0.99)
MISSED = 0.1
RULES: tuple[Rule, ...] = ("exact", "likely", "credible")
KINDS: tuple[PersonaKind, ...] = ("ugc", "pair", "behaviour", "mixed")


def main() -> None:
    """Writes noisy records, prints a table of poles, or runs penchant under a rule."""
    if sys.argv[1:2] == ["by"]:
        (rule,) = [rule for rule in RULES if rule == sys.argv[2]]
        person.RULE = rule
        sys.argv = ["penchant", *sys.argv[3:]]
        penchant()
        return
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    noisy = commands.add_parser("noisy")
    noisy.add_argument("data", type=Path)
    noisy.add_argument("out", type=Path)
    noisy.add_argument("--seed", type=int, default=0)
    poles = commands.add_parser("poles")
    poles.add_argument("data", type=Path)
    for command in (noisy, poles):
        command.add_argument("--limit", type=int, help="records of people to test")
    options = parser.parse_args()
    if options.command == "poles":
        _print_poles(*_read(options.data, options.limit))
        return
    for part, limit in (("train", None), ("test", options.limit)):
        records, space = _read(options.data / part, limit)
        kept = [replace(record, persona=_as_read(record.persona, options.seed)) for record in records]
        parquet.write(kept, options.out / part, space=space, simulated=True)
        (options.out / part / SPACE_FILE).write_text(space.as_toml(), encoding="utf-8")


def _read(folder: Path, limit: int | None) -> tuple[list[Record], PreferenceSpace]:
    space = load_space(str(find_space_file(folder)))
    return list(read_records(folder, space=space))[:limit], space


def _as_read(persona: Persona, seed: int) -> Persona:
    return persona.rewritten(lambda item: replace(item, direction=_noisy(item, seed)))


def _noisy(item: Evidence, seed: int) -> Direction | None:
    """The direction that the noisy annotator reads; equal items are read alike."""
    if item.direction is None:
        return None
    rng = random.Random(f"{seed}:{item!r}")
    signs, sure = item.direction.signs.tolist(), [1.0] * len(item.direction.signs)
    for index, sign in enumerate(signs):
        if sign:
            sure[index] = rng.choice(PROBABILITIES)
            signs[index] = 0 if rng.random() < MISSED else sign if rng.random() < sure[index] else -sign
    return Direction(item.direction.space, signs, sure)


def _print_poles(records: list[Record], space: PreferenceSpace) -> None:
    people = {record.person_id: record for record in reversed(records) if record.golden is not None}
    print(f"{len(people)} people; poles stated of each, the share that is right in %, right less wrong of each")
    for kind in KINDS:
        for rule in RULES:
            stated = right = 0
            for name, record in people.items():
                signs = believe(record.persona.select(kind, seed=name), space).direction(rule).signs
                stated += int((signs != 0).sum())
                right += int(((signs == record.golden.signs) & (signs != 0)).sum())  # type: ignore[union-attr]
            share, net = 100 * right / max(1, stated), (2 * right - stated) / len(people)
            print(f"{kind:10} {rule:9} {stated / len(people):5.2f} {share:6.1f} {net:6.2f}")


if __name__ == "__main__":
    main()
