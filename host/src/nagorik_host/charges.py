"""What the host itself asks for beside an agency's fee: dated data with a ceiling for each service.

The agency's fee is passed on as it is. What a service centre or a payment service charges stands beside it, as lines
of its own with their payee; what would come to more than the ceiling of a service is refused when the file is read,
so that nobody is asked for it.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, StrictBool, StringConstraints, ValidationError, model_validator

from nagorik.data_files import DataFileInvalid, FileProblem, parse_document, problems_of, read_file
from nagorik.manifest.fields import SERVICE_ID, SHAPES, Day, ManifestModel, Slug
from nagorik.model.fee import LineNature, QuoteLine, Source
from nagorik.values import Money
from nagorik.values.money import group_by_lakh
from nagorik.values.sentences import NationalDataError, Text
from nagorik.values.text import clean_line, match_key
from nagorik_toolkit.fees.tariff import Hundredths

if TYPE_CHECKING:
    from nagorik_platform.registry import PluginRecord

_ANY: Final = ".*"
_PATTERN: Final = SERVICE_ID.removesuffix("$") + r"$|^[a-z][a-z0-9]*(-[a-z0-9]+)*\.\*$"
_SHAPES: Final = MappingProxyType(
    {
        **SHAPES,
        _PATTERN: "write a service's or a gateway's id, such as nid.reissue, or nid.* for all of a plugin",
        "literal_error": "write centre-charge or gateway-charge",
        "greater_than": "write more than 0",
        "bool_type": "write true or false, without quotes",
        "tuple_type": 'write a list, such as ["nid.*"]',
        "date_from_datetime_parsing": "write a date without quotes, such as 2026-11-24",
        "too_long": "write at most {max_length}",
    }
)
_MOST: Final = 200
"""Entries of each kind."""

OfferPattern = Annotated[str, StringConstraints(pattern=_PATTERN, max_length=80)]
"""The id of a service or of a gateway, or ``plugin.*`` for all of a plugin."""
Patterns = Annotated[tuple[OfferPattern, ...], Field(min_length=1, max_length=_MOST)]


def _refuse_unseen(text: str) -> str:
    """Refuse what a reader would not see, or that turns the text beside it."""
    try:
        clean_line(text)
    except NationalDataError as error:
        raise ValueError(error.text.en) from None
    return text


def _seen(text: Text) -> Text:
    for part in (text.bn, text.en):
        _refuse_unseen(part)
    return text


SeenText = Annotated[Text, AfterValidator(_seen)]
"""A text that reads as it is written: nothing in it is invisible."""


class ChargeSource(Source):
    """A citation whose ``verified`` is a plain yes or no, not a word that stands for one."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_refuse_unseen)]
    verified: StrictBool


def covers(patterns: Sequence[str], offer: str) -> bool:
    """Whether an offer is named, or all of its plugin; ``offer`` may itself stand for all others of a plugin."""
    return offer in patterns or f"{offer.partition('.')[0]}{_ANY}" in patterns


class _OfServices(ManifestModel):
    """An entry for some services, from its first to its last day."""

    services: Patterns
    """The services that it is for. Of two ceilings that of a service's own id counts."""
    effective_from: Day
    """Its first day, in Dhaka."""
    effective_to: Day | None = None
    """Its last day, in Dhaka, included; absent while no end is known."""
    source: ChargeSource
    """Where it is written down, and whether anybody checked it there."""

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
    title: SeenText
    """What it is for."""
    gateways: Annotated[tuple[OfferPattern, ...], Field(min_length=1, max_length=_MOST)] = ()
    """The gateways that it is asked for with; with any where the field is absent, and never with none."""
    nature: Literal[LineNature.CENTRE_CHARGE, LineNature.GATEWAY_CHARGE]
    """Whose service it pays for. There is no other: an agency's fee is not the host's to raise."""
    payee: SeenText
    """Whose money it is."""
    amount: Annotated[Hundredths, Field(gt=0)]
    """In taka before VAT, as text: ``"50.00"``."""
    vat: Hundredths
    """The VAT on it in taka, as text; ``"0"`` where none is due."""

    @model_validator(mode="after")
    def _vat_is_a_part(self) -> Self:
        if self.vat > self.amount:
            raise ValueError("vat is more than the amount that it is on")
        return self

    @property
    def poisha(self) -> int:
        """What the payer gives for it, in poisha."""
        return self.amount + self.vat

    def is_asked(self, service: str, gateway: str | None, day: date) -> bool:
        """Whether it is asked for with this service, paid through this gateway, on this day."""
        paid_so = not self.gateways or (gateway is not None and covers(self.gateways, gateway))
        return self.holds_on(day) and covers(self.services, service) and paid_so

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


