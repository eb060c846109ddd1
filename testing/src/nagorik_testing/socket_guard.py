"""Keeps a test on this machine."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from nagorik.agency_client.egress import is_loopback


class OutsideReached(AssertionError):
    """A test was about to reach another machine. It names no host, since a host may be a secret of the code's."""


@contextmanager
def only_this_machine() -> Iterator[None]:
    """Let no socket connect, send or look up a name beyond the loopback, until the block ends.

    An ``AssertionError`` passes through the agency client, which takes every other exception for the agency's.
    """
    connect, connect_ex, sendto = socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto
    resolve = socket.getaddrinfo

    def guarded(call: Callable[..., Any]) -> Callable[..., Any]:
        def checked(self: socket.socket, *arguments: Any) -> Any:
            if self.family in {socket.AF_INET, socket.AF_INET6}:
                _refuse_outside(arguments[-1][0])
            return call(self, *arguments)

        return checked

    def checked_resolve(host: Any, *arguments: Any, **options: Any) -> Any:
        if host is not None:
            _refuse_outside(host.decode("ascii", "replace") if isinstance(host, bytes) else host)
        return resolve(host, *arguments, **options)

    try:
        socket.socket.connect = guarded(connect)  # type: ignore[method-assign]
        socket.socket.connect_ex = guarded(connect_ex)  # type: ignore[method-assign]
        socket.socket.sendto = guarded(sendto)  # type: ignore[method-assign]
        socket.getaddrinfo = checked_resolve
        yield
    finally:
        socket.socket.connect = connect  # type: ignore[method-assign]
        socket.socket.connect_ex = connect_ex  # type: ignore[method-assign]
        socket.socket.sendto = sendto  # type: ignore[method-assign]
        socket.getaddrinfo = resolve


def _refuse_outside(host: str) -> None:
    if not is_loopback(host):
        raise OutsideReached("a test reaches only this machine")
