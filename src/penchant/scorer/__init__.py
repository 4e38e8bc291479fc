"""Scorers: they score several answers by how likely a person is to prefer each. Learned baselines are scorers too."""
