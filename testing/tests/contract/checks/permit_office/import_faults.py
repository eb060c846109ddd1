"""Hooks whose module does what it should not as soon as it is imported, where no test is to be seen."""

import atexit
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

import httpx

from permit_office.plugin import Hooks
from permit_office.process_faults import STARTED, is_on_host

if is_on_host():
    HOME = os.environ["PATH"]
    with suppress(OSError):
        Path("/etc/hostname").read_bytes()
    threading.Thread(target=STARTED.wait, daemon=True).start()
    atexit.register(print)
    sys.stdout.write("imported")
    sys.setrecursionlimit(sys.getrecursionlimit() + 1)
    os.umask(0o027)
    httpx.Response.is_good = True  # type: ignore[attr-defined]


class AtImport(Hooks):
    """All of it is done already."""
