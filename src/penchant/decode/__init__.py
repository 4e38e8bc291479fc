"""Decoders: they combine the next-token probabilities of one model under several prompts, without any training.

`formulas` says what is combined and how; `blend` makes of it a model that steps, so that writing, streaming and
everything else work as with any model.
"""
