"""Builds a data set of personal preferences from raw posts.

    sources      files -> posts
    filters      which posts are kept, and why others are not
    scrub        personal data in a text -> marks
    names        names of people and places -> marks, by presidio
    duplicates   equal and nearly equal texts
    pairs        the replies to a post -> choices
    profiles     a table that describes people
    people       the posts and choices of a person -> records with evidence
    stages       the steps over files

A row that is read becomes part of the data, or is dropped with a reason; `counts` checks the sums.
"""
