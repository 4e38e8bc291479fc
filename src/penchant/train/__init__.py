"""Training: a base from scratch, and alignment of a model to people by DPO."""
