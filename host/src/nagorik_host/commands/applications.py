"""``nagorik act``: what a citizen does."""

import argparse
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from nagorik import NagorikError, Slots
from nagorik_host.application_file import GivenConsent, is_acting, keep_documents, read_form
from nagorik_host.commands.known_names import require_one_of
from nagorik_host.commands.render import view_result
from nagorik_host.commands.result import CommandResult, Headings, Table
from nagorik_host.commands.running import CommandRefused, opened_host
from nagorik_host.host import Host
from nagorik_host.settings import load_host_settings
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.texts import text_of
from nagorik_host.views import CITIZEN
from nagorik_platform.cli.catalogue import document_of
from nagorik_platform.cli.explanation_page import both, pair
from nagorik_platform.lifecycle import NotPossible, Progress
from nagorik_toolkit.texts import moment_text

_SLOTS: Final[Headings] = {
    "আইডি / id": "id",
    "কখন / when": lambda one: both(moment_text(datetime.fromisoformat(one["starts_at"]))),
    "কোথায় / where": lambda one: f"{one['place']['bn']} / {one['place']['en']}",
    "খালি / free": "free",
}


async def act(arguments: argparse.Namespace) -> CommandResult:
    """Take in what the citizen does, and show where the application is then."""
    _refuse_together(arguments)
    settings = load_host_settings()
    async with opened_host(settings) as host:
        application = await host.database.run(partial(host.store.resolve, name=arguments.application))
        progress = await host.progress(application)
        if arguments.action == "slots":
            return _slots_result(await host.slots(application))
        if arguments.action == "book":
            await _book(host, application, arguments.slot)
        elif arguments.action == "consent":
            service, given = host.platform.service(progress.service), GivenConsent.read(arguments.consent)
            await host.consent(application, given.consent(service, host.clock.now()))
        else:
            await _take_in(host, FolderDocumentStore(settings.documents, host.vault), progress, arguments)
        return view_result(await host.view(application, CITIZEN))


def _refuse_together(arguments: argparse.Namespace) -> None:
    """Refuse options that do not go with the action, and an action without what it needs."""
    for action, given, text in (
        ("consent", arguments.consent, "consent and --consent go together"),
        ("book", arguments.slot, "book and --slot go together: nagorik act ID slots lists the appointments"),
        ("pay", arguments.gateway, "pay and --gateway go together"),
        ("corrected", arguments.form or arguments.document, "corrected needs --form, --document or both"),
    ):
        if bool(given) != (arguments.action == action):
            raise CommandRefused(text)
    if arguments.acting is not None and not (arguments.document and is_acting(arguments.acting)):
        raise CommandRefused("--acting takes the id of who hands in a --document, such as centre-0042/operator-7")


def _slots_result(found: Slots) -> CommandResult:
    document = document_of(found)
    nothing = pair(text_of("booking", "nothing-free"))
    return CommandResult(document, [Table(_SLOTS, document["slots"])] if found.slots else [*nothing])


async def _book(host: Host, application: str, slot: str) -> None:
    offered = {one.id: one for one in (await host.slots(application)).slots}
    if slot not in offered:
        raise CommandRefused("--slot: not free, or not any more; nagorik act ID slots lists those that are")
    await host.book(application, offered[slot])


async def _take_in(host: Host, store: FolderDocumentStore, progress: Progress, arguments: argparse.Namespace) -> None:
    if arguments.gateway is not None:
        require_one_of("--gateway", [arguments.gateway], [one.id for one in host.platform.gateways])
    form = read_form(arguments.form) if arguments.form is not None else None
    given = [(kind, Path(file)) for kind, _, file in (one.partition("=") for one in arguments.document)]
    if any(not kind or not file.name for kind, file in given):
        raise CommandRefused("write --document KIND=FILE, such as --document utility-bill=bill.pdf")
    documents = []
    if given:
        documents = await keep_documents(store, host.platform.service(progress.service), given, name="--document")
    also = {"documents": documents, "by": arguments.acting, "gateway": arguments.gateway}
    try:
        await host.act(progress.id, arguments.action, form=form, **also)
    except (NagorikError, NotPossible):
        # They belong to no application. After any other error, the database may have them: an audit finds out.
        for one in documents:
            store.remove(one.id)
        raise
