"""Training: a base model from scratch, and alignment of a model to people by DPO or KTO."""
