"""Headers that a plugin may add to a request."""

import re
from typing import Final

from nagorik.http import Headers

RawHeaders = list[tuple[bytes, bytes]]

_NAME: Final = re.compile(r"[A-Za-z0-9\-_.]+")
_VALUE: Final = re.compile(r"[\x20-\x7e]*")
COOKIE: Final = "cookie"
_OWN: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", COOKIE, "accept-encoding", "user-agent"}
    | {"expect", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"}
)
"""What the client writes itself, or what changes how a connection is spoken on."""


def raw_headers(headers: Headers, *, reserved: str, of_a_token: bool = False) -> RawHeaders | None:
    """Headers as they are sent; ``None`` if one is the client's own, ``reserved``, twice there, or cannot be sent.

    The client keeps no cookies: those of a session are a token's, ``of_a_token``, and of nothing else.
    """
    raw: RawHeaders = []
    names: set[str] = set()
    for name, value in headers.items():
        known = name.lower()
        own = known in {*_OWN, reserved.lower()} and not (of_a_token and known == COOKIE)
        if own or known in names or _NAME.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
            return None
        names.add(known)
        raw.append((name.encode("ascii"), value.encode("ascii")))
    return raw


def with_headers(headers: RawHeaders, added: RawHeaders) -> RawHeaders:
    """Headers with others in place of any of the same name: two of one name are read by two rules."""
    names = {name.lower() for name, _ in added}
    return [*((name, value) for name, value in headers if name.lower() not in names), *added]
