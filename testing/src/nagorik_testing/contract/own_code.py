"""The files of a plugin's own code, and the place in them from which a request is sent."""

import inspect
import sys
from pathlib import Path
from typing import NamedTuple

from nagorik_platform.tracebacks import frames_of
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.verdict import CallEnd, Origin, origin_of
from nagorik_toolkit import agency_plugin


class OwnCode(NamedTuple):
    """The code of a plugin and of the hooks that it inherits, without its simulator's.

    Attributes:
        directory: Of the plugin's package.
        simulated: Files of the simulator's classes.
    """

    directory: Path
    simulated: frozenset[str]

    def holds(self, file: str) -> bool:
        """Return whether a file is part of it."""
        if file == agency_plugin.__file__:
            return True
        parts = Path(file).with_suffix("").parts[len(self.directory.parts) :]
        return file.startswith(f"{self.directory}/") and file not in self.simulated and "simulator" not in parts

    def running(self) -> str | None:
        """Return the innermost place on the stack, such as ``wire.py:78 in to_refund``; ``None`` without one."""
        frame = sys._getframe().f_back
        while frame is not None and not self.holds(frame.f_code.co_filename):
            frame = frame.f_back
        if frame is None:
            return None
        return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} in {frame.f_code.co_qualname}"

    def origin_of(self, end: CallEnd, sent_from: str | None) -> Origin | None:
        """Return where an error was raised, or else from where the last request was sent."""
        if (failed := origin_of(end.error)) is not None:
            return failed
        frames = [] if end.error is None else list(frames_of(end.error))
        if frames and self.holds(frames[-1].file):
            return Origin(f"{frames[-1].place} in {frames[-1].function}", decided=True)
        return None if sent_from is None else Origin(sent_from, decided=False)


def own_code_of(subject: Subject) -> OwnCode | None:
    """Return the plugin's code; ``None`` where it is not in a package of its own."""
    record = subject.registry.record(subject.manifest.id)
    if record is None or record.directory is None:
        return None
    return OwnCode(
        record.directory, frozenset(inspect.getfile(kind) for kind in subject.simulator.__mro__ if kind is not object)
    )
