"""``nagorik receipt``: what a gateway took for an application, as a page to print or as a PDF."""

import argparse
from functools import partial
from typing import Final

from nagorik_counter.receipt.content import (
    ReceiptContent,
    ReceiptNames,
    ReceiptRefused,
    receipt_content,
    receipted_payment,
)
from nagorik_counter.receipt.page import receipt_page, refusal_sentence, tracking_address
from nagorik_counter.receipt.pdf import PdfUnavailable, load_weasyprint, write_pdf
from nagorik_counter.receipt_prints import record_print
from nagorik_counter.tills import same_text
from nagorik_host.commands.running import CommandRefused, new_file, opened_host
from nagorik_host.host import Host
from nagorik_host.settings import load_host_settings
from nagorik_host.store.database import Transaction
from nagorik_host.store.request_keys import RequestKey
from nagorik_host.view_reader import agency_name, service_of
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import print_json, print_lines

_NO_PDF: Final = (
    "a PDF needs the extra nagorik-counter[pdf] and the library Pango: pip install 'nagorik-counter[pdf]', or leave"
    " --format pdf out. পিডিএফের জন্য nagorik-counter[pdf] ইনস্টল করুন, অথবা --format pdf বাদ দিন।"
)


async def receipt(arguments: argparse.Namespace) -> int:
    """Print the receipt of a payment into a new file, and count the print."""
    settings = load_host_settings()
    if arguments.format == "pdf":
        try:
            load_weasyprint()
        except PdfUnavailable:
            raise CommandRefused(_NO_PDF) from None
    # A file that cannot be written is no print.
    async with opened_host(settings) as host:
        with new_file(arguments.output) as file:
            do = partial(counted_receipt, host=host, wanted=arguments.application, paid=arguments.payment)
            try:
                application, content = await host.database.run(partial(do, tracking_url=settings.tracking_url))
            except ReceiptRefused as refused:
                text = refusal_sentence(refused)
                raise CommandRefused(f"{text.en} {text.bn}") from None
            page = receipt_page(content, arguments.paper)
            file.write(write_pdf(page, arguments.paper) if arguments.format == "pdf" else page.encode())
    payment, copy = content.payment.id, content.copy
    if arguments.json:
        made = {"application": application, "payment": payment, "copy": copy, "file": str(arguments.output)}
        print_json(made)
    else:
        print_lines(f"{arguments.output}: payment {payment}{'' if copy == 1 else f', copy {copy}'}")
    return ExitCode.OK


def counted_receipt(
    transaction: Transaction,
    host: Host,
    wanted: str,
    paid: str | None,
    tracking_url: str | None = None,
    key: RequestKey | None = None,
) -> tuple[str, ReceiptContent]:
    """Count a print of a payment, once under ``key``; returns the application's id and the receipt's content.

    Raises ``ReceiptRefused``.
    """
    application = host.store.resolve(transaction, wanted)
    stored, at = host.store.read(transaction, application, for_change=True), host.clock.now()
    payment = receipted_payment(stored.progress, paid)
    counted = host.request_keys.find(transaction, key) if key is not None else None
    copy = int(counted) if counted is not None else record_print(transaction, application, payment.id, at)
    if key is not None and counted is None:
        host.request_keys.keep(transaction, key, str(copy), at)
    draft = host.store.draft(transaction, stored)
    return application, receipt_content(
        stored.progress,
        host.store.events(transaction, stored),
        payment,
        names=_names(host, stored.progress.service, payment.gateway),
        applicant=draft.applicant,
        payer=draft.payer,
        copy=copy,
        printed_at=at,
        tracking_url=tracking_address(tracking_url, stored.progress.client_reference),
        charges=host.charges,
    )


def _names(host: Host, service: str, gateway: str) -> ReceiptNames:
    """The names of agency, service and gateway; their ids where their plugins are gone."""
    plugin = service.partition(".")[0]
    offer = service_of(host, service)
    paid_by = next((one.name for one in host.platform.gateways if one.id == gateway), same_text(gateway))
    return ReceiptNames(
        agency=agency_name(host, plugin) or same_text(plugin),
        service=offer.name if offer is not None else same_text(service),
        gateway=paid_by,
    )
