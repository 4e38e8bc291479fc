"""Runs: what a command or a route does, in plain keyword arguments. They print nothing and know no flag.

Each module is one job: it reads data, fits, trains, measures or writes, reports through a `Reporter`, and returns
values. The command line prints them; a server sends them.
"""
