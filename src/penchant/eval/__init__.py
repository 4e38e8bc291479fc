"""Computes a margin per record (score of chosen minus rejected), then accuracy with intervals, then the report."""
