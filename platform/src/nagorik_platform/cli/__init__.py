"""The command ``nagorik``. Its subcommands come from installed distributions, the platform's own among them.

Importing this imports nothing else, so that ``nagorik --help`` answers at once.
"""

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; ``argv`` defaults to the process's arguments. Returns the exit code, see ``ExitCode``."""
    try:
        from nagorik_platform.cli.entry import run

        return run(argv)
    except KeyboardInterrupt:
        # While modules are imported, which takes most of a short command's time.
        return 130
