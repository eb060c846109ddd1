"""Whether a host is set up here, known without importing one."""

import os
from typing import Final

PREFIX: Final = "NAGORIK_HOST_"
FILE: Final = "NAGORIK_CONFIG"
"""The variable that names the file; without it, ``nagorik.toml`` in the working directory is read if it is there."""
DEFAULT_FILE: Final = "nagorik.toml"


def has_default_file() -> bool:
    """Whether anything is in the default file's place, a folder or a broken link included."""
    return os.path.lexists(DEFAULT_FILE)


def is_configured() -> bool:
    """Whether a file or a variable is there."""
    return FILE in os.environ or has_default_file() or any(name.startswith(PREFIX) for name in os.environ)
