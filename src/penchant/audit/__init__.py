"""Audits: what makes a score look better than it is."""
