"""What of a request leaves a machine after its process was stopped, and after it goes on.

A process sends a body to an agency that reads nothing. It is stopped, its time passes, the agency reads on, the
process goes on, and the agency reads to the end.

    python benchmarks/standstill.py
"""

import array
import fcntl
import os
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path
from typing import Final

SIZE: Final = 3_000_000
QUIET: Final = 0.7
"""Seconds in which nothing comes, after which nothing more will."""
SENDER: Final = """
import asyncio, os, sys
from nagorik_platform.agency_client.transport import ConnectionPool, OutgoingRequest, Timeouts

choice, port, over, size = sys.argv[1:]


async def run():
    pool = ConnectionPool(choice)
    left = lambda: 0.0 if os.path.exists(over) else 60.0
    timeouts = Timeouts(connect=20.0, read=20.0, total=20.0, limit=1000, remaining=left)
    headers = [(b"Host", b"127.0.0.1"), (b"Content-Length", size.encode())]
    await pool.send(OutgoingRequest("POST", f"http://127.0.0.1:{port}/", headers, bytes(int(size))), timeouts)
    await pool.aclose()


asyncio.run(run())
"""


def queued(agency: socket.socket) -> int:
    """Bytes that have arrived and were not read."""
    told = array.array("i", [0])
    fcntl.ioctl(agency.fileno(), termios.FIONREAD, told)
    return told[0]


def read(agency: socket.socket) -> int:
    """Read until nothing more comes; how many bytes came."""
    came = 0
    agency.settimeout(QUIET)
    try:
        while more := len(agency.recv(1 << 20)):
            came += more
    except (TimeoutError, ConnectionResetError):
        pass
    return came


def measure(choice: str, buffer: int, over: Path) -> tuple[int, int, int]:
    """Bytes that arrived before the process was stopped, while it stood still, and after it went on."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        with subprocess.Popen([sys.executable, "-c", SENDER, choice, str(port), str(over), str(SIZE)]) as sender:
            agency, _ = listening.accept()
            with agency:
                before, now = -1, queued(agency)
                while before != now or now == 0:
                    time.sleep(QUIET)
                    before, now = now, queued(agency)
                os.kill(sender.pid, signal.SIGSTOP)
                over.touch()
                in_time = queued(agency)
                stopped = read(agency) - in_time
                os.kill(sender.pid, signal.SIGCONT)
                return in_time, stopped, read(agency)


def main() -> None:
    """Measure each transport, with agencies that take little and more."""
    print("transport  agency's buffer  in time  while it stood still  after it went on")
    with tempfile.TemporaryDirectory() as folder:
        for number, (choice, buffer) in enumerate((c, b) for c in ("default", "fast") for b in (32_768, 262_144)):
            in_time, stopped, resumed = measure(choice, buffer, Path(folder, f"over-{number}"))
            print(f"{choice:9}  {buffer:15,}  {in_time:7,}  {stopped:20,}  {resumed:16,}", flush=True)


if __name__ == "__main__":
    main()
