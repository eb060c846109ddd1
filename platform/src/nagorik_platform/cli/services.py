"""``nagorik services``: what citizens can be offered."""

import argparse
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import may_be_somebodys

if TYPE_CHECKING:
    from nagorik_platform.registry import PluginRecord


class ServicesCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "list the services and gateways on offer, or tell everything about one"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        from nagorik_platform.cli.output import add_day_argument, add_json_argument

        parser.add_argument("service", nargs="?", metavar="SERVICE", help="a service's id, such as nid.reissue")
        add_day_argument(parser)
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Print all services or one, those of plugins that are kept out included."""
        from nagorik_platform.cli import suspensions
        from nagorik_platform.cli.admission import host_admission
        from nagorik_platform.cli.catalogue import evidence_of, offer_of, service_of
        from nagorik_platform.cli.output import day_of, print_error, print_json, print_lines, print_table
        from nagorik_platform.cli.service_page import print_service
        from nagorik_platform.registry import Registry

        registry = Registry.discover(admission=host_admission())
        suspended = suspensions.active_suspensions()
        if arguments.service is not None:
            offer, record = registry.offer(arguments.service), registry.owner_of(arguments.service)
            if offer is None or record is None:
                print_error(unknown_service(arguments.service, _ids(registry.records)))
                return ExitCode.USAGE
            document = service_of(record, offer, day_of(arguments), suspensions.suspension_for(offer.id, suspended))
            if arguments.json:
                print_json(document)
            else:
                print_service(document)
            return ExitCode.OK
        offers = [
            (record, offer)
            for record in registry.records
            if record.manifest is not None and registry.record(record.id) is record
            for offer in record.manifest.offers
        ]
        if arguments.json:
            print_json(
                {
                    "services": [
                        offer_of(record, offer, suspensions.suspension_for(offer.id, suspended))
                        for record, offer in offers
                    ]
                }
            )
        elif not offers:
            print_lines("No service is on offer. nagorik plugins tells what is installed.")
        else:
            print_table(
                ("service", "name", "নাম", "kind", "evidence", "plugin is"),
                (
                    (
                        offer.id,
                        offer.name.en,
                        offer.name.bn,
                        offer.family.value,
                        evidence_of(record, offer).value,
                        _state_of(record, suspensions.suspension_for(offer.id, suspended) is not None),
                    )
                    for record, offer in offers
                ),
            )
        return ExitCode.OK


def _state_of(record: "PluginRecord", suspended: bool) -> str:  # noqa: FBT001 - a row's cell
    return "suspended" if suspended and record.usable else record.state.value


def _ids(records: Sequence["PluginRecord"]) -> list[str]:
    return [offer.id for record in records if record.manifest is not None for offer in record.manifest.offers]


def unknown_service(service: str, known: list[str]) -> str:
    """That there is no such service, and which one may be meant; what may be somebody's number is not repeated."""
    named = "such service" if may_be_somebodys(service) else f"service {service}"
    likely = get_close_matches(service, known, n=1)
    if likely:
        return f"there is no {named}; did you mean {likely[0]}?"
    return f"there is no {named}; nagorik services lists what there is"


command: Final = ServicesCommand()
