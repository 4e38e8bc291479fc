"""Writes the conversations of the package chitchat-dataset as a log of messages, with a recipe beside it.

    pip install --no-deps chitchat-dataset==0.9.0
    python benchmarks/chat_log.py out/chats --conversations 1000
    penchant build --config out/chats/recipe.yaml --out out/chats/data

258,145 messages of 1,315 people who talked in pairs (BYU PCC lab, MIT). The log has what logs have: conversation,
sender, text, time.
"""

from __future__ import annotations

import argparse
import json
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import yaml


def main() -> None:
    """Writes messages.jsonl and recipe.yaml."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--conversations", type=int, help="The first so many; default: all.")
    options = parser.parse_args()
    package = find_spec("chitchat_dataset")
    if package is None or package.origin is None:
        raise SystemExit("chitchat-dataset is missing: pip install --no-deps chitchat-dataset==0.9.0")
    conversations = json.loads((Path(package.origin).parent / "dataset.json").read_text(encoding="utf-8"))
    options.out.mkdir(parents=True, exist_ok=True)
    count = 0
    with (options.out / "messages.jsonl").open("w", encoding="utf-8") as file:
        for name, conversation in islice(conversations.items(), options.conversations):
            for message in (message for turn in conversation["messages"] for message in turn):
                row = {"conversation": name, "sender": message["sender"], "text": message["text"]}
                file.write(json.dumps({**row, "time": message["timestamp"]}) + "\n")
                count += 1
    columns = {"thread": "conversation", "author": "sender", "text": "text", "at": "time"}
    recipe = {
        "name": "chitchat",
        "sources": [{"kind": "chats", "path": "messages.jsonl", "columns": columns}],
        "pairs": {"rule": "drawn"},
        "filters": {"language": "en", "posts_per_author": 30_000},
        "test": 0.3,
    }
    (options.out / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    print(f"{count:,} messages in {options.out / 'messages.jsonl'}")


if __name__ == "__main__":
    main()
