"""rich's console, as a command uses it."""

from rich.console import Console


class CommandConsole(Console):
    """A console whose reader may leave early, as ``head`` does; how a command then ends is not its to say."""

    def on_broken_pipe(self) -> None:
        """Let the error through; rich would end the process with a code that says that something was found."""
        raise  # noqa: PLE0704 - rich calls this while it handles the BrokenPipeError
