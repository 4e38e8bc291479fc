"""Language models: they write answers, compute how likely existing answers are, and step token by token."""
