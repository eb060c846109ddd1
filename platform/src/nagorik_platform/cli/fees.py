"""``nagorik fees``: what does a service cost, without an application?"""

import argparse
import asyncio
import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from nagorik.data_files import DataFileInvalid
from nagorik.errors import NagorikError, ServiceNotOffered
from nagorik.manifest import PublicService
from nagorik_platform.cli.admission import plugins_here
from nagorik_platform.cli.commands import BUILT_IN, BuiltInCommand, CommandFailed, ExitCode
from nagorik_platform.cli.fees_page import fee_page, fees_document
from nagorik_platform.cli.host_reports import charges_beside
from nagorik_platform.cli.output import (
    Document,
    add_day_argument,
    add_json_argument,
    day_of,
    print_error,
    print_json,
    print_lines,
)
from nagorik_platform.cli.services import unknown_service
from nagorik_platform.configuration import PlatformSettings
from nagorik_platform.fees.published import GivenRejected
from nagorik_platform.platform import Platform
from nagorik_platform.registry import Registry

_GIVEN: Final = re.compile(r"\s*(?P<field>[A-Za-z_][A-Za-z0-9_]{0,79})\s*=(?P<value>.*\S.*)", re.DOTALL)


def _configure(parser: argparse.ArgumentParser) -> None:
    given = "a field of the form, or a dimension of the schedule; may be repeated"
    parser.add_argument("service", metavar="SERVICE", help="a service's id, such as nid.reissue")
    parser.add_argument("--set", action="append", type=_given, default=[], metavar="FIELD=VALUE", help=given)
    add_day_argument(parser)
    add_json_argument(parser)


def _run(arguments: argparse.Namespace) -> int:
    """Print the price, or what it depends on that is not given."""
    given, day = dict(arguments.set), day_of(arguments)
    if len(given) < len(arguments.set):
        raise CommandFailed("--set gives a field twice; keep one", ExitCode.USAGE)
    try:
        with plugins_here() as registry:
            document = asyncio.run(_ask(registry, _offer(registry, arguments.service), given, day))
    except DataFileInvalid as invalid:
        raise CommandFailed(f"the fees of {arguments.service} cannot be read: {invalid}") from None
    except (GivenRejected, NagorikError) as error:
        for text in error.problems if isinstance(error, GivenRejected) else [error.message]:
            print_error(text.bn)
            print_error(text.en)
        return ExitCode.USAGE if isinstance(error, GivenRejected | ServiceNotOffered) else ExitCode.FAILED
    if arguments.json:
        print_json(document)
    else:
        print_lines(*fee_page(document))
    return ExitCode.OK


def _given(word: str) -> tuple[str, str]:
    found = _GIVEN.fullmatch(word)
    if found is None:  # what is written is not repeated
        raise argparse.ArgumentTypeError("write --set as FIELD=VALUE, such as --set delivery=urgent")
    return found["field"], found["value"]


def _offer(registry: Registry, service: str) -> PublicService:
    """The service; an error says that it is unknown, or why its plugin is kept out."""
    offer, record = registry.offer(service), registry.owner_of(service)
    if record is None or not isinstance(offer, PublicService):
        raise CommandFailed(unknown_service(registry, service), ExitCode.USAGE)
    if (kept := record.quarantine) is not None:
        why = f"{service} is not to be had ({kept.code.value}): {kept.reason} {kept.hint}"
        raise CommandFailed(why, ExitCode.USAGE)
    return offer


async def _ask(registry: Registry, offer: PublicService, given: Mapping[str, str], day: date) -> Document:
    async with Platform(registry, PlatformSettings()) as platform:
        fees = await platform.published_fees(offer.id, given, on=day)
    return fees_document(offer, fees, day, charges_beside(offer.id, day))


command: Final = BuiltInCommand(BUILT_IN["fees"], _configure, _run)
