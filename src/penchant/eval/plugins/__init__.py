"""penchant's pairs as tasks of other evaluation harnesses: inspect-ai and lm-evaluation-harness (extra `eval`).

Each harness has one file, and only that file imports it. Evidence, prompts and scores are penchant's own: the same
records, seed and model give the same accuracy as `penchant eval accuracy`.
"""
