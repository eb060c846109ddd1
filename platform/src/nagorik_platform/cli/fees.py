"""``nagorik fees``: what does a service cost, without an application?"""

import argparse
import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

from nagorik_platform.cli.commands import CommandFailed, ExitCode

if TYPE_CHECKING:
    from nagorik.manifest import PublicService
    from nagorik_platform.cli.host_reports import ListedCharge
    from nagorik_platform.cli.output import Document
    from nagorik_platform.fees.published import PublishedFees, StagePrice
    from nagorik_platform.registry import Registry


_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")


class FeesCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "tell what a service costs by what is published, without an application, asking no agency"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        from nagorik_platform.cli.output import add_day_argument, add_json_argument

        given = "a field of the form, or a dimension of the schedule; may be repeated"
        parser.add_argument("service", metavar="SERVICE", help="a service's id, such as nid.reissue")
        parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help=given)
        add_day_argument(parser)
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Print the price, or what it depends on that is not given."""
        from nagorik.data_files import DataFileInvalid
        from nagorik.errors import NagorikError, ServiceNotOffered
        from nagorik_platform.cli.admission import plugins_here
        from nagorik_platform.cli.fees_page import fee_page
        from nagorik_platform.cli.output import day_of, print_error, print_json, print_lines
        from nagorik_platform.fees.published import GivenRejected

        given, day = _given(arguments.set), day_of(arguments)
        try:
            with plugins_here() as registry:
                document = asyncio.run(_ask(registry, _offer(registry, arguments.service), given, day))
        except GivenRejected as rejected:
            for problem in rejected.problems:
                print_error(problem.bn)
                print_error(problem.en)
            return ExitCode.USAGE
        except DataFileInvalid as invalid:
            raise CommandFailed(f"the fees of {arguments.service} cannot be read: {invalid}") from None
        except NagorikError as error:
            print_error(error.message.bn)
            print_error(error.message.en)
            return ExitCode.USAGE if isinstance(error, ServiceNotOffered) else ExitCode.FAILED
        if arguments.json:
            print_json(document)
        else:
            print_lines(*fee_page(document))
        return ExitCode.OK


def _given(words: Sequence[str]) -> dict[str, str]:
    """What ``--set`` says, by field.

    Raises:
        CommandFailed: One is not a pair, or a field is given twice. What is written is not repeated.
    """
    given: dict[str, str] = {}
    for number, word in enumerate(words, 1):
        name, equals, value = word.partition("=")
        name = name.strip()
        if not equals or not value.strip() or not _NAME.fullmatch(name):
            raise CommandFailed("write --set as FIELD=VALUE, such as --set delivery=urgent", ExitCode.USAGE)
        if name in given:
            why = f"--set, number {number} gives a field that is given already; keep one"
            raise CommandFailed(why, ExitCode.USAGE)
        given[name] = value
    return given


def _offer(registry: "Registry", service: str) -> "PublicService":
    """The service.

    Raises:
        CommandFailed: It has no fee to ask for, and why.
    """
    from nagorik.manifest import PublicService
    from nagorik_platform.cli.services import unknown_service

    offer, record = registry.offer(service), registry.owner_of(service)
    if offer is None or record is None:
        known = [one.id for each in registry.records if each.manifest is not None for one in each.manifest.services]
        raise CommandFailed(unknown_service(service, known), ExitCode.USAGE)
    if not isinstance(offer, PublicService):
        raise CommandFailed(f"{service} is a way to pay, and has no fee of its own", ExitCode.USAGE)
    if (kept := record.quarantine) is not None:
        why = f"{service} is not to be had ({kept.code.value}): {kept.reason} {kept.hint}"
        raise CommandFailed(why, ExitCode.USAGE)
    return offer


async def _ask(registry: "Registry", offer: "PublicService", given: Mapping[str, str], day: date) -> "Document":
    from nagorik_platform.cli.host_reports import charges_beside
    from nagorik_platform.configuration import PlatformSettings
    from nagorik_platform.platform import Platform

    async with Platform(registry, PlatformSettings()) as platform:
        fees = await platform.published_fees(offer.id, given, on=day)
    return fees_document(offer, fees, day, charges_beside(offer.id, day))


def fees_document(
    service: "PublicService", fees: "PublishedFees", on: date, charges: "Sequence[ListedCharge]" = ()
) -> "Document":
    """What a service costs, and apart from it what the host charges beside, as JSON values with stable keys."""
    from nagorik_platform.cli.catalogue import document_of

    return {
        "service": service.id,
        "name": document_of(service.name),
        "summary": document_of(service.summary),
        "on": on.isoformat(),
        "answer": fees.answer.value,
        "sentence": document_of(fees.sentence),
        "choice": document_of(fees.choice),
        "payments": [_payment(stage) for stage in fees.stages],
        "agency_adds": fees.agency_adds,
        "missing": document_of(fees.missing),
        "assumed": document_of(fees.assumed),
        "unchecked": document_of(fees.unchecked),
        "charges": [_charge(one) for one in charges],
    }


def _payment(stage: "StagePrice") -> "Document":
    from nagorik_platform.cli.catalogue import document_of
    from nagorik_platform.cli.explanation_page import price_document

    tariff = document_of(stage.price.tariff)
    del tariff["rows"]
    return {**price_document(stage.price), "due": document_of(stage.due), "tariff": tariff}


def _charge(one: "ListedCharge") -> "Document":
    from nagorik_platform.cli.catalogue import document_of

    listed = document_of(one)
    return {**listed.pop("line"), **listed, "total": one.line.total.plain(), "currency": one.line.amount.currency}


command: Final = FeesCommand()