class _ChargesFile(ManifestModel):
    charges: Annotated[tuple[HostCharge, ...], Field(max_length=_MOST)] = ()
    ceilings: Annotated[tuple[ChargeCeiling, ...], Field(max_length=_MOST)] = ()


@dataclass(frozen=True, slots=True)
class HostCharges:
    """All that the host charges, within its ceilings."""

    entries: tuple[HostCharge, ...] = ()
    ceilings: tuple[ChargeCeiling, ...] = field(default=(), repr=False)

    def asked(self, service: str, gateway: str | None, day: date) -> tuple[HostCharge, ...]:
        """What is asked for with a service, paid through a gateway, on a day in Dhaka; in the file's order."""
        return tuple(one for one in self.entries if one.is_asked(service, gateway, day))

    def lines(self, service: str, gateway: str | None, day: date) -> tuple[QuoteLine, ...]:
        """The same as lines of a payment."""
        return tuple(one.line() for one in self.asked(service, gateway, day))

    def source_of(self, line: QuoteLine, service: str, gateway: str | None, day: date) -> Source | None:
        """Where a line is written down that was asked for on ``day``; ``None`` where the file now says otherwise."""
        return next((one.source for one in self.asked(service, gateway, day) if one.line() == line), None)

    def ceiling(self, service: str, day: date) -> ChargeCeiling | None:
        """The ceiling of a service on a day: its own before that of all of its plugin."""
        holding = [one for one in self.ceilings if one.holds_on(day) and covers(one.services, service)]
        return next((one for one in holding if service in one.services), holding[0] if holding else None)


NO_CHARGES: Final = HostCharges()


def read_charges(path: Path) -> HostCharges:
    """The charges in a file.

    Raises:
        DataFileInvalid: Naming each entry and field that is wrong, a charge above its ceiling among them.
    """
    return parse_charges(read_file(path), path.name)


def parse_charges(content: bytes, file: str) -> HostCharges:
    """The charges in the content of a file; errors as ``read_charges``."""
    document = parse_document(content, file)
    try:
        found = _ChargesFile.model_validate(document)
    except ValidationError as error:
        raise DataFileInvalid(file, problems_of("", error, _ChargesFile, shapes=_SHAPES)) from None
    charges = HostCharges(found.charges, found.ceilings)
    if problems := list(_problems(charges)):
        raise DataFileInvalid(file, problems)
    return charges


def problems_here(charges: HostCharges, plugins: Iterable["PluginRecord"], today: date) -> Iterator[FileProblem]:
    """What is wrong with charges where they are to be asked for, beside what the file tells by itself.

    Args:
        charges: The charges of a file.
        plugins: What is installed. The money of an agency whose services are among it is a fee, and no charge.
        today: The day in Dhaka.
    """
    agencies = [one.manifest.name for one in plugins if one.manifest is not None and one.manifest.services]
    taken = {_name_key(part) for name in agencies for part in (name.bn, name.en)}
    for number, charge in enumerate(charges.entries):
        if not taken.isdisjoint((_name_key(charge.payee.bn), _name_key(charge.payee.en))):
            yield FileProblem(
                f"charges.{number}.payee",
                "an agency is called so: write who charges it, the centre or payment service",
            )
    for kind, entries in (("charges", charges.entries), ("ceilings", charges.ceilings)):
        for number, entry in enumerate(entries):
            if entry.source.as_of is not None and entry.source.as_of > today:
                yield FileProblem(
                    f"{kind}.{number}.source.as_of",
                    "lies in the future: write the day of the document, or on which it was read",
                )


