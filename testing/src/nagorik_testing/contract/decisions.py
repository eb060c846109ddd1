"""Where in a plugin's own code the end of a call was decided: what tells one fault from another.

Of what the code does only the place is kept, never a value.
"""

import inspect
import linecache
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final

from nagorik import NagorikError
from nagorik_platform.tracebacks import frames_of
from nagorik_testing.contract.rig import Rig, is_of_note
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.verdict import CallEnd, Origin, origin_of
from nagorik_testing.simulator.ledger import Effect, SeenRequest
from nagorik_toolkit import agency_plugin

_ENDS_OF_LOOPS: Final = (StopIteration, StopAsyncIteration, GeneratorExit)


@dataclass(slots=True)
class DecisionTrace:
    """Follows the plugin's own code through one call.

    An end is decided where the plugin handles an exception, where its error reader makes an error of an answer,
    where it raises one, or where it sends the same once more. Where it does none of these, the answer alone decided,
    and the place is that from which the last request was sent.

    Attributes:
        directory: Of the plugin's package.
        foreign: Files in it that are not the plugin's code: its simulator's.
        left_from: From where the request was sent by which the agency did something for good, if it did.
    """

    directory: Path
    foreign: frozenset[str]
    left_from: str | None = None
    _own: dict[str, bool] = field(default_factory=dict)
    _passing: set[int] = field(default_factory=set)
    """Frames in which an exception has just come out, and that it may leave or be handled in."""
    _decided: str | None = None
    _sent: tuple[str, list[FrameType]] | None = None
    """The last request, and the plugin's frames that were under way, the outermost first."""
    _repeated: str | None = None
    _sent_from: str | None = None

    @contextmanager
    def of(self, rig: Rig) -> Iterator[None]:
        """Follow what is called within."""
        before, ledger = sys.gettrace(), rig.simulator.ledger
        ledger.on_request, ledger.on_effect = self._note_request, self._note_effect
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(before)
            ledger.on_request = ledger.on_effect = None
            self._sent = None

    def origin_of(self, end: CallEnd) -> Origin | None:
        """The place; ``None`` where the plugin had no part in the call."""
        if (failed := origin_of(end.error)) is not None:
            return failed
        if self._decided is not None:
            return Origin(self._decided, decided=True)
        frames = [] if end.error is None else list(frames_of(end.error))
        if frames and self.is_own(frames[-1].file):
            return Origin(f"{frames[-1].place} in {frames[-1].function}", decided=True)
        if self._repeated is not None:
            return Origin(self._repeated, decided=True)
        return None if self._sent_from is None else Origin(self._sent_from, decided=False)

    def _note_request(self, request: SeenRequest) -> None:
        if request.is_login:
            return
        under_way = self._under_way()
        if not under_way:
            return
        self._sent_from = _place(under_way[-1])
        if self._sent is not None and self._sent[0] == request.operation:
            # What the client sends again by itself comes from one frame; what the plugin sends again, from a new one
            # below the frame that wanted it.
            common = [one for one, other in zip(self._sent[1], under_way, strict=False) if one is other]
            if common and common[-1] is not under_way[-1]:
                self._repeated = _place(common[-1])
        self._sent = request.operation, under_way

    def _note_effect(self, effect: Effect) -> None:
        under_way = self._under_way()
        if under_way and is_of_note(effect):
            self.left_from = _place(under_way[-1])

    def _under_way(self) -> list[FrameType]:
        """The plugin's frames on the stack, the outermost first."""
        found, frame = list[FrameType](), sys._getframe().f_back
        while frame is not None:
            if self.is_own(frame.f_code.co_filename):
                found.insert(0, frame)
            frame = frame.f_back
        return found

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:  # noqa: ARG002 - the interpreter's signature
        return self._follow if self.is_own(frame.f_code.co_filename) else None

    def _follow(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "exception":
            if not issubclass(argument[0], _ENDS_OF_LOOPS):
                self._passing.add(id(frame))
        elif event == "line":
            # What runs after an exception in the same frame is its handler, once none of the others has fitted.
            if id(frame) in self._passing and not _is_clause(frame):
                self._passing.remove(id(frame))
                self._decided = _place(frame)
        elif event == "return":
            self._passing.discard(id(frame))
            if isinstance(argument, NagorikError):
                self._decided = _place(frame)
        return self._follow

    def is_own(self, file: str) -> bool:
        """Whether a file is the plugin's code, or that of the hooks that it inherits, and none of its simulator's."""
        if file not in self._own:
            inside = Path(file).is_relative_to(self.directory) and file not in self.foreign
            self._own[file] = file == agency_plugin.__file__ or (
                inside and "simulator" not in Path(file).relative_to(self.directory).with_suffix("").parts
            )
        return self._own[file]


def trace_of(subject: Subject) -> DecisionTrace | None:
    """A trace of the plugin's code; ``None`` where nobody knows which that is."""
    record = subject.registry.record(subject.manifest.id)
    if record is None or record.directory is None:
        return None
    simulated = {inspect.getfile(kind) for kind in subject.simulator.__mro__ if kind is not object}
    return DecisionTrace(record.directory, frozenset(simulated))


def _is_clause(frame: FrameType) -> bool:
    return linecache.getline(frame.f_code.co_filename, frame.f_lineno).lstrip().startswith("except")


def _place(frame: FrameType) -> str:
    code = frame.f_code
    return f"{Path(code.co_filename).name}:{frame.f_lineno} in {code.co_qualname}"
