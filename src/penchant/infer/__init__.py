"""Annotators: they infer directions (preferences with a probability) from the evidence about a person."""