def _name_key(name: str) -> str:
    """The letters, marks and digits of a name alone, folded."""
    return "".join(letter for letter in match_key(name) if unicodedata.category(letter)[0] in "LMN")


def _problems(charges: HostCharges) -> Iterator[FileProblem]:
    """What is wrong between the entries, each once at the first day on which it is so."""
    found: dict[str, FileProblem] = {}
    for one, other in combinations(range(len(charges.ceilings)), 2):
        for problem in _said_twice(charges.ceilings, one, other):
            found.setdefault(problem.location, problem)
    days = sorted(set(_turning_days((*charges.entries, *charges.ceilings))))
    for service in _mentioned(one.services for one in (*charges.entries, *charges.ceilings)):
        for gateway in (None, *_mentioned(one.gateways for one in charges.entries)):
            for day in days:
                for problem in _problems_of(charges, service, gateway, day):
                    found.setdefault(problem.location, problem)
    yield from found.values()


def _problems_of(charges: HostCharges, service: str, gateway: str | None, day: date) -> Iterator[FileProblem]:
    places = [number for number, one in enumerate(charges.entries) if one.is_asked(service, gateway, day)]
    if not places:
        return
    codes: dict[str, int] = {}
    for place in places:
        earlier = codes.setdefault(charges.entries[place].code, place)
        if earlier != place:
            yield FileProblem(
                f"charges.{place}.code", f"charges.{earlier} has this code too, for {service} on {day.isoformat()}"
            )
    ceiling = charges.ceiling(service, day)
    if ceiling is None:
        yield FileProblem(
            f"charges.{places[0]}.services",
            f"there is no ceiling for {service} on {day.isoformat()}: write one under [[ceilings]]",
        )
        return
    together = 0
    for place in places:
        together += charges.entries[place].poisha
        if together > ceiling.most:
            what = "it comes" if place == places[0] else "with those before it, it comes"
            yield FileProblem(
                f"charges.{place}.amount",
                f"{what} to Tk {_taka(together)} with VAT, above the ceiling of Tk {_taka(ceiling.most)} for"
                f" {service} on {day.isoformat()}",
            )
            return


def _said_twice(ceilings: Sequence[ChargeCeiling], one: int, other: int) -> Iterator[FileProblem]:
    shared = sorted(set(ceilings[one].services) & set(ceilings[other].services))
    day = max(ceilings[one].effective_from, ceilings[other].effective_from)
    if shared and ceilings[one].holds_on(day) and ceilings[other].holds_on(day):
        yield FileProblem(
            f"ceilings.{other}.services",
            f"ceilings.{one} is for {shared[0]} too, on {day.isoformat()}: a service has one ceiling at a time",
        )


def _turning_days(entries: Iterable[_OfServices]) -> Iterator[date]:
    """The days on which something begins to hold, or does not any more: between two of them nothing changes."""
    for one in entries:
        yield one.effective_from
        if one.effective_to is not None and one.effective_to < date.max:
            yield one.effective_to + timedelta(days=1)


def _mentioned(patterns: Iterable[Sequence[str]]) -> list[str]:
    """Every id and every ``plugin.*`` that is named; the latter stands for all others of the plugin."""
    return sorted({one for named in patterns for one in named})


def _taka(poisha: int) -> str:
    # Several together may be more than a sum of money can be.
    taka, rest = divmod(poisha, 100)
    return group_by_lakh(str(taka)) + (f".{rest:02d}" if rest else "")
