"""Scorers: which of several answers does this person prefer? Learned baselines are scorers too."""
