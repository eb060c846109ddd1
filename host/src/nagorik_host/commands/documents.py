"""``nagorik documents``: which documents an application has, and one of them as a file."""

import argparse
import asyncio
import hashlib
import mimetypes
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from nagorik_host.commands.columns import means, when
from nagorik_host.commands.new_files import new_files
from nagorik_host.commands.running import CommandRefused, opened_host
from nagorik_host.settings import load_host_settings
from nagorik_host.store.database import Transaction
from nagorik_host.store.documents import FolderDocumentStore, NoSuchDocument
from nagorik_host.store.kept_documents import KeptDocument, kept_documents
from nagorik_host.view_reader import document_label
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import Document, print_json, print_lines, print_table
from nagorik_platform.documents import in_megabytes
from nagorik_platform.logs import get_logger

_log = get_logger("nagorik.host")


async def documents(arguments: argparse.Namespace) -> int:
    """List the documents of an application, or export some."""
    settings = load_host_settings()
    async with opened_host(settings) as host:

        def read(transaction: Transaction) -> tuple[str, str, list[KeptDocument]]:
            stored = host.store.read(transaction, host.store.resolve(transaction, arguments.application))
            return stored.id, stored.progress.service, kept_documents(transaction, stored)

        application, service, kept = await host.database.run(read)
        if arguments.export is not None:
            store = FolderDocumentStore(settings.documents, host.vault)
            return await _export(application, store, kept, arguments)
        listed = [
            _document(number, one) | {"name": means(document_label(host, service, one.reference.kind))}
            for number, one in enumerate(kept, start=1)
        ]
    if arguments.json:
        print_json({"application": application, "documents": listed})
    elif listed:
        _print_documents(listed)
    else:
        print_lines("The application has no papers. আবেদনটির কোনো কাগজ নেই।")
    return ExitCode.OK


def _document(number: int, one: KeptDocument) -> Document:
    reference = one.reference.model_dump(include={"kind", "media_type", "bytes", "sha256"})
    about = {"source": one.source, "by": one.by, "at": one.at.isoformat(), "superseded": one.superseded}
    return {"number": number, **reference, **about}


def _print_documents(listed: Sequence[Document]) -> None:
    print_table(
        ("নং / no", "ধরন / kind", "ফাইল / type", "আকার / size", "কার / from", "সময় / when", "কার্যকর / counts"),
        (
            (
                str(one["number"]),
                one["kind"],
                one["media_type"],
                in_megabytes(one["bytes"]).en,
                one["by"] or one["source"],
                when(one["at"]),
                "superseded · প্রতিস্থাপিত" if one["superseded"] else "yes · হ্যাঁ",
            )
            for one in listed
        ),
    )
    print_lines("SHA-256", *(f"  {one['number']}  {one['sha256']}" for one in listed))
    names = {one["kind"]: one["name"] for one in listed}
    print_lines(*(f"{kind}: {name['bn']} · {name['en']}" for kind, name in names.items() if name["en"] != kind))


async def _export(
    application: str, store: FolderDocumentStore, kept: Sequence[KeptDocument], arguments: argparse.Namespace
) -> int:
    wanted, path = arguments.export[0], Path(arguments.export[1])
    chosen = [one for one in kept if one.reference.kind == wanted and not one.superseded]
    chosen = chosen or [one for number, one in enumerate(kept, start=1) if str(number) == wanted]
    if not chosen:
        kinds = ", ".join(dict.fromkeys(one.reference.kind for one in kept)) or "none"
        raise CommandRefused(f"there is no such paper; the application has: {kinds}")
    targets = _targets(path, chosen)
    with new_files(targets) as files:
        for one, file in zip(chosen, files, strict=True):
            await _write(store, one, file)
    for one in chosen:
        # What is written outside is not sealed any more: that it was written is kept.
        _log.warning("document_exported", application=application, kind=one.reference.kind)
    written = [
        {"file": str(target), "kind": one.reference.kind, "sha256": one.reference.sha256}
        for one, target in zip(chosen, targets, strict=True)
    ]
    if arguments.json:
        print_json({"application": application, "exported": written})
    else:
        print_lines(*(f"{one['file']}: {one['kind']}, SHA-256 {one['sha256']}" for one in written))
    return ExitCode.OK


def _targets(path: Path, chosen: Sequence[KeptDocument]) -> list[Path]:
    """The file for each document."""
    if path.is_dir():
        return [path / _file_name(one, number) for number, one in enumerate(chosen, start=1)]
    if len(chosen) > 1:
        raise CommandRefused(f"there are {len(chosen)} of this kind: name a folder that is there, or a number")
    return [path]


def _file_name(one: KeptDocument, number: int) -> str:
    end = mimetypes.guess_extension(one.reference.media_type) or ".bin"
    return f"{one.reference.kind}{f'-{number}' if number > 1 else ''}{end}"


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
