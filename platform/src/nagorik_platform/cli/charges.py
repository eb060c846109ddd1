"""What a host here charges beside the fees of agencies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from nagorik.model.fee import QuoteLine, Source
from nagorik_platform.cli.commands import CHARGES, reported


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

    def is_asked(self, service: str, day: date) -> bool:
        """Whether it is asked for with a service on a day in Dhaka, through some gateway at least."""
        named = service in self.services or f"{service.partition('.')[0]}.*" in self.services
        return named and self.effective_from <= day <= (self.effective_to or date.max)


def charges_beside(service: str, day: date) -> Sequence[ListedCharge]:
    """What is asked for beside the fee of a service on a day."""
    return [one for one in reported(CHARGES) if one.is_asked(service, day)]
