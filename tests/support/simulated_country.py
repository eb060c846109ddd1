"""``nagorik demo --serve`` in a process of its own, for as long as a block lasts."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

NAGORIK: Final = Path(sys.executable).with_name("nagorik")
LONGEST: Final = 30
"""Seconds in which it ends once it is asked to."""


@contextmanager
def running_country(*words: str) -> Iterator[dict[str, Any]]:
    """Start the country; yields what its first line says, and checks at the end that Ctrl-C ends all of it."""
    command = [str(NAGORIK), "demo", "--serve", "--json", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            yield json.loads(line)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                out, err = process.communicate(timeout=LONGEST)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        assert process.returncode == 0, err[-2_000:]
        assert not out + err, err[-2_000:]
