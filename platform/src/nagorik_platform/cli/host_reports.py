"""What a host here reports: how it composes its platform, what it stopped or keeps out, and what it charges."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from nagorik.model.fee import QuoteLine, Source
from nagorik.values.sentences import Text
from nagorik_platform.cli.commands import CHARGES, COMPOSITIONS, answers, reported
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


def suspension_for(offer: str, suspensions: Iterable[Suspension]) -> Suspension | None:
    """What suspends an offer: its own suspension, or its plugin's."""
    names = {("service", offer), ("plugin", offer.partition(".")[0])}
    return next((one for one in suspensions if (one.kind, one.name) in names), None)


@dataclass(frozen=True, slots=True)
class WorkerQuarantine:
    """A plugin, by its id, that one process keeps out; the others may still use it.

    ``since`` and ``probe_at``, when it is tried again, are aware; without ``probe_at`` only a restart helps.
    """

    worker: str
    plugin: str
    code: str
    since: datetime | None
    probe_at: datetime | None

    def __str__(self) -> str:
        since = f" since {self.since.isoformat(timespec='minutes')}" if self.since is not None else ""
        again = "mend or replace the plugin, and restart the worker"
        if self.probe_at is not None:
            again = f"it is tried again at {self.probe_at.isoformat(timespec='minutes')}"
        return f"{self.worker} keeps {self.plugin} out{since} ({self.code}); {again}"


@dataclass(frozen=True, slots=True)
class ListedCharge:
    """One thing that a host asks for beside a fee, once for an application.

    ``services`` and ``gateways`` are ids, ``plugin.*`` all of a plugin's; without ``gateways`` any. Its first and
    last day are in Dhaka, both included.
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
    charges: list[ListedCharge] = [one for one in reported(CHARGES) if names & {*one.services}]
    return [one for one in charges if one.effective_from <= day <= (one.effective_to or date.max)]
