"""A simulated forum: people with known directions who post, comment, choose and describe themselves.

Everything here is simulated, and every file and table made from it says so. It exists because its limit is known
exactly: `observer` computes the best that any method could do from the same evidence.
"""
