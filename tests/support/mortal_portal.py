"""``nagorik serve`` that ends by SIGKILL where a request asks for it, and begins again on the same database.

As a program it forks one server after another; ``MortalPortal`` runs the program and sends it requests.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from contextvars import ContextVar
from functools import partial
from importlib import import_module
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final, Literal, Self

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LIBRARIES: Final = (
    "nagorik_host.store.postgresql",
    "nagorik_host.store.sqlite",
    "nagorik_host.store.upgrade",
    "nagorik_nid.plugin",
    "nagorik_platform.agency_client.client",
    "nagorik_platform.dispatch.dispatcher",
    "nagorik_portal.api",
    "nagorik_portal.commands.portal",
    "nagorik_portal.desk",
    "structlog.dev",
    "uvicorn.protocols.http.auto",
)
"""What each server would import for itself."""
KILL: Final = "x-kill"
KillPlace = Literal["transaction", "commit", "answer"]
"""Where a request ends the server: a key is written and not committed, its own is committed, its answer is ready."""
PLACES: Final[tuple[KillPlace, ...]] = ("transaction", "commit", "answer")


class MortalPortal:
    """The server of a folder with settings, for as long as a block lasts.

    Attributes:
        killed: The requests that ended it, by their numbers.
    """

    def __init__(self, place: Path) -> None:
        self._place, self._address, self._lives = place, "", 0
        self._changed, self._is_over = asyncio.Condition(), False
        self.killed: set[int] = set()

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, __file__, cwd=self._place, stdout=PIPE, stderr=PIPE
        )
        self._reading = asyncio.gather(self._read(), self._stderr())
        # One that is kept longer than the server keeps it would look like the server's death.
        limits = httpx.Limits(keepalive_expiry=1)
        self._http = httpx.AsyncClient(trust_env=False, timeout=60, limits=limits)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, _: Any, __: TracebackType | None) -> None:
        await self._http.aclose()
        self._process.terminate()
        _, said = await self._reading
        assert await self._process.wait() == 0, said.decode()[-2_000:]

    async def post(
        self, number: int, path: str, *, key: str, kill: KillPlace | None = None, **sent: Any
    ) -> httpx.Response:
        """Send a request again until it has an answer; it asks for the server's end until it was that end."""
        headers = {"Authorization": f"Bearer {key}", **sent.pop("headers", {})}
        while True:
            lives = self._lives
            wish = {KILL: f"{kill} {number}"} if kill is not None and number not in self.killed else {}
            try:
                return await self._http.post(self._address + path, headers=headers | wish, **sent)
            except (httpx.NetworkError, httpx.RemoteProtocolError, httpx.UnsupportedProtocol):
                async with self._changed:
                    await self._changed.wait_for(partial(self._is_after, lives))
                assert not self._is_over, "no server is begun any more"

    def _is_after(self, lives: int) -> bool:
        return self._lives > lives or self._is_over

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := (await self._process.stdout.readline()).decode():
            async with self._changed:
                if line.startswith("Killed by "):
                    self.killed.add(int(line.split()[-1]))
                else:
                    self._address, self._lives = line.removeprefix("Serving at ").partition(". ")[0], self._lives + 1
                self._changed.notify_all()
        self._is_over = True
        async with self._changed:
            self._changed.notify_all()

    async def _stderr(self) -> bytes:
        assert self._process.stderr is not None
        return await self._process.stderr.read()


def end(number: str) -> None:
    """End this process as a power cut would, and say for which request."""
    os.write(1, f"Killed by {number}\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)


_doomed: Final[list[str]] = []
"""Who asked for an end in a transaction; another thread runs it, so the next that comes there ends the server."""
_committing: Final = ContextVar("committing", default="")


class MortalApp:
    """An ASGI layer around the whole portal that reads where a request wants the end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        place, _, number = dict(scope["headers"]).get(KILL.encode(), b"").decode().partition(" ")
        if place == "transaction":
            _doomed.append(number)
        elif place == "commit":
            _committing.set(number)

        async def answer(message: Message) -> None:
            if number and message["type"] == "http.response.start":
                end(number)
            await send(message)

        await self._app(scope, receive, answer)


def serve() -> None:
    """Serve until SIGTERM, or until a request asks for the end."""
    from nagorik_host.host import Host
    from nagorik_host.store.request_keys import RequestKeys
    from nagorik_platform.cli import main
    from nagorik_portal import serving

    changed: Any = RequestKeys, Host, serving
    keep, apply, create_app = RequestKeys.keep, Host.apply, changed[2].create_app

    def mortal_keep(*given: Any) -> None:
        keep(*given)
        if _doomed:
            end(_doomed[0])

    async def mortal_apply(*given: Any, **named: Any) -> str:
        application = await apply(*given, **named)
        if number := _committing.get():
            end(number)
        return application

    changed[0].keep, changed[1].apply = mortal_keep, mortal_apply
    changed[2].create_app = lambda portal: MortalApp(create_app(portal))
    raise SystemExit(main(["serve", "--bind", "127.0.0.1:0"]))


def begin_again_and_again() -> int:
    """Fork servers, each with all libraries imported, until one ends otherwise than by SIGKILL; returns its code."""
    for library in LIBRARIES:
        import_module(library)
    child = 0

    def stop(number: int, _: FrameType | None) -> None:
        os.kill(child, number)

    signal.signal(signal.SIGTERM, stop)
    while True:
        child = os.fork()
        if not child:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            serve()
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    raise SystemExit(begin_again_and_again())
