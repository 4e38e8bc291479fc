"""Audits: what makes a score look better than it is, and what a system does to people."""
