"""Headers that a plugin may add to a request."""

import re
from typing import Final

from nagorik.http import Headers

RawHeaders = list[tuple[bytes, bytes]]

_NAME: Final = re.compile(r"[A-Za-z0-9\-_.]+")
_VALUE: Final = re.compile(r"[\x20-\x7e]*")
_OWN: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "cookie", "accept-encoding", "user-agent"}
)
"""What the client writes itself."""


def raw_headers(headers: Headers, *, reserved: str) -> RawHeaders | None:
    """Headers as they are sent; ``None`` if one is the client's own, ``reserved``, or cannot be sent as it is."""
    for name, value in headers.items():
        own = name.lower() in _OWN or name.lower() == reserved.lower()
        if own or _NAME.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
            return None
    return [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
