"""What a host here reports: how it composes its platform, what it stopped or keeps out, and what it charges."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from nagorik.model.fee import QuoteLine, Source
from nagorik.values.sentences import Text
from nagorik_platform.cli.commands import CHARGES, COMPOSITIONS, QUARANTINES, SUSPENSIONS, answers, reported
from nagorik_platform.configuration import PlatformSettings


def host_composition() -> PlatformSettings | None:
    """The settings that a host here composes its platform with; ``None`` where no host is set up.

    Settings that cannot be used are left out: the host's own check says what is wrong with them.
    """
    return next((found for _, found, _ in answers(COMPOSITIONS) if isinstance(found, PlatformSettings)), None)


@dataclass(frozen=True, slots=True)
class Suspension:
    """A service or a whole plugin, by its id, to which nothing is sent for the time being.

    Citizens are shown the reason; ``since`` is aware.
    """

    kind: Literal["service", "plugin"]
    name: str
    reason: Text
    since: datetime


def active_suspensions() -> Sequence[Suspension]:
    """Everything that is suspended here."""
    return reported(SUSPENSIONS)


def suspension_for(offer: str, suspensions: Iterable[Suspension]) -> Suspension | None:
    """What suspends an offer: its own suspension, or its plugin's."""
    names = {("service", offer), ("plugin", offer.partition(".")[0])}
    return next((one for one in suspensions if (one.kind, one.name) in names), None)


@dataclass(frozen=True, slots=True)
class WorkerQuarantine:
    """A plugin that one process keeps out; the others may still use it.

    Attributes:
        worker: The process's name.
        plugin: The plugin's id.
        code: The quarantine's code.
        since: Since when, aware, if that is known.
        probe_at: When it is tried again by itself, aware; ``None`` where only a restart helps.
    """

    worker: str
    plugin: str
    code: str
    since: datetime | None
    probe_at: datetime | None

    def __str__(self) -> str:
        since = f" since {self.since.isoformat(timespec='minutes')}" if self.since is not None else ""
        return f"{self.worker} keeps {self.plugin} out{since} ({self.code}); {self.next_try}"

    @property
    def next_try(self) -> str:
        """When it is tried again, in words."""
        if self.probe_at is None:
            return "mend or replace the plugin, and restart the worker"
        return f"it is tried again at {self.probe_at.isoformat(timespec='minutes')}"


def worker_quarantines() -> Sequence[WorkerQuarantine]:
    """What is kept out at run time here."""
    return reported(QUARANTINES)


@dataclass(frozen=True, slots=True)
class ListedCharge:
    """One thing that a host asks for beside a fee, once for an application.

    Attributes:
        line: What it is for, how much it is, and whose money.
        services: The ids of the services that it is asked for; ``plugin.*`` is all of a plugin's.
        gateways: The gateways that it is asked for with, in the same way; any where it is empty.
        effective_from: Its first day, in Dhaka.
        effective_to: Its last day, included, if it is known.
        source: Where it is written down.
    """

    line: QuoteLine
    services: tuple[str, ...]
    gateways: tuple[str, ...]
    effective_from: date
    effective_to: date | None
    source: Source


def charges_beside(service: str, day: date) -> Sequence[ListedCharge]:
    """What is asked for beside the fee of a service on a day in Dhaka, through some gateway at least."""
    names = {service, f"{service.partition('.')[0]}.*"}
    charges: list[ListedCharge] = reported(CHARGES)
    return [
        one
        for one in charges
        if names & {*one.services} and one.effective_from <= day <= (one.effective_to or date.max)
    ]
