"""What an administrator types: ``nagorik portal`` and ``nagorik serve``."""

from typing import Final

HELP: Final = {
    "portal": "operators of the desk, keys of machines, and who is called when applications change",
    "serve": "serve the API and the desk to portals and browsers",
}
"""What each command does, in a line, by its name."""
