"""What a test was told to expect and did not get."""

import re
from typing import Final

_NUMBER: Final = re.compile(r"[0-9\u09e6-\u09ef]{4,}")
_METHOD: Final = re.compile(r"<Method \w+ '([A-Z]+)'>")
_PATH: Final = re.compile(r"<Path \w+ '([^']*)'>")
_PLAIN: Final = re.compile(r"[A-Za-z_.-]*|.{1,3}", re.ASCII)
_MASK: Final = "•••"


class Unsatisfied(AssertionError):
    """What did not happen, or should not have; it names methods and paths, numbers masked, and no value."""


def masked_path(path: str) -> str:
    """A path without the parts that may be a citizen's: all but plain words and what is as short as ``v1``."""
    return "/".join(part if _PLAIN.fullmatch(part) else _MASK for part in path.split("/"))


def masked_pattern(pattern: str) -> str:
    """A pattern as respx shows it: its method and path where it has both, without long numbers."""
    method, path = _METHOD.search(pattern), _PATH.search(pattern)
    return _NUMBER.sub(_MASK, f"{method[1]} {path[1]}" if method and path else pattern)
