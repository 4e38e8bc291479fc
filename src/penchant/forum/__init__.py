"""A simulated forum: people with known directions who comment on posts, choose between replies and describe themselves.

Everything here is simulated, and every file and table made from it says so. The purpose is a known limit:
`ideal_observer` computes the best accuracy that any method can reach from the same evidence.
"""
