"""What is wrong with a request to a step, a journal or a driver. Texts hold codes and names of states only."""


class JournalBroken(ValueError):
    """A journal that cannot be: it does not begin with ``opened``, or an event contradicts those before it."""


class NotPossible(ValueError):
    """What somebody asked for is not open to this application now; ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnexpectedAnswer(TypeError):
    """An answer that does not belong to the attempt in flight; a fault of the driver."""
