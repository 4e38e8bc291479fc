"""Decoders: they combine the next-token probabilities of a model under several prompts, without any training.

`formulas` and `algebra` say what is combined and how; `blend` makes a model of it. `turns` and `judge` are
Persona-judge, `directions` has a voice for each preference, `classified` asks a scorer at each token, and `best_of`
after the answer. `decoders` names them.
"""
