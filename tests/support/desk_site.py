"""A desk over HTTP without a socket: a host with simulated agencies, its portal, and operators' browsers."""

import re
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
from portal_site import in_pieces
from starlette.applications import Starlette

from nagorik import ApplicationDraft, Money
from nagorik_host import open_host
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.vault import Keyring, Vault
from nagorik_platform import PaymentAddresses, PlatformSettings
from nagorik_platform.registry import Admission
from nagorik_portal import PortalActor
from nagorik_portal.casework import Casework
from nagorik_portal.desk import create_desk
from nagorik_portal.portal import Portal, open_portal
from nagorik_testing import SimulatedClock, SyntheticCitizens, in_process_configurations
from nagorik_testing.simulator.base import Simulator, installed_simulators, load_simulator

PLUGINS = ("nid", "passport", "cashdesk")
CENTRE = "centre-0042"
PASSWORD = "a long synthetic phrase"
OPERATORS = {"operator-7": "Desk Seven", "operator-8": "Desk Eight"}
OTHER_CENTRE = "centre-0099"


class Page(HTMLParser):
    """What a browser sees of a page: its forms with their fields, links, text and title."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__()
        self.response, self.status, self.html = response, response.status_code, response.text
        self.path = response.url.path
        self.forms: dict[str, Any] = {}
        self.links: list[str | None] = []
        self.text: list[str] = []
        self.scripts: list[Mapping[str, str | None]] = []
        self._form = self._select = ""
        self._silent: str | None = None
        self.feed(self.html)
        self.pieces = [re.sub(r"\s+", " ", piece).strip() for piece in self.text]
        self.said = " ".join(filter(None, self.pieces))
        self.title = next(filter(None, self.pieces))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._form = given.get("id") or given["action"] or ""
            self.forms[self._form] = {"action": given["action"], "fields": {}, "buttons": []}
        elif tag in {"script", "style"}:
            self._silent = tag
            self.scripts.append(given)
        elif tag == "a":
            self.links.append(given.get("href"))
        form = self.forms.get(given.get("form") or self._form)
        name, value = given.get("name"), given.get("value") or ""
        if tag == "input" and form is not None and name:
            kind = given.get("type", "text")
            if kind not in {"radio", "checkbox"} or "checked" in given:
                form["fields"][name] = value
        elif tag == "button" and form is not None:
            form["buttons"].append((name, value))
        elif tag == "select":
            self._select = name or ""
        elif tag == "option" and form is not None and "selected" in given:
            form["fields"][self._select] = value

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = ""
        if tag == self._silent:
            self._silent = None

    def handle_data(self, data: str) -> None:
        if self._silent is None:
            self.text.append(data)


class Browser:
    """An operator's browser without JavaScript: it follows redirects and sends forms as they stand."""

    def __init__(self, app: Starlette) -> None:
        transport = httpx.ASGITransport(app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://desk.example", follow_redirects=True)

    async def get(self, path: str) -> Page:
        return Page(await self.client.get(path))

    async def send(self, page: Page, form: str = "page", *, files: Any = None, **typed: Any) -> Page:
        """Send a form of a page with these fields in place of what stands in it; dots are written as ``__``."""
        fields = dict(page.forms[form]["fields"])
        fields.update({name.replace("__", ".").strip("_"): value for name, value in typed.items()})
        sent = {name: value for name, value in fields.items() if value is not None}
        return Page(await self.client.post(page.forms[form]["action"], data=sent, files=files))

    async def sign_in(self, operator: str = "operator-7", centre: str = CENTRE) -> Page:
        page = await self.get("/sign-in")
        return await self.send(page, name=f"{centre}/{operator}", password=PASSWORD)


class DeskSite:
    """An open portal and its desk."""

    def __init__(self, portal: Portal, clock: SimulatedClock, simulators: Mapping[str, Simulator]) -> None:
        self.portal, self.clock, self.simulators = portal, clock, simulators
        self.app = create_desk(portal)

    async def browser(self, operator: str = "operator-7", centre: str = CENTRE) -> Browser:
        """A browser in which an operator signed in."""
        browser = Browser(self.app)
        assert (await browser.sign_in(operator, centre)).path == "/"
        return browser

    async def actor(self, operator: str = "operator-7", centre: str = CENTRE) -> PortalActor | None:
        """An operator as the portal's own calls take one."""
        token = await self.portal.accounts.sign_in(f"{centre}/{operator}", PASSWORD)
        return await self.portal.accounts.session(token)

    async def english(self, browser: Browser) -> None:
        """Change a browser's language to English."""
        await browser.send(await browser.get("/"), "language-form", language="en")


@asynccontextmanager
async def open_desk(
    database: str, keyring: Keyring, vault: Vault, folder: Path, plugins: Collection[str] = PLUGINS
) -> AsyncIterator[DeskSite]:
    """A desk on an open database."""
    clock = SimulatedClock()
    found = installed_simulators()
    simulators = {name: load_simulator(found[name])(clock=clock) for name in plugins}
    settings = PlatformSettings(
        plugins=in_process_configurations(simulators.values()),
        admission=Admission(allow=frozenset(plugins)),
        documents=FolderDocumentStore(folder, vault),
        payment_addresses=PaymentAddresses(
            returns="http://desk.example/payments/return", notices="http://desk.example/v1/notices"
        ),
        clock=clock,
    )
    async with open_host(database, keyring, settings) as host:
        portal = open_portal(host)
        for centre, operators in ((CENTRE, OPERATORS), (OTHER_CENTRE, {"operator-1": "Desk One"})):
            for identity, name in operators.items():
                await portal.accounts.add_operator(f"{centre}/{identity}", name, PASSWORD, scopes=["apply", "view"])
        yield DeskSite(portal, clock, simulators)


async def prepared(
    casework: Casework, desk: DeskSite, service: str, number: int = 1, *, ceiling: int = 10_000, **more: Any
) -> ApplicationDraft:
    """What a citizen hands in for a service, with its documents and a consent to it."""
    citizen = SyntheticCitizens().citizen(4000 + number)
    example = desk.simulators[service.partition(".")[0]].example(service, citizen)
    documents = [await casework.put_document(service, one.kind, in_pieces(one.content)) for one in example.documents]
    form = {**example.form, **more.pop("form", {})}
    more |= {"documents": tuple(documents), "consent": casework.make_consent(service, Money.taka(ceiling), days=300)}
    return ApplicationDraft(service=service, applicant=example.applicant, form=form, **more)
