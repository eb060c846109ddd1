"""What it means to leave the tables."""


class IllegalTransition(ValueError):
    """A move that the lifecycle does not know. Its text holds state names only."""

    def __init__(self, machine: str, source: str, target: str) -> None:
        super().__init__(f"{machine}: {source} does not lead to {target}")
        self.machine = machine
        self.source = source
        self.target = target
