"""``nagorik receipt``: what a gateway took for an application, as a page to print or as a PDF."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from nagorik_host.commands.new_files import new_files
from nagorik_host.commands.running import CommandRefused, opened_host, run_command
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import add_json_argument, print_json, print_lines

if TYPE_CHECKING:
    from nagorik_counter.receipt.content import ReceiptContent, ReceiptNames
    from nagorik_host.host import Host
    from nagorik_host.store.application_store import StoredApplication
    from nagorik_host.store.database import Transaction
    from nagorik_platform.lifecycle import Payment

PAPERS: Final = ("a4", "80mm")
FORMATS: Final = ("html", "pdf")
_NO_PDF: Final = (
    "a PDF needs the extra nagorik-counter[pdf] and the library Pango: pip install 'nagorik-counter[pdf]', or leave"
    " --format pdf out. পিডিএফের জন্য nagorik-counter[pdf] ইনস্টল করুন, অথবা --format pdf বাদ দিন।"
)


class ReceiptCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "print the receipt of a payment that was taken, in Bangla and English"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.epilog = (
            "There is a receipt of what a gateway took, whatever became of it since; it says how the payment stands."
            " Each print is counted: from the second on it says which copy it is. It is written as a new file that"
            " only its owner can read, and never over another one."
        )
        parser.add_argument("application", metavar="ID", help="the application's id, or its client reference")
        parser.add_argument("--payment", metavar="ID", help="which payment, where several were taken")
        parser.add_argument("--format", choices=FORMATS, default="html", help="a page, or a PDF (default: html)")
        parser.add_argument(
            "--paper", choices=PAPERS, default="a4", help="a sheet, or a receipt printer's roll (default: a4)"
        )
        parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="the file to write")
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Print it."""
        return run_command(lambda: _receipt(arguments))


async def _receipt(arguments: argparse.Namespace) -> int:
    from nagorik_counter.receipt.page import receipt_page
    from nagorik_counter.receipt.pdf import PdfUnavailable, require_pdf, write_pdf
    from nagorik_host.settings import load_host_settings

    settings = load_host_settings()
    if arguments.format == "pdf":
        try:
            require_pdf()
        except PdfUnavailable:
            raise CommandRefused(_NO_PDF) from None
    async with opened_host(settings) as host:
        chosen = await _chosen(host, arguments)
        # A file that cannot be written is no print, and one that is counted is written at once.
        with new_files([arguments.output]) as (file,):
            content = await _counted(host, chosen, settings.tracking_url)
            page = receipt_page(content, arguments.paper)
            file.write(write_pdf(page, arguments.paper) if arguments.format == "pdf" else page.encode())
    if arguments.json:
        print_json(
            {
                "application": chosen.application,
                "payment": content.payment.id,
                "copy": content.copy,
                "file": str(arguments.output),
            }
        )
    else:
        told = "" if content.copy == 1 else f", copy {content.copy}"
        print_lines(f"{arguments.output}: payment {content.payment.id}{told}")
    return ExitCode.OK


class _Chosen(NamedTuple):
    """The payment that a receipt is wanted of."""

    application: str
    payment: str
    names: "ReceiptNames"


async def _chosen(host: "Host", arguments: argparse.Namespace) -> _Chosen:
    """Find it, and how those are called that the receipt speaks of.

    Raises:
        CommandRefused: There is no receipt; the text says why, in both languages.
    """

    def read(transaction: "Transaction") -> "tuple[StoredApplication, Payment]":
        stored = host.store.read(transaction, host.store.resolve(transaction, arguments.application))
        return stored, _receipted(stored, arguments.payment)

    stored, payment = await host.database.run(read)
    return _Chosen(stored.id, payment.id, _names(host, stored.progress.service, payment.gateway))


def _receipted(stored: "StoredApplication", payment: str | None) -> "Payment":
    from nagorik_counter.receipt.content import ReceiptRefused, receipted_payment
    from nagorik_counter.receipt.page import refusal_sentence

    try:
        return receipted_payment(stored.progress, payment)
    except ReceiptRefused as refused:
        text = refusal_sentence(refused)
        raise CommandRefused(f"{text.en} {text.bn}") from None


async def _counted(host: "Host", chosen: _Chosen, tracking_url: str | None) -> "ReceiptContent":
    """What stands on the receipt as the payment is now, which is counted as printed."""
    from nagorik_counter.receipt.content import receipt_content
    from nagorik_counter.receipt.page import tracking_address
    from nagorik_counter.receipt_prints import record_print

    at = host.clock.now()

    def count(transaction: "Transaction") -> "ReceiptContent":
        stored = host.store.read(transaction, chosen.application, for_change=True)
        payment = _receipted(stored, chosen.payment)
        draft = host.store.draft(transaction, stored)
        return receipt_content(
            stored.progress,
            host.store.events(transaction, stored),
            payment,
            names=chosen.names,
            applicant=draft.applicant,
            payer=draft.payer,
            copy=record_print(transaction, stored.id, payment.id, at),
            printed_at=at,
            tracking_url=tracking_address(tracking_url, stored.progress.client_reference),
            charges=host.charges,
        )

    return await host.database.run(count)


def _names(host: "Host", service: str, gateway: str) -> "ReceiptNames":
    """What agency, service and gateway are called; by their ids where their plugins are not there any more."""
    from nagorik import Text
    from nagorik_counter.receipt.content import ReceiptNames
    from nagorik_host.commands.render import agency_name, service_of

    plugin = service.partition(".")[0]
    offer = service_of(host, service)
    paid_by = next((one.name for one in host.platform.gateways if one.id == gateway), None)
    return ReceiptNames(
        agency=agency_name(host, plugin) or Text(bn=plugin, en=plugin),
        service=offer.name if offer is not None else Text(bn=service, en=service),
        gateway=paid_by or Text(bn=gateway, en=gateway),
    )


command: Final = ReceiptCommand()
