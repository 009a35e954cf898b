"""What keeps a service from starting, in words for the person at the terminal."""


class CannotStart(Exception):
    """A start that has to be given up. The message is one line: what is wrong and what to do."""
