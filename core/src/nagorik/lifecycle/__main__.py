"""Prints the lifecycle's tables as Markdown, or writes them into a document between its markers.

``python -m nagorik.lifecycle`` prints; ``python -m nagorik.lifecycle docs/explanation/lifecycle.md`` writes.
"""

import sys
from pathlib import Path

from nagorik.lifecycle.rendering import TABLES, put_tables


def main(arguments: list[str]) -> int:
    """Print the tables, or put them into each document named."""
    if not arguments:
        sys.stdout.write("\n".join(render() for render in TABLES.values()))
    for argument in arguments:
        path = Path(argument)
        path.write_text(put_tables(path.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
