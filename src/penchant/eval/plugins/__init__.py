"""penchant's pairs as tasks for other evaluation harnesses: inspect-ai and lm-evaluation-harness (extra `eval`).

Each harness has one file, and only that file imports the harness. penchant provides the evidence, the prompts and the
scores. The same records, seed and model give the same accuracy as `penchant eval accuracy`.
"""
