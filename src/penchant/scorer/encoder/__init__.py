"""The encoder scorer: a frozen sentence encoder, features of an answer for a person, and a logistic regression."""

from penchant.scorer.encoder.scorer import CARD, NAMES, PARTS, EncoderScorer, Parts, annotator_of, pair_features

__all__ = ["CARD", "NAMES", "PARTS", "EncoderScorer", "Parts", "annotator_of", "pair_features"]
