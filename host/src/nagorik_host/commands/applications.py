"""``nagorik act`` and ``track``: what a citizen does, and where an application is."""

import argparse
from pathlib import Path

from nagorik import DocumentReference, NagorikError
from nagorik.data_files import DataFileInvalid
from nagorik_host.commands.render import view_result
from nagorik_host.commands.result import CommandResult
from nagorik_host.commands.running import CommandRefused, opened_host
from nagorik_host.host import Host
from nagorik_host.settings import load_host_settings
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.views import CITIZEN
from nagorik_platform.lifecycle import NotPossible, Progress


async def track(arguments: argparse.Namespace) -> CommandResult:
    """Show the citizen's view."""
    async with opened_host() as host:
        return view_result(await host.view(arguments.application, CITIZEN))


async def act(arguments: argparse.Namespace) -> CommandResult:
    """Take in what the citizen does, and show where the application is then."""
    _refuse_together(arguments)
    settings, name = load_host_settings(), arguments.application
    async with opened_host(settings) as host:
        application = await host.database.run(lambda transaction: host.store.resolve(transaction, name))
        progress = await host.progress(application)
        try:
            if arguments.action == "consent":
                await _consent(host, progress, arguments.consent)
            else:
                await _take_in(host, FolderDocumentStore(settings.documents, host.vault), progress, arguments)
        except DataFileInvalid as problem:
            raise CommandRefused(str(problem)) from None
        return view_result(await host.view(application, CITIZEN))


def _refuse_together(arguments: argparse.Namespace) -> None:
    """Refuse options that do not go with the action, and an action without what it needs."""
    from nagorik_host.application_file import is_acting

    for action, is_given, text in (
        ("consent", arguments.consent is not None, "consent and --consent go together"),
        ("pay", arguments.gateway is not None, "pay and --gateway go together"),
        ("corrected", arguments.form or arguments.document, "corrected needs --form, --document or both"),
    ):
        if bool(is_given) != (arguments.action == action):
            raise CommandRefused(text)
    if arguments.acting is not None and not (arguments.document and is_acting(arguments.acting)):
        raise CommandRefused("--acting takes the id of who hands in a --document, such as centre-0042/operator-7")


async def _consent(host: Host, progress: Progress, file: Path) -> None:
    from nagorik_host.application_file import GivenConsent

    service, given = host.platform.service(progress.service), GivenConsent.read(file)
    await host.consent(progress.id, given.consent(service, host.clock.now()))


async def _take_in(host: Host, store: FolderDocumentStore, progress: Progress, arguments: argparse.Namespace) -> None:
    from nagorik_host.application_file import read_form

    known = sorted(one.id for one in host.platform.gateways)
    if arguments.gateway is not None and arguments.gateway not in known:
        raise CommandRefused(f"there is no such gateway here; there is {', '.join(known) or 'none'}")
    form = read_form(arguments.form) if arguments.form is not None else None
    documents = await _kept(host, store, progress, arguments.document)
    given = {"documents": documents, "by": arguments.acting, "gateway": arguments.gateway}
    try:
        await host.act(progress.id, arguments.action, form=form, **given)
    except (NagorikError, NotPossible):
        # They belong to no application. After any other error, the database may have them: an audit finds out.
        for one in documents:
            store.remove(one.id)
        raise


async def _kept(
    host: Host, store: FolderDocumentStore, progress: Progress, written: list[str]
) -> list[DocumentReference]:
    """The documents that were given, in the store."""
    from nagorik_host.application_file import keep_documents

    given = [(kind, Path(file)) for kind, _, file in (one.partition("=") for one in written)]
    if any(not kind or not file.name for kind, file in given):
        raise CommandRefused("write --document KIND=FILE, such as --document utility-bill=bill.pdf")
    return await keep_documents(store, host.platform.service(progress.service), given, name="--document")
