"""What the suite and the process in which a plugin is watched say to each other.

Each message and each answer is pickled, with its number, behind its length.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from nagorik.model.application import DocumentReference
from nagorik_platform.registry import PluginRecord
from nagorik_testing.contract.observation.audit import PluginAct, PluginActKind

FROM_HEAD: Final = struct.Struct("!Q")
"""The length that goes before each."""


@dataclass(frozen=True, slots=True)
class BeginWatch:
    """Have the plugin of a record on a host whose clock and zone are others."""

    record: PluginRecord
    path: Sequence[str]
    machine: float
    """What the machine's clock tells, in seconds since 1970."""
    foreign: Mapping[str, str]
    """Packages of other plugins, with their folders."""


@dataclass(frozen=True, slots=True)
class OpenPlatform:
    """Have a platform whose plugin finds its agency at a port of this machine, whatever its settings say."""

    rig: str
    settings: Mapping[str, object]
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class RemoteCall:
    """Call a method of a platform.

    Attributes:
        rig: Whose platform.
        method: Its name.
        arguments: What it is given.
        named: What it is given by name.
        now: The instant at which it is called, by the platform's clock.
        documents: Contents that the host's store has got since the last call, by reference.
        needles: What no exception may carry to the host.
        partner: The rig that makes the same call at once, with which each step alternates.
    """

    rig: str
    method: str
    arguments: Sequence[Any]
    named: Mapping[str, Any]
    now: datetime
    documents: Sequence[tuple[DocumentReference, bytes]] = ()
    needles: Sequence[str] = ()
    partner: str | None = None


@dataclass(frozen=True, slots=True)
class ResumeSleep:
    """The time for which a rig's platform sleeps has passed."""

    rig: str


@dataclass(frozen=True, slots=True)
class ClosePlatform:
    """Have a platform no longer."""

    rig: str


@dataclass(frozen=True, slots=True)
class LookBack:
    """Look for what is left of the calls so far: values that nothing may hold, libraries that are others."""

    needles: Sequence[str]


@dataclass(frozen=True, slots=True)
class RemoteEnd:
    """What came of a message.

    Attributes:
        result: What was returned.
        error: What was raised instead.
        acts: What the plugin's code did meanwhile.
        documents: What was put into the host's store.
        longest_step: Real seconds of the longest step between two waits.
    """

    result: Any = None
    error: BaseException | None = None
    acts: Sequence[PluginAct] = ()
    documents: Sequence[tuple[DocumentReference, bytes]] = ()
    longest_step: float = 0.0

    def plain(self) -> tuple[Any, ...]:
        """Its members, without a type that only the kit knows."""
        acts = [(act.kind.value, act.what, act.seconds) for act in self.acts]
        return self.result, self.error, acts, self.documents, self.longest_step

    @classmethod
    def of(cls, plain: Sequence[Any]) -> "RemoteEnd":
        """From what ``plain`` gave; where the exception was none that can be told, it is one that says so."""
        result, error, acts, *others = plain
        return cls(
            result, error, [PluginAct(PluginActKind(kind), what, seconds) for kind, what, seconds in acts], *others
        )
