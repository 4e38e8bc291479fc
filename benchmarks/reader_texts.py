"""Makes the file of texts without labels from which penchant's own annotator learns what its teacher reads.

    python benchmarks/reader_texts.py DATA texts.parquet

DATA is a folder with `synthpai_threads.jsonl` (SynthPAI, MIT), `persona_chat.parquet` (Synthetic-Persona-Chat, CC BY
4.0) and `pretrain_text.parquet` (which has documents of Synthetic-Persona-Chat, and of Reddit's most voted posts of
2013 under PDDL). `reader_frames.yaml` adds plain ways to like or dislike a thing. Single sentences of 4 to 45 words are
kept, of Reddit only those in the first person. Sentences of split `dev` of persona_chat are left out.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from penchant.infer.quotes import sentences

SEED = 0
SYNTHPAI, CHAT, REDDIT = (
    ("SynthPAI", "MIT"),
    ("Synthetic-Persona-Chat", "CC BY 4.0"),
    ("Reddit top 2.5 million", "PDDL"),
)
FRAMES = ("everyday phrases by penchant", "Apache-2.0")
SIZES = {SYNTHPAI: 7_000, CHAT: 9_000, REDDIT: 8_000, FRAMES: 3_500}
_FIRST_PERSON = re.compile(r"\b(i|i'm|i've|i'd|i'll|my|me|mine)\b", re.IGNORECASE)
_SPEAKER = re.compile(r"^User [12]: ")
_MARKUP = re.compile(r"https?:|[\[\]|<>]")


def main() -> None:
    """Writes the file and prints the number of sentences per source."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    rng = random.Random(SEED)
    tested = {sentence for row in _rows(options.data / "persona_chat.parquet", "dev") for sentence in _of_person(row)}
    pools: dict[tuple[str, str], set[str]] = {source: set() for source in SIZES}
    with (options.data / "synthpai_threads.jsonl").open(encoding="utf-8") as lines:
        pools[SYNTHPAI].update(_single(json.loads(line)["text"] for line in lines))
    for row in _rows(options.data / "persona_chat.parquet", "train"):
        pools[CHAT].update(_of_person(row))
    for row in _rows(options.data / "pretrain_text.parquet", "train"):
        if row["source"].startswith("synthetic_persona_chat"):
            pools[CHAT].update(_SPEAKER.sub("", sentence) for sentence in _single([row["text"]]))
        elif row["source"].startswith("reddit"):
            pools[REDDIT].update(sentence for sentence in _single([row["text"]]) if _FIRST_PERSON.search(sentence))
    pools[FRAMES].update(_framed())
    rows: list[dict[str, str]] = []
    for (source, licence), pool in pools.items():
        usable = sorted(pool - tested)
        drawn = rng.sample(usable, min(len(usable), SIZES[source, licence]))
        rows += [{"text": text, "source": source, "licence": licence} for text in drawn]
        print(f"{source}: {len(drawn):,} of {len(usable):,}")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), options.out, compression="zstd")


def _rows(path: Path, split: str) -> list[dict[str, object]]:
    return [row for row in pq.read_table(path).to_pylist() if row["split"] == split]


def _of_person(row: dict[str, object]) -> Iterator[str]:
    """The sentences that a person of persona_chat wrote or is described by."""
    yield from _single([row["demographic"] or "", *(item["comment"] for item in row["ugc"] or ())])


def _framed() -> Iterator[str]:
    """Every frame with every topic."""
    content = yaml.safe_load(Path(__file__).with_name("reader_frames.yaml").read_text(encoding="utf-8"))
    for frame in (*content["likes"], *content["dislikes"], *content["neither"]):
        for topic in content["topics"]:
            text = frame.format(topic)
            yield text[0].upper() + text[1:] if frame[-1] in ".!?" else text


def _single(texts: Iterable[str]) -> Iterator[str]:
    """The sentences of some texts that have a usual length and no markup."""
    for text in texts:
        for sentence in sentences(" ".join(text.split())):
            if 4 <= len(sentence.split()) <= 45 and not _MARKUP.search(sentence):
                yield sentence


if __name__ == "__main__":
    main()
