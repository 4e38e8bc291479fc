"""A simulated forum: people with known directions who comment on posts, choose between replies and describe themselves.

Everything here is simulated, and every file and table made from it says so. The forum exists because its limit is known
exactly: `observer` computes the best accuracy that any method can reach from the same evidence.
"""
