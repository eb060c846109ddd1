"""What the host itself asks for beside an agency's fee: dated data with a ceiling for each service.

The agency's fee is passed on as it is. What a service centre or a payment service charges stands beside it, as lines
of its own with their payee. A file whose charges of a service come to more than its ceiling is refused as it is read.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StrictBool, StringConstraints, ValidationError, model_validator

from nagorik.data_files import DataFileInvalid, FileProblem, parse_document, problems_of, read_file
from nagorik.manifest.fields import SERVICE_ID, Day, ManifestModel, Slug
from nagorik.model.fee import LineNature, QuoteLine, Source
from nagorik.values import Money
from nagorik.values.sentences import Text
from nagorik_toolkit.fees.tariff import Hundredths

_PATTERN: Final = SERVICE_ID.removesuffix("$") + r"$|^[a-z][a-z0-9]*(-[a-z0-9]+)*\.\*$"
_SHAPES: Final[Mapping[str, str]] = {
    _PATTERN: "write a service's or a gateway's id, such as nid.reissue, or nid.* for all of a plugin"
}

OfferPattern = Annotated[str, StringConstraints(pattern=_PATTERN, max_length=80)]
"""The id of a service or of a gateway, or ``plugin.*`` for all of a plugin."""
Patterns = Annotated[tuple[OfferPattern, ...], Field(min_length=1, max_length=200)]


class ChargeSource(Source):
    """A citation whose ``verified`` is a plain yes or no, not a word that stands for one."""

    verified: StrictBool


def covers(patterns: Sequence[str], offer: str) -> bool:
    """Whether an offer is named, or all of its plugin; ``offer`` may itself stand for all others of a plugin."""
    return offer in patterns or f"{offer.partition('.')[0]}.*" in patterns


class _OfServices(ManifestModel):
    """An entry for some services, from its first to its last day."""

    services: Patterns
    """The services that it is for."""
    effective_from: Day
    """Its first day, in Dhaka."""
    effective_to: Day | None = None
    """Its last day, in Dhaka, included; absent while no end is known."""
    source: ChargeSource
    """Where it is written down, and whether it was checked there."""

    @model_validator(mode="after")
    def _days_fit(self) -> Self:
        if self.effective_to is not None and self.effective_to < self.effective_from:
            raise ValueError("effective_to is the last day, so it is not before effective_from")
        return self

    def holds_on(self, day: date) -> bool:
        """Whether ``day`` is one of its days, the first and the last included."""
        return self.effective_from <= day <= (self.effective_to or date.max)


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

    @model_validator(mode="after")
    def _vat_is_a_part(self) -> Self:
        if self.vat > self.amount:
            raise ValueError("vat is more than the amount that it is on")
        return self

    def is_asked(self, service: str, gateway: str | None, day: date) -> bool:
        """Whether it is asked for with this service, paid through this gateway, on this day."""
        paid_so = not self.gateways or (gateway is not None and covers(self.gateways, gateway))
        return paid_so and self.holds_on(day) and covers(self.services, service)

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

    def asked(self, service: str, gateway: str | None, day: date) -> tuple[HostCharge, ...]:
        """What is asked for with a service, paid through a gateway, on a day in Dhaka; in the file's order."""
        return tuple(one for one in self.charges if one.is_asked(service, gateway, day))

    def lines(self, service: str, gateway: str | None, day: date) -> tuple[QuoteLine, ...]:
        """The same as lines of a payment."""
        return tuple(one.line() for one in self.asked(service, gateway, day))

    def source_of(self, line: QuoteLine, service: str, gateway: str | None, day: date) -> Source | None:
        """Where a line is written down that was asked for on ``day``; ``None`` where the file now says otherwise."""
        return next((one.source for one in self.asked(service, gateway, day) if one.line() == line), None)

    def ceiling(self, service: str, day: date) -> int | None:
        """The ceiling of a service on a day, in poisha: its own before its plugin's, the lowest of several."""
        holding = [one for one in self.ceilings if one.holds_on(day) and covers(one.services, service)]
        own = [one for one in holding if service in one.services]
        return min((one.most for one in own or holding), default=None)


NO_CHARGES: Final = HostCharges()


def read_charges(path: Path) -> HostCharges:
    """Read the charges in a file.

    Raises:
        DataFileInvalid: Naming each field that is wrong, or the first charge above its ceiling or without one.
    """
    document = parse_document(read_file(path), path.name)
    try:
        charges = HostCharges.model_validate(document)
    except ValidationError as error:
        raise DataFileInvalid(path.name, problems_of("", error, HostCharges, shapes=_SHAPES)) from None
    for problem in _problems(charges):
        raise DataFileInvalid(path.name, [problem])
    return charges


def _problems(charges: HostCharges) -> Iterator[FileProblem]:
    """What is wrong between the entries; between the days on which one begins or has ended, nothing changes."""
    entries = (*charges.charges, *charges.ceilings)
    ended = {one.effective_to + timedelta(days=1) for one in entries if one.effective_to not in {None, date.max}}
    days = sorted({one.effective_from for one in entries} | ended)
    services = sorted({name for one in entries for name in one.services})
    gateways = sorted({name for one in charges.charges for name in one.gateways})
    for service, gateway, day in product(services, (None, *gateways), days):
        ceiling, together, codes = charges.ceiling(service, day), 0, set[str]()
        for place, one in enumerate(charges.charges):
            if not one.is_asked(service, gateway, day):
                continue
            together += one.amount + one.vat
            if one.code in codes:
                yield FileProblem(f"charges.{place}.code", f"another charge for {service} on {day} has this code")
            if ceiling is None:
                yield FileProblem(f"charges.{place}.services", f"there is no ceiling for {service} on {day}")
            elif together > ceiling:
                sums = f"Tk {_taka(together)} with VAT, above the ceiling of Tk {_taka(ceiling)}"
                yield FileProblem(f"charges.{place}.amount", f"comes to {sums} for {service} on {day}")
            codes.add(one.code)


def _taka(poisha: int) -> str:
    return f"{poisha // 100:,}.{poisha % 100:02}"
