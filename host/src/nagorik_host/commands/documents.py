"""``nagorik documents``: which documents an application has, and one of them as a file."""

import argparse
from pathlib import Path
from typing import Final

from nagorik_host.commands.result import CommandResult, Part, Table, same_names
from nagorik_host.commands.running import CommandRefused, new_file, opened_host
from nagorik_host.settings import load_host_settings
from nagorik_host.store.database import Transaction
from nagorik_host.store.documents import FolderDocumentStore, NoSuchDocument
from nagorik_host.store.kept_documents import KeptDocument, kept_documents
from nagorik_host.view_reader import document_label
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.logs import get_logger

_COLUMNS: Final = same_names("number", "kind", "media_type", "bytes", "source", "by", "at", "superseded")


async def documents(arguments: argparse.Namespace) -> CommandResult:
    """List the documents of an application, or export one."""
    settings = load_host_settings()
    async with opened_host(settings) as host:

        def read(transaction: Transaction) -> tuple[str, str, list[KeptDocument]]:
            stored = host.store.read(transaction, host.store.resolve(transaction, arguments.application))
            return stored.id, stored.progress.service, kept_documents(transaction, stored)

        application, service, kept = await host.database.run(read)
        if arguments.export is not None:
            number, path = arguments.export
            chosen = {str(place): one for place, one in enumerate(kept, start=1)}.get(number)
            if chosen is None:
                raise CommandRefused(f"there is no such paper; the application has {len(kept)}")
            return await _export(application, FolderDocumentStore(settings.documents, host.vault), chosen, path)
        labels = {one.reference.kind: document_label(host, service, one.reference.kind) for one in kept}
    listed = [
        {"number": number, "name": labels[one.reference.kind].model_dump()}
        | one.reference.model_dump(include={"kind", "media_type", "bytes", "sha256"})
        | {"source": one.source, "by": one.by, "at": one.at, "superseded": one.superseded}
        for number, one in enumerate(kept, start=1)
    ]
    names = [f"{kind}: {name.bn} · {name.en}" for kind, name in labels.items()]
    hashes = [f"SHA-256 of {one['number']}: {one['sha256']}" for one in listed]
    shown: list[Part] = [Table(_COLUMNS, listed), *names, *hashes]
    nothing = "The application has no papers. আবেদনটির কোনো কাগজ নেই।"
    return CommandResult({"application": application, "documents": listed}, shown if listed else [nothing])


async def _export(application: str, store: FolderDocumentStore, kept: KeptDocument, path: str) -> CommandResult:
    """Write a document into a new file; it is what was taken in, or its seal is broken."""
    with new_file(Path(path)) as file:
        try:
            async for piece in store.open(kept.reference):
                file.write(piece)
        except NoSuchDocument:
            text = "the documents' folder does not hold it: restore the folder from a backup; nothing was exported"
            raise CommandRefused(text, ExitCode.FAILED) from None
    kind, sha256 = kept.reference.kind, kept.reference.sha256
    # What is written outside is not sealed any more: that it was written is kept.
    get_logger("nagorik.host").warning("document_exported", application=application, kind=kind)
    document = {"application": application, "exported": {"file": path, "kind": kind, "sha256": sha256}}
    return CommandResult(document, [f"{path}: {kind}, SHA-256 {sha256}"])
