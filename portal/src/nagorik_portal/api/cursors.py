"""What callers carry and may not change: places in lists, and documents that they handed in. Opaque and signed."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from typing import Annotated, Final

from pydantic import StringConstraints

from nagorik import DocumentReference, Text
from nagorik.errors import FieldProblem
from nagorik_host.vault import Vault
from nagorik_portal.api.problems import RequestRefused

_MARK: Final = 32
"""Letters of the signature in front of what is signed: 128 bits."""
_NO_DOCUMENT: Final = Text(
    en="This is no document that your centre handed in. Upload it, and name it as the upload did.",
    bn="এটি আপনার কেন্দ্রের দেওয়া কোনো নথি নয়। নথিটি আপলোড করে, আপলোডে পাওয়া নামটি দিন।",
)
Cursor = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{4,600}$")]


class Cursors:
    """Signs with the host's key of look-ups."""

    def __init__(self, vault: Vault) -> None:
        """Sign with the keys of ``vault``."""
        self._vault = vault

    def write(self, of: str, place: str) -> str:
        """A place as a caller gets it; ``of`` names the list, its filter and the centre."""
        return urlsafe_b64encode((self._mark(of, place) + place).encode()).decode().rstrip("=")

    def read(self, of: str, cursor: str) -> str:
        """The place in a cursor.

        Raises:
            RequestRefused: The cursor is not one that this list gave.
        """
        try:
            text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        except ValueError:
            text = ""
        mark, place = text[:_MARK], text[_MARK:]
        if not hmac.compare_digest(mark.encode(), self._mark(of, place).encode()):
            raise RequestRefused("cursor-invalid", 422)
        return place

    def name_document(self, centre: str, document: DocumentReference) -> str:
        """A document as its centre names it: its type and its size stay what was detected."""
        kept = [document.id, document.kind, document.media_type, document.bytes, document.sha256]
        return self.write(f"document/{centre}", json.dumps(kept))

    def documents(self, centre: str, handles: Iterable[str]) -> tuple[DocumentReference, ...]:
        """The documents that a centre names.

        Raises:
            RequestRefused: One is none that this centre handed in.
        """
        found = []
        for number, handle in enumerate(handles):
            try:
                kept = json.loads(self.read(f"document/{centre}", handle))
            except RequestRefused:
                wrong = FieldProblem(pointer=f"/documents/{number}", code="document-unknown", text=_NO_DOCUMENT)
                raise RequestRefused("request-invalid", 422, fields=[wrong]) from None
            members = dict(zip(("id", "kind", "media_type", "bytes", "sha256"), kept, strict=True))
            found.append(DocumentReference.model_validate(members))
        return tuple(found)

    def _mark(self, of: str, place: str) -> str:
        return self._vault.lookup(f"cursor/{of}", place)[:_MARK]
