"""A portal on the host of a folder, people who work with it, and a draft with all that its service wants."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from host_site import EXAMPLES

from nagorik.values import Money
from nagorik_host import Host
from nagorik_host.application_file import ApplicationFile
from nagorik_host.commands import running
from nagorik_portal import DraftContent, PortalActor, open_portal
from nagorik_portal.actors import SCOPES
from nagorik_portal.casework import Casework
from nagorik_portal.drafts import Draft
from nagorik_testing import specimen_pdf

SERVICE = "nid.migration"
OPERATOR = PortalActor("centre-0042/operator-7", "centre-0042", "operator", "Desk 7", frozenset(SCOPES))
COLLEAGUE = replace(OPERATOR, id="centre-0042/operator-8")
STRANGER = replace(OPERATOR, id="centre-0001/operator-1", centre="centre-0001")


@pytest.fixture
def site(world: Any, place: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Any]:
    """Runs a coroutine function with the portal of a host whose agencies are in this process."""
    monkeypatch.setattr(running, "CLOCK", world.clock)

    def run(do: Callable[..., Awaitable[Any]]) -> Any:
        async def opened(host: Host) -> Any:
            return await do(open_portal(host), world, host)

        return world.run(opened)

    return run


async def in_pieces(content: bytes, size: int = 1_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def given() -> ApplicationFile:
    return ApplicationFile.read(EXAMPLES / "nid-migration.json")


async def filled(casework: Casework) -> Draft:
    """A draft with all that its service wants."""
    example, document = given(), await casework.put_document(SERVICE, "utility-bill", in_pieces(specimen_pdf()))
    content = DraftContent(applicant=example.applicant, form=example.form, documents=(document,))
    return await casework.new_draft(content, service=SERVICE)


async def submitted(casework: Casework) -> tuple[Draft, str]:
    draft = await filled(casework)
    consent = casework.make_consent(SERVICE, Money.taka(5_000), days=90)
    return draft, await casework.submit(draft.id, consent, revision=draft.revision)
