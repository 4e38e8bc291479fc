"""Language models: they generate answers, and compute the likelihood of given answers."""
