"""Language models: they generate answers, and compute how likely existing answers are."""
