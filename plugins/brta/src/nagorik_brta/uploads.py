"""How large a file may be that goes to the portal."""

from typing import Final

from nagorik import ApplicationRequest
from nagorik_brta.data import DATA
from nagorik_toolkit import refuse

KILOBYTE: Final = 1024


def check(request: ApplicationRequest) -> None:
    """Refuse files that BRTA would refuse, before anything is sent.

    Raises:
        InputRejected: At each document that is too large.
    """
    rules = DATA.rules.on(request.on)
    problems = []
    for place, document in enumerate(request.documents):
        limit = rules["photo-kilobytes" if document.kind == "photo" else "paper-kilobytes"].as_int
        if document.bytes > limit * KILOBYTE:
            problems.append(DATA.texts.field_problem(f"/documents/{place}", "upload.too-large", kilobytes=limit))
    refuse(problems)
