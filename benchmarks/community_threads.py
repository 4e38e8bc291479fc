"""Rebuilds threads from reddit_community.parquet, where a community plays the user, and writes a recipe beside them.

    python benchmarks/community_threads.py reddit_community.parquet out/communities
    penchant build --config out/communities/recipe.yaml --out out/communities/data

The file has pairs and histories, no threads. Each pair of kind `membership` (a post of the community, chosen, and one
of a near community, rejected) becomes a thread: an opening post that asks for a post, and two replies, each by its
community. A post of a history becomes the only reply of a thread of its own. The builder then treats the rows as a dump
of a forum.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import yaml

FIRST = 10_000
"""Number of the first thread. An opening post is "Thread 10000, your post?": no two have three words in common, so that
none is taken for a repetition."""


def main() -> None:
    """Writes posts.jsonl and recipe.yaml."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rows = list(posts(pq.read_table(options.data).to_pylist()))
    (options.out / "posts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    columns = {name: name for name in ("id", "thread", "parent", "author", "text")}
    recipe = {
        "name": "communities",
        "sources": [{"kind": "threads", "path": "posts.jsonl", "columns": columns}],
        "filters": {"language": "en"},
        "test": 0.3,
    }
    (options.out / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    print(f"{len(rows):,} posts in {options.out / 'posts.jsonl'}")


def posts(rows: list[dict[str, object]]) -> Iterator[dict[str, object]]:
    """Opening posts and replies; a text of a history is there once for its community."""
    seen: set[tuple[str, str]] = set()
    number = FIRST
    for row in rows:
        meta = json.loads(str(row["meta"]))
        own = str(meta["community"])
        threads = [(None, [(own, item["comment"])]) for item in row["ugc"] or []]  # type: ignore[attr-defined]
        if row["attribute"] == "membership":
            other = str(meta["other_community"])
            threads.append((str(row["record_id"]), [(own, row["chosen"]), (other, row["rejected"])]))
        for question, replies in threads:
            fresh = [(author, text) for author, text in replies if (author, text) not in seen]
            if question is None and not fresh:
                continue
            seen.update(replies)
            opening = f"thread{number}"
            text = f"Thread {number}, your post?"
            number += 1
            yield {"id": opening, "thread": opening, "parent": None, "author": "host", "text": text}
            for place, (author, text) in enumerate(replies):
                yield {"id": f"{opening}.{place}", "thread": opening, "parent": opening, "author": author, "text": text}


if __name__ == "__main__":
    main()
