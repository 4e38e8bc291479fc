"""penchant's pairs as tasks of other evaluation harnesses: inspect-ai and lm-evaluation-harness (extra `eval`).

One file per harness, the only ones that import it. What is shown of a person, the wording and the scoring are
penchant's own: the same records, seed and model give the same accuracy as `penchant eval`.
"""
