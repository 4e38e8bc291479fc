"""Language models: write an answer, or say how likely given answers are."""
