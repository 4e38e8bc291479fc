"""The stages of a build. A task reads files and writes one file, then its counts; a task with counts is done.

    read       a batch of rows          -> posts, by thread
    sift       all posts                -> which are repeated
    link       the threads of a bucket  -> replies and choices, by person
    compose    the people of a bucket   -> shards of records
    mirror     all records              -> those whose mirror is there too
    take       a file of choices        -> shards of records

No task depends on another one of its stage. So the number of workers changes nothing, and a build that was stopped goes
on with the tasks that are not done.
"""
