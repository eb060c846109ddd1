"""``nagorik documents``: which documents an application has, and one of them as a file."""

import argparse
import asyncio
import hashlib
import mimetypes
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

from nagorik_host.commands.new_files import new_files
from nagorik_host.commands.result import CommandResult, Headings, Part, Table
from nagorik_host.commands.running import CommandRefused, opened_host
from nagorik_host.settings import load_host_settings
from nagorik_host.store.database import Transaction
from nagorik_host.store.documents import FolderDocumentStore, NoSuchDocument
from nagorik_host.store.kept_documents import KeptDocument, kept_documents
from nagorik_host.view_reader import document_label
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.documents import in_megabytes
from nagorik_platform.logs import get_logger

_COLUMNS: Final[Headings] = {
    "নং / no": "number",
    "ধরন / kind": "kind",
    "ফাইল / type": "media_type",
    "আকার / size": lambda one: in_megabytes(one["bytes"]).en,
    "কার / from": lambda one: one["by"] or one["source"],
    "সময় / when": "at",
    "কার্যকর / counts": lambda one: "superseded · প্রতিস্থাপিত" if one["superseded"] else "yes · হ্যাঁ",
}


async def documents(arguments: argparse.Namespace) -> CommandResult:
    """List the documents of an application, or export some."""
    settings = load_host_settings()
    async with opened_host(settings) as host:

        def read(transaction: Transaction) -> tuple[str, str, list[KeptDocument]]:
            stored = host.store.read(transaction, host.store.resolve(transaction, arguments.application))
            return stored.id, stored.progress.service, kept_documents(transaction, stored)

        application, service, kept = await host.database.run(read)
        if arguments.export is not None:
            store = FolderDocumentStore(settings.documents, host.vault)
            return await _export(application, store, kept, *arguments.export)
        kinds = dict.fromkeys(one.reference.kind for one in kept)
        names = {kind: document_label(host, service, kind) for kind in kinds}
    listed = [
        {"number": number, "name": names[one.reference.kind].model_dump()}
        | one.reference.model_dump(include={"kind", "media_type", "bytes", "sha256"})
        | {"source": one.source, "by": one.by, "at": one.at, "superseded": one.superseded}
        for number, one in enumerate(kept, start=1)
    ]
    shown: list[Part] = [
        Table(_COLUMNS, listed),
        "SHA-256",
        *(f"  {one['number']}  {one['sha256']}" for one in listed),
        *(f"{kind}: {name.bn} · {name.en}" for kind, name in names.items() if name.en != kind),
    ]
    nothing = "The application has no papers. আবেদনটির কোনো কাগজ নেই।"
    return CommandResult({"application": application, "documents": listed}, shown if listed else [nothing])


async def _export(
    application: str, store: FolderDocumentStore, kept: Sequence[KeptDocument], wanted: str, path: str
) -> CommandResult:
    chosen = [one for one in kept if one.reference.kind == wanted and not one.superseded]
    chosen = chosen or [one for number, one in enumerate(kept, start=1) if str(number) == wanted]
    if not chosen:
        kinds = ", ".join(dict.fromkeys(one.reference.kind for one in kept)) or "none"
        raise CommandRefused(f"there is no such paper; the application has: {kinds}")
    targets = _targets(Path(path), chosen)
    with new_files(targets) as files:
        for one, file in zip(chosen, files, strict=True):
            await _write(store, one, file)
    for one in chosen:
        # What is written outside is not sealed any more: that it was written is kept.
        get_logger("nagorik.host").warning("document_exported", application=application, kind=one.reference.kind)
    written = [
        {"file": str(target), "kind": one.reference.kind, "sha256": one.reference.sha256}
        for one, target in zip(chosen, targets, strict=True)
    ]
    shown = [f"{one['file']}: {one['kind']}, SHA-256 {one['sha256']}" for one in written]
    return CommandResult({"application": application, "exported": written}, shown)


def _targets(path: Path, chosen: Sequence[KeptDocument]) -> list[Path]:
    """The file for each document."""
    if not path.is_dir():
        if len(chosen) > 1:
            raise CommandRefused(f"there are {len(chosen)} of this kind: name a folder that is there, or a number")
        return [path]
    ends = [mimetypes.guess_extension(one.reference.media_type) or ".bin" for one in chosen]
    return [
        path / f"{one.reference.kind}{f'-{number}' if number > 1 else ''}{end}"
        for number, (one, end) in enumerate(zip(chosen, ends, strict=True), start=1)
    ]


async def _write(store: FolderDocumentStore, one: KeptDocument, file: IO[bytes]) -> None:
    """Write a document into a file, and compare it with the hash that it was taken in with."""
    digest = hashlib.sha256()
    try:
        async for piece in store.open(one.reference):
            digest.update(piece)
            await asyncio.to_thread(file.write, piece)
    except NoSuchDocument:
        text = "the documents' folder does not hold it: restore the folder from a backup; nothing was exported"
        raise CommandRefused(text, ExitCode.FAILED) from None
    if digest.hexdigest() != one.reference.sha256:
        raise CommandRefused("it is not what was taken in; nothing was exported", ExitCode.FAILED)
