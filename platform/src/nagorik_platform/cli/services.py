"""``nagorik services``: what citizens can be offered."""

import argparse
from typing import Final

from nagorik_platform.cli.admission import host_admission
from nagorik_platform.cli.catalogue import offer_of, service_of
from nagorik_platform.cli.commands import BUILT_IN, SUSPENSIONS, BuiltInCommand, ExitCode, reported
from nagorik_platform.cli.host_reports import suspension_for
from nagorik_platform.cli.output import (
    add_day_argument,
    add_json_argument,
    day_of,
    print_document,
    print_error,
    print_json,
    print_lines,
    print_table,
    unknown,
)
from nagorik_platform.registry import Registry


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service", nargs="?", metavar="SERVICE", help="a service's id, such as nid.reissue")
    add_day_argument(parser)
    add_json_argument(parser)


def _run(arguments: argparse.Namespace) -> int:
    """Print all services or one, those of plugins that are kept out included."""
    registry = Registry.discover(admission=host_admission())
    suspended = reported(SUSPENSIONS)
    found = {
        offer.id: (record, offer)
        for record in registry.records
        if record.manifest is not None and registry.record(record.id) is record
        for offer in record.manifest.offers
    }
    if arguments.service is not None:
        if arguments.service not in found:
            print_error(unknown_service(registry, arguments.service))
            return ExitCode.USAGE
        show = print_json if arguments.json else print_document
        show(service_of(*found[arguments.service], day_of(arguments), suspension_for(arguments.service, suspended)))
        return ExitCode.OK
    services = [offer_of(*one, suspension_for(name, suspended)) for name, one in found.items()]
    if arguments.json:
        print_json({"services": services})
    elif not services:
        print_lines("No service is on offer. nagorik plugins tells what is installed.")
    else:
        rows = [
            (one["id"], one["name"]["en"], one["name"]["bn"], one["kind"], one["evidence"], _state(one))
            for one in services
        ]
        print_table(("service", "name", "নাম", "kind", "evidence", "plugin is"), rows)
    return ExitCode.OK


def _state(service: dict[str, str]) -> str:
    return "suspended" if service["suspended"] and service["state"] != "quarantined" else service["state"]


def service_ids(registry: "Registry") -> list[str]:
    """The services of all plugins, those that are kept out included."""
    return [one.id for each in registry.records if each.manifest is not None for one in each.manifest.services]


def unknown_service(registry: "Registry", service: str) -> str:
    """Say that there is no such service, and which one may be meant."""
    return unknown("service", service, service_ids(registry), "nagorik services lists what there is")


command: Final = BuiltInCommand(BUILT_IN["services"], _configure, _run)
