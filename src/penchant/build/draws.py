"""Draws by keyed hashes: they depend on a seed and on names, and not on the order or the number of workers."""

from __future__ import annotations

import hashlib


def draw(seed: int, *names: str) -> int:
    """A number of 64 bits, uniform over names.

    Args:
        seed: seed of the data set.
        names: what is drawn, and for whom.
    """
    content = "\0".join([str(seed), *names]).encode(errors="surrogatepass")
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big")


def bucket_of(name: str, buckets: int) -> int:
    """The bucket of a thread or a person, from 0; it does not depend on the seed."""
    return draw(0, "bucket", name) % buckets


def split_of(person: str, seed: int, test: float) -> str:
    """`train` or `test`: all records of a person are in one split.

    Args:
        test: share of the people in test.
    """
    return "test" if draw(seed, "split", person) < test * 2**64 else "train"
