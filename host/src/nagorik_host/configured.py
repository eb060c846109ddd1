"""Whether a host is set up here; told without importing one."""

import os
from pathlib import Path
from typing import Final

PREFIX: Final = "NAGORIK_HOST_"
FILE: Final = "NAGORIK_CONFIG"
"""The variable that names the file; without it, ``nagorik.toml`` in the working directory is read if it is there."""
DEFAULT_FILE: Final = "nagorik.toml"


def is_configured() -> bool:
    """Whether anybody has set anything, a file or a variable."""
    return FILE in os.environ or Path(DEFAULT_FILE).is_file() or any(name.startswith(PREFIX) for name in os.environ)
