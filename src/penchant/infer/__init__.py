"""What evidence says of a person: text -> directions, each with a probability."""
