"""Scorers: which of some answers does this person prefer. Learned baselines are scorers too."""
