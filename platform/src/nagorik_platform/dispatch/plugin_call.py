"""A call of a plugin, as the context of all that its code starts: what it does, and how long others waited for it."""

import math
from contextvars import ContextVar
from typing import Final, Protocol

from nagorik.errors import PluginFault
from nagorik_platform.dispatch.faults import log_fault
from nagorik_platform.dispatch.reconcile import fault_of
from nagorik_platform.dispatch.steps import LongestStep, LoopShare
from nagorik_platform.registry import PluginRecord

BLOCKED_LOOP: Final = "blocked-loop"
STARVED_OTHERS: Final = "starved-others"
"""Many short steps, which together leave too little of the event loop to others."""
STRAY: Final = "stray"
"""Stands in an operation's place for code of which it is known whose it is, and not from which call it comes."""
STEPS_OF_A_CALL: Final = 3
"""How many of the longest steps that are allowed the short steps of one call may take together."""


class LateFault(Protocol):
    """Is told of a fault of what a call left behind."""

    def __call__(self, fault: PluginFault, seconds: float | None = None) -> None:
        """``seconds`` is how long it blocked the event loop."""
        ...


class PluginCall:
    """A call of a plugin, as the context of all that its code starts.

    Attributes:
        record: The plugin.
        operation: What is called, by its name in the manifest.
        fault: What the plugin's code did while the call went on, and could not; it cannot be undone by catching.
        longest: The longest step of its code, in whatever tasks and callbacks it ran.
        longest_step: Seconds that a step of what it left behind may take at most, without being a fault.
        held: Seconds for which its code has held up the event loop, all its steps together.
        has_starved_others: Whether its steps were short, and so many that it is told as a fault already.
    """

    __slots__ = (
        "_in_short_steps",
        "_is_over",
        "_late",
        "_left_behind",
        "_parent",
        "fault",
        "has_starved_others",
        "held",
        "longest",
        "longest_step",
        "operation",
        "record",
    )

    def __init__(
        self,
        record: PluginRecord,
        operation: str,
        late: LateFault = log_fault,
        *,
        longest_step: float = math.inf,
        left_behind: LoopShare | None = None,
    ) -> None:
        """Begin a call.

        Args:
            record: The plugin.
            operation: What is called.
            late: Is told of a fault of what the call left behind, after its end.
            longest_step: Seconds that a step of what it left behind may take at most, without being a fault.
            left_behind: Counts what the plugin's calls left behind, all together.
        """
        self.record = record
        self.operation = operation
        self.fault: PluginFault | None = None
        self.longest = LongestStep()
        self.held = 0.0
        self.has_starved_others = False
        self._in_short_steps = 0.0
        self._left_behind = left_behind or LoopShare()
        self._late = late
        self.longest_step = longest_step
        self._is_over = False
        self._parent = PLUGIN_CALL.get()

    def note(self, kind: str, error: BaseException | None = None) -> None:
        """The plugin's code did what would have ended more than its call."""
        fault = fault_of(error, self.record, kind) if error is not None else PluginFault(kind, plugin=self.record.id)
        if self._is_over:
            self._late(fault)
        elif self.fault is None:
            self.fault = fault

    def charge(self, took: float, now: float) -> None:
        """A step of its code took so many seconds up to ``now``, in which nothing else could run."""
        self.held += took
        if not self._is_over:
            self.longest.note(took)
            if took <= self.longest_step:
                self._charge_short(took)
        elif took <= self.longest_step:
            held = self._left_behind.note(took, now)
            if held is not None:
                self._late(PluginFault(STARVED_OTHERS, plugin=self.record.id), held)
        elif (seconds := self.longest.net(took)) > self.longest_step:
            self._late(PluginFault(BLOCKED_LOOP, plugin=self.record.id), seconds)

    def _charge_short(self, took: float) -> None:
        self._in_short_steps += took
        most = STEPS_OF_A_CALL * self.longest_step
        if self._in_short_steps <= most or self.has_starved_others:
            return
        held = self.longest.net_of_all(self._in_short_steps)
        if held > most:
            self.has_starved_others = True
            self._late(PluginFault(STARVED_OTHERS, plugin=self.record.id), held)

    def end(self) -> None:
        """The call is over."""
        self._is_over = True

    def stray(self, operation: str = STRAY) -> "PluginCall":
        """What code of the same plugin runs as that belongs to no call: its faults are told as this one's are."""
        call = PluginCall(
            self.record, operation, self._late, longest_step=self.longest_step, left_behind=self._left_behind
        )
        call.end()
        return call

    def covers(self, other: "PluginCall | None") -> bool:
        """Whether ``other`` is this call, or a question that it has put to another plugin."""
        while other is not None and other is not self:
            other = other._parent
        return other is not None


PLUGIN_CALL: Final[ContextVar[PluginCall | None]] = ContextVar("PLUGIN_CALL", default=None)
"""The call whose code runs; ``None`` for the host's own."""
