"""What the host itself asks for beside an agency's fee: dated data with a ceiling for each service.

The agency's fee is passed on as it is. What a service centre or a payment service charges stands beside it, as lines
of its own with their payee. A file whose charges of a service come to more than its ceiling is refused as it is read.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from nagorik.data_files import parse_model, read_file
from nagorik.manifest.fields import SERVICE_ID, Day, ManifestModel, Slug
from nagorik.model.fee import LineNature, QuoteLine, Source
from nagorik.values import Money
from nagorik.values.sentences import Text
from nagorik_toolkit.fees.tariff import Hundredths

OfferPattern = Annotated[
    str, StringConstraints(pattern=rf"{SERVICE_ID}|^[a-z][a-z0-9]*(-[a-z0-9]+)*\.\*$", max_length=80)
]
"""The id of a service or of a gateway, or ``plugin.*`` for all of a plugin."""
Patterns = Annotated[tuple[OfferPattern, ...], Field(min_length=1, max_length=200)]


def _covers(patterns: Sequence[str], offer: str) -> bool:
    return offer in patterns or f"{offer.partition('.')[0]}.*" in patterns


class _OfServices(ManifestModel):
    """An entry for some services, from its first to its last day."""

    services: Patterns
    """The services that it is for."""
    effective_from: Day
    """Its first day, in Dhaka."""
    effective_to: Day = date.max
    """Its last day, in Dhaka, included."""
    source: Source
    """Where it is written down, and whether it was checked there."""

    def holds_for(self, service: str, day: date) -> bool:
        """Whether it is for this service, or for all of its plugin, on a day in Dhaka."""
        return self.effective_from <= day <= self.effective_to and _covers(self.services, service)


class HostCharge(_OfServices):
    """One thing that is asked for beside the fee."""

    code: Slug
    """Stable, such as ``centre``; a service has one of a code at a time."""
    title: Text
    """What it is for."""
    gateways: Patterns = ()
    """The gateways that it is asked for with; all where the field is absent."""
    nature: Literal[LineNature.CENTRE_CHARGE, LineNature.GATEWAY_CHARGE]
    """Whose service it pays for. There is no other: an agency's fee is not the host's to raise."""
    payee: Text
    """Whose money it is."""
    amount: Annotated[Hundredths, Field(gt=0)]
    """In taka before VAT, as text: ``"50.00"``."""
    vat: Hundredths
    """The VAT on it in taka, as text; ``"0"`` where no VAT is due."""

    def line(self) -> QuoteLine:
        """The line of a payment."""
        return QuoteLine(
            code=self.code,
            text=self.title,
            amount=Money(poisha=self.amount),
            vat=Money(poisha=self.vat),
            nature=self.nature,
            payee=self.payee,
        )


class ChargeCeiling(_OfServices):
    """The most that all charges of one service may come to, VAT included."""

    most: Hundredths
    """In taka, as text."""


class HostCharges(ManifestModel):
    """All that the host charges, as a file has it."""

    charges: Annotated[tuple[HostCharge, ...], Field(max_length=200)] = ()
    ceilings: Annotated[tuple[ChargeCeiling, ...], Field(max_length=200)] = ()

    @property
    def names(self) -> frozenset[str]:
        """The services and gateways that are named, by id or as ``plugin.*``."""
        gateways = {name for one in self.charges for name in one.gateways}
        return frozenset(gateways.union(*(one.services for one in (*self.charges, *self.ceilings))))

    def asked(self, service: str, gateway: str | None, day: date) -> tuple[HostCharge, ...]:
        """What is asked for with a service, paid through a gateway, on a day in Dhaka; in the file's order."""
        holding = (one for one in self.charges if one.holds_for(service, day))
        return tuple(one for one in holding if not one.gateways or _covers(one.gateways, gateway or ""))

    def lines(self, service: str, gateway: str | None, day: date) -> tuple[QuoteLine, ...]:
        """The same as lines of a payment."""
        return tuple(one.line() for one in self.asked(service, gateway, day))

    def source_of(self, line: QuoteLine, service: str, gateway: str | None, day: date) -> Source | None:
        """Where a line is written down that was asked for on ``day``; ``None`` where the file now says otherwise."""
        return next((one.source for one in self.asked(service, gateway, day) if one.line() == line), None)

    @model_validator(mode="after")
    def _keeps_to_ceilings(self) -> Self:
        """Compare each day on which an entry begins or has ended: between them nothing changes."""
        entries = (*self.charges, *self.ceilings)
        days = {one.effective_from for one in entries}
        days |= {one.effective_to + timedelta(days=1) for one in entries if one.effective_to != date.max}
        services = {name for one in entries for name in one.services}
        gateways = {name for one in self.charges for name in one.gateways}
        for service, gateway, day in product(sorted(services), (None, *gateways), sorted(days)):
            asked = self.asked(service, gateway, day)
            together = sum(one.amount + one.vat for one in asked)
            ceilings = [one for one in self.ceilings if one.holds_for(service, day)]
            # A service's own ceilings count before those of all of its plugin.
            own = [one.most for one in ceilings if service in one.services] or [one.most for one in ceilings]
            if len({one.code for one in asked}) < len(asked):
                raise ValueError(f"two charges for {service} on {day} have the same code")
            if asked and not own:
                raise ValueError(f"there is no ceiling for {service} on {day}")
            if asked and together > min(own):
                sums = f"{Money(poisha=together)} with VAT is above the ceiling of {Money(poisha=min(own))}"
                raise ValueError(f"{sums} for {service} on {day}")
        return self


NO_CHARGES: Final = HostCharges()


def read_charges(path: Path) -> HostCharges:
    """Read the charges in a file.

    Raises:
        DataFileInvalid: Naming each field that is wrong, or the service and day of charges above their ceiling.
    """
    return parse_model(read_file(path), path.name, HostCharges)
