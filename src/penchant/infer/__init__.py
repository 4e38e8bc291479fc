"""Annotators: they read directions, each with a probability, from the evidence of a person."""
