"""``nagorik documents``: which papers an application has, and one of them as a file."""

import argparse
import asyncio
import hashlib
import mimetypes
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from nagorik_host.commands.new_files import new_files
from nagorik_host.commands.running import CommandRefused, opened_host, run_command
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import Document, add_json_argument, print_json, print_lines, print_table
from nagorik_platform.logs import get_logger

if TYPE_CHECKING:
    from nagorik_host.store.database import Transaction
    from nagorik_host.store.documents import FolderDocumentStore
    from nagorik_host.store.kept_documents import KeptDocument

_log = get_logger("nagorik.host")


class DocumentsCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "list the papers of an application, handed in and fetched, or export them"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.epilog = (
            "A paper that came in place of another of its kind supersedes it; both are kept until the application is"
            " erased. What is exported is no longer sealed: it is written as a new file that only its owner can read,"
            " and never over another one."
        )
        parser.add_argument("application", metavar="ID", help="the application's id, or its client reference")
        parser.add_argument(
            "--export",
            nargs=2,
            metavar=("KIND", "PATH"),
            help="write the papers of a kind that are not superseded, or the one of a number in the list, into a"
            " folder that is there, or a single one as a file",
        )
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """List or export them."""
        return run_command(lambda: _documents(arguments))


async def _documents(arguments: argparse.Namespace) -> int:
    from nagorik_host.commands.render import document_label
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.documents import FolderDocumentStore
    from nagorik_host.store.kept_documents import kept_documents

    settings = load_host_settings()
    async with opened_host(settings) as host:

        def read(transaction: "Transaction") -> "tuple[str, str, list[KeptDocument]]":
            stored = host.store.read(transaction, host.store.resolve(transaction, arguments.application))
            return stored.id, stored.progress.service, kept_documents(transaction, stored)

        application, service, kept = await host.database.run(read)
        labels = {one.reference.kind: document_label(host, service, one.reference.kind) for one in kept}
        documents = [
            _document(number, one) | {"name": {"en": label.en, "bn": label.bn}}
            for number, one in enumerate(kept, start=1)
            for label in (labels[one.reference.kind],)
        ]
        if arguments.export is not None:
            store = FolderDocumentStore(settings.documents, host.vault)
            return await _export(application, store, kept, arguments)
    if arguments.json:
        print_json({"application": application, "documents": documents})
    elif not documents:
        print_lines("The application has no papers. আবেদনটির কোনো কাগজ নেই।")
    else:
        _print_documents(documents)
    return ExitCode.OK


def _document(number: int, one: "KeptDocument") -> Document:
    reference = one.reference
    return {
        "number": number,
        "kind": reference.kind,
        "media_type": reference.media_type,
        "bytes": reference.bytes,
        "sha256": reference.sha256,
        "source": one.source,
        "by": one.by,
        "at": one.at.isoformat(),
        "superseded": one.superseded,
    }


def _print_documents(documents: Sequence[Document]) -> None:
    from nagorik_host.commands.render import when
    from nagorik_platform.documents import in_megabytes

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
            for one in documents
        ),
    )
    print_lines("SHA-256", *(f"  {one['number']}  {one['sha256']}" for one in documents))
    names = {one["kind"]: one["name"] for one in documents}
    print_lines(*(f"{kind}: {name['bn']} · {name['en']}" for kind, name in names.items() if name["en"] != kind))


async def _export(
    application: str, store: "FolderDocumentStore", kept: "Sequence[KeptDocument]", arguments: argparse.Namespace
) -> int:
    chosen = _chosen(arguments.export[0], kept)
    targets = _targets(Path(arguments.export[1]), chosen)
    with new_files(targets) as files:
        for one, file in zip(chosen, files, strict=True):
            await _write(store, one, file)
    for one in chosen:
        # Nothing that is written outside is sealed any more: that it was written is kept.
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


def _chosen(wanted: str, kept: "Sequence[KeptDocument]") -> "list[KeptDocument]":
    chosen = [one for one in kept if one.reference.kind == wanted and not one.superseded]
    if not chosen:
        chosen = [one for number, one in enumerate(kept, start=1) if str(number) == wanted]
    if not chosen:
        kinds = ", ".join(dict.fromkeys(one.reference.kind for one in kept)) or "none"
        raise CommandRefused(f"there is no such paper; the application has: {kinds}")
    return chosen


def _targets(path: Path, chosen: "Sequence[KeptDocument]") -> list[Path]:
    """The file for each document."""
    if path.is_dir():
        return [path / _file_name(one, number) for number, one in enumerate(chosen, start=1)]
    if len(chosen) > 1:
        raise CommandRefused(f"there are {len(chosen)} of this kind: name a folder that is there, or a number")
    return [path]


def _file_name(one: "KeptDocument", number: int) -> str:
    end = mimetypes.guess_extension(one.reference.media_type) or ".bin"
    return f"{one.reference.kind}{f'-{number}' if number > 1 else ''}{end}"


async def _write(store: "FolderDocumentStore", one: "KeptDocument", file: IO[bytes]) -> None:
    """Write a document into a file, and hold it against the hash that it was taken in with."""
    from nagorik_host.store.documents import NoSuchDocument

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


command: Final = DocumentsCommand()
