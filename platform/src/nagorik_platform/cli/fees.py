"""``nagorik fees``: what does a service cost, without an application?"""

import argparse
import asyncio
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from datetime import date
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, Final

from nagorik_platform.cli.commands import ExitCode

if TYPE_CHECKING:
    from nagorik.manifest import PublicService
    from nagorik_platform.cli.charges import ListedCharge
    from nagorik_platform.cli.output import Document
    from nagorik_platform.fees.published import FeeOutcome, MissingValue, PublishedFees, StagePrice
    from nagorik_platform.registry import Registry


_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")


class FeesCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "tell what a service costs by what is published, without an application, asking no agency"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        from nagorik_platform.cli.output import add_day_argument, add_json_argument

        parser.add_argument("service", metavar="SERVICE", help="a service's id, such as nid.reissue")
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="FIELD=VALUE",
            help="a field of the form, or a dimension of the schedule; may be repeated",
        )
        parser.add_argument(
            "--language", choices=("bn", "en"), help="print one language; without it both, Bangla first"
        )
        add_day_argument(parser)
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Print the price, or all prices that what is given leaves open."""
        from nagorik.data_files import DataFileInvalid
        from nagorik.errors import NagorikError, ServiceNotOffered
        from nagorik_platform.cli.admission import host_admission
        from nagorik_platform.cli.output import day_of, print_error
        from nagorik_platform.configuration import PlatformSettings
        from nagorik_platform.fees.published import GivenRejected
        from nagorik_platform.logs import configure_logging, is_configured
        from nagorik_platform.registry import Registry

        try:
            given = _given(arguments.set)
        except ValueError as problem:
            print_error(str(problem))
            return ExitCode.USAGE
        day = day_of(arguments)
        if not is_configured():
            configure_logging(level="WARNING")  # that a plugin was imported is news to nobody at a counter
        with redirect_stdout(sys.stderr):  # what a plugin prints is none of the result
            settings = PlatformSettings(admission=host_admission())
            registry = Registry.discover(admission=settings.admission)
            offer = _offer(registry, arguments.service)
            if isinstance(offer, str):
                print_error(offer)
                return ExitCode.USAGE
            try:
                document = asyncio.run(_ask(registry, settings, offer, given, day))
            except GivenRejected as rejected:
                for told in rejected.problems:
                    print_error(told.bn)
                    print_error(told.en)
                return ExitCode.USAGE
            except DataFileInvalid as invalid:
                print_error(f"the fees of {offer.id} cannot be read: {invalid}")
                return ExitCode.FAILED
            except NagorikError as error:
                print_error(error.message.bn)
                print_error(error.message.en)
                return ExitCode.USAGE if isinstance(error, ServiceNotOffered) else ExitCode.FAILED
        _print(document, arguments)
        return ExitCode.OK


def _print(document: "Document", arguments: argparse.Namespace) -> None:
    from nagorik_platform.cli.fees_page import LANGUAGES, fee_page
    from nagorik_platform.cli.output import print_json, print_lines

    if arguments.json:
        print_json(document)
        return
    for number, language in enumerate(LANGUAGES if arguments.language is None else (arguments.language,)):
        if number:
            print_lines("")
        print_lines(*fee_page(document, language))


def _given(words: Sequence[str]) -> dict[str, str]:
    """What ``--set`` says, by field.

    Raises:
        ValueError: One is not a pair, or a field is given twice.
    """
    given: dict[str, str] = {}
    for number, word in enumerate(words, 1):
        name, equals, value = word.partition("=")
        name = name.strip()
        # Whatever else stands there may be somebody's number, and is not repeated.
        if not equals or not value.strip() or not _NAME.fullmatch(name):
            raise ValueError("write --set as FIELD=VALUE, such as --set delivery=urgent")
        if name in given:
            raise ValueError(f"--set, number {number} gives a field that is given already; keep one")
        given[name] = value
    return given


def _offer(registry: "Registry", service: str) -> "PublicService | str":
    """The service, or why there is none."""
    from nagorik.manifest import PublicService
    from nagorik_platform.cli.services import unknown_service

    offer, record = registry.offer(service), registry.owner_of(service)
    if offer is not None and record is not None:
        if not isinstance(offer, PublicService):
            return f"{service} is a way to pay, and has no fee of its own"
        if record.quarantine is not None:
            kept = record.quarantine
            return f"{service} is not to be had ({kept.code.value}): {kept.reason} {kept.hint}"
        return offer
    known = [one.id for each in registry.records if each.manifest is not None for one in each.manifest.services]
    return unknown_service(service, known)


async def _ask(
    registry: "Registry", settings: Any, offer: "PublicService", given: Mapping[str, str], day: date
) -> "Document":
    from nagorik_platform.cli.charges import charges_beside
    from nagorik_platform.platform import Platform

    async with Platform(registry, settings) as platform:
        fees = await platform.published_fees(offer.id, given, on=day)
    return fees_document(offer, fees, day, charges_beside(offer.id, day))


def fees_document(
    service: "PublicService", fees: "PublishedFees", on: date, charges: "Sequence[ListedCharge]" = ()
) -> "Document":
    """What a service costs, and apart from it what the host charges beside, as JSON values with stable keys."""
    from nagorik_platform.cli.catalogue import tariff_of, text_of

    tariffs = [tariff_of(stage.price.tariff) for outcome in fees.outcomes for stage in outcome.stages]
    by_source = {(one["id"], one["source"]["title"]): {**one} for one in tariffs}
    for one in by_source.values():
        del one["rows"]
    return {
        "service": service.id,
        "name": text_of(service.name),
        "summary": text_of(service.summary),
        "on": on.isoformat(),
        "answer": fees.answer.value,
        "sentence": text_of(fees.sentence),
        "outcomes": [_outcome(outcome) for outcome in fees.outcomes],
        "left_out": fees.left_out,
        "agency_adds": fees.agency_adds,
        "missing": [_missing(one) for one in fees.missing],
        "assumed": [_missing(one) for one in fees.assumed],
        "unchecked": [_missing(one) for one in fees.unchecked],
        "charges": [_charge(one) for one in charges],
        "tariffs": list(by_source.values()),
    }


def _outcome(outcome: "FeeOutcome") -> "Document":
    from nagorik_platform.cli.catalogue import text_of

    totals = [stage.price.total for stage in outcome.stages]
    return {
        "choice": [
            {
                "dimension": one.dimension,
                "label": text_of(one.label),
                "values": list(one.values),
                "titles": [text_of(title) for title in one.titles],
                "origin": one.origin,
            }
            for one in outcome.choice
        ],
        "fields": dict(outcome.fields),
        "payments": [_payment(stage) for stage in outcome.stages],
        "total": reduce(add, totals).plain() if len({total.currency for total in totals}) == 1 else None,
    }


def _payment(stage: "StagePrice") -> "Document":
    from nagorik.values import Money
    from nagorik_platform.cli.catalogue import line_document, text_of

    price = stage.price
    vat = Money(poisha=sum(line.vat.poisha for line in price.lines), currency=price.total.currency)
    return {
        "stage": price.stage,
        "due": stage.due.value if stage.due is not None else None,
        "currency": price.total.currency,
        "lines": [line_document(line) for line in price.lines],
        "vat": vat.plain(),
        "total": price.total.plain(),
        "unpriced": [text_of(one) for one in price.unpriced],
        "tariff": price.tariff.id,
    }


def _missing(one: "MissingValue") -> "Document":
    from nagorik_platform.cli.catalogue import text_of

    return {
        "name": one.name,
        "label": text_of(one.label),
        "choices": [{"value": choice.value, "title": text_of(choice.title)} for choice in one.choices],
        "agency_knows": one.agency_knows,
    }


def _charge(one: "ListedCharge") -> "Document":
    from nagorik_platform.cli.catalogue import line_document, source_of

    return {
        **line_document(one.line),
        "total": one.line.total.plain(),
        "currency": one.line.amount.currency,
        "gateways": list(one.gateways),
        "effective_from": one.effective_from.isoformat(),
        "effective_to": one.effective_to.isoformat() if one.effective_to is not None else None,
        "source": source_of(one.source),
    }


command: Final = FeesCommand()
