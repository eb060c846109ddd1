"""A durable engine of others, for comparison: installed into an environment of its own, which is deleted."""

import json
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypedDict

from crew import IN_FLIGHT

PEERS = Path(__file__).parent / "peers"


class PeerResult(TypedDict):
    """What the peer did: applications a second, and CPU in milliseconds for each."""

    speed: float
    workers_ms: float
    server_ms: float


def peer_environment(stack: ExitStack, peer: str) -> Path:
    """Install a peer until ``stack`` is closed; the Python that has it."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"bench-{peer}-")))
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    requirements = PEERS / f"{peer}-requirements.txt"
    command = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", str(requirements)]
    subprocess.run([str(python), *command], check=True)
    return python


def run_peer(
    python: Path,
    peer: str,
    url: str,
    agencies: Sequence[str],
    *,
    count: int,
    workers: int,
    server_seconds: Callable[[], float],
) -> PeerResult:
    """Let so many processes of the peer carry ``count`` applications, and measure as the host is measured."""
    share = count // workers
    # Without -P the script's own folder would hide the package of the same name.
    arguments = [str(python), "-P", str(PEERS / f"{peer}.py"), "--url", url, "--applications", str(share)]
    arguments += ["--in-flight", str(IN_FLIGHT // workers)]
    for agency in agencies:
        arguments += ["--agency", agency]
    crew = [
        subprocess.Popen(
            [*arguments, "--name", f"worker-{number}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for number in range(workers)
    ]
    try:
        for process in crew:
            _expect(process, "ready")
        began, server = time.perf_counter(), server_seconds()
        _tell(crew, "begin")
        for process in crew:
            _expect(process, "done")
        took, server = time.perf_counter() - began, server_seconds() - server
        _tell(crew, "end")
        used = sum(float(json.loads(_line(process))) for process in crew)
    finally:
        for process in crew:
            process.terminate()
            process.wait()
    done = share * workers
    return PeerResult(speed=done / took, workers_ms=used / done * 1e3, server_ms=server / done * 1e3)


def _tell(crew: Sequence["subprocess.Popen[str]"], word: str) -> None:
    for process in crew:
        assert process.stdin is not None
        process.stdin.write(f"{word}\n")
        process.stdin.flush()


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _expect(process: "subprocess.Popen[str]", word: str) -> None:
    if (said := _line(process)) != word:
        sys.exit(f"the peer said {said!r} instead of {word!r}")
