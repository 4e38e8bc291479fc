"""Runs: what a command (later also a server route) does, as functions with keyword arguments.

Each module does one job: it reads data, fits, trains, measures or writes. A run prints nothing and knows no
command-line flag. It reports progress through a `Reporter` and returns values. The command line prints these values; a
server sends them.
"""
