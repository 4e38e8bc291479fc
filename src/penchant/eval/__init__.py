"""Evaluation: margins of scorers and controls over records become rows with intervals, then a report."""
