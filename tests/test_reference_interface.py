"""The reference interface's document, and what client and simulator say to each other, held against it."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate
from pydantic import BaseModel
from starlette.types import Message, Receive, Scope, Send

from nagorik_bmet.simulator import BmetSimulator
from nagorik_nid.simulator import NidSimulator
from nagorik_testing import ServiceDesk
from nagorik_testing.simulator.reference_agency import (
    AgencyFile,
    Collection,
    IssuedRule,
    LookupRules,
    ReferenceAgency,
    SlotRules,
)
from nagorik_toolkit import AgencyPlugin, interface_document

DOCUMENT = interface_document()
DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "reference" / "reference-interface.md"


class Exchange(NamedTuple):
    """One request, its path below the agency's prefix, and the response."""

    method: str
    path: str
    body: bytes
    status: int
    headers: dict[str, str]
    answered: bytes


EXCHANGES: list[Exchange] = []


class Watched(ReferenceAgency):
    """An agency that keeps what it is sent and what it sends."""

    agency = BmetSimulator.agency  # each subclass has its own

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, and keep both sides of it."""
        message = await receive()
        status, headers, parts = 0, {}, []

        async def again() -> Message:
            return message

        async def keep(sent: Message) -> None:
            nonlocal status, headers
            if sent["type"] == "http.response.start":
                status = sent["status"]
                headers = {name.decode(): value.decode() for name, value in sent["headers"]}
            else:
                parts.append(sent.get("body", b""))
            await send(sent)

        await super().app(scope, again, keep)
        if scope["path"].startswith(self.agency.prefix):  # the EC's login is elsewhere
            path, method = scope["path"].removeprefix(self.agency.prefix), scope["method"].lower()
            body, answered = message.get("body", b""), b"".join(parts)
            EXCHANGES.append(Exchange(method, path, body, status, headers, answered))


class WatchedBmet(Watched, BmetSimulator):
    """BMET, watched."""

    agency = BmetSimulator.agency


class WatchedNid(Watched, NidSimulator):
    """The EC, watched."""

    agency = NidSimulator.agency


def operation_of(method: str, path: str) -> dict[str, Any]:
    """The operation of the document that a request is: the one with the fewest parameters that fits its path."""
    fitting = [
        template
        for template in DOCUMENT["paths"]
        if re.fullmatch(re.sub(r"\{[a-z]+\}", "[^/]+", template), path) and method in DOCUMENT["paths"][template]
    ]
    found: dict[str, Any] = DOCUMENT["paths"][min(fitting, key=lambda one: one.count("{"))][method]
    return found


def problems(schema: dict[str, Any], value: object) -> Iterator[str]:
    """What is wrong with a value."""
    validator = OAS31Validator({**schema, "components": DOCUMENT["components"]})
    yield from (f"{error.json_path}: {error.message}" for error in validator.iter_errors(value))


def check_exchanges() -> set[str]:
    """Hold every exchange against the document; the operations that there were."""
    seen = set()
    for method, path, body, status, headers, answered in EXCHANGES:
        operation = operation_of(method, path)
        seen.add(operation["operationId"])
        if "requestBody" in operation:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            assert list(problems(schema, json.loads(body))) == [], operation["operationId"]
        else:
            assert body == b"", operation["operationId"]
        content = operation["responses"][str(status)]["content"]
        media_type = headers["content-type"].partition(";")[0]
        assert media_type in content, operation["operationId"]
        if media_type == "application/json":
            assert list(problems(content[media_type]["schema"], json.loads(answered))) == [], operation["operationId"]
    return seen


@pytest.fixture(autouse=True)
def nothing_said() -> Iterator[None]:
    EXCHANGES.clear()
    yield
    EXCHANGES.clear()


def test_the_document_is_openapi_3_1() -> None:
    validate(DOCUMENT)
    assert DOCUMENT["openapi"] == "3.1.0"


def test_every_operation_of_the_document_is_on_its_page_and_no_other() -> None:
    shown = re.findall(r"^\| `([A-Z]+ /\S*)` \| ([^|]+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    described = [
        (f"{method.upper()} {path}", operation["summary"])
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
        if method != "parameters"
    ]
    assert sorted(shown) == sorted(described)


@pytest.mark.parametrize("table", [AgencyFile, Collection, SlotRules, LookupRules, IssuedRule])
def test_the_simulators_page_has_every_key_of_its_file(table: type[BaseModel]) -> None:
    page = (DOCS / "how-to" / "simulator.md").read_text("utf-8")
    assert [key for key in table.model_fields if f"`{key}`" not in page and f"[{key}" not in page] == []


@pytest.mark.parametrize(
    ("page", "kind"), [("plugin-building-blocks.md", AgencyPlugin), ("simulator.md", ReferenceAgency)]
)
def test_methods_are_overridden_as_the_page_says(page: str, kind: type) -> None:
    text = (DOCS / "how-to" / page).read_text("utf-8")
    shown = re.findall(r"^\| `(?:async )?(\w+)\(([^`)]*)\) -> [^`]*` \|", text, re.MULTILINE)
    taken = {name: ", ".join(list(signature(getattr(kind, name)).parameters)[1:]) for name, _ in shown}
    assert len(taken) > 5
    assert taken == dict(shown)


async def test_client_and_simulator_say_what_the_document_says() -> None:
    desk = ServiceDesk.before(WatchedBmet(), service="bmet.registration")
    platform, clock = desk.platform, desk.simulator.clock
    await platform.check_health("bmet")
    clearance = desk.draft("bmet.clearance")
    desk.simulator.script.set(desk.references.client_reference, "correction")
    await platform.quote_fees(clearance)
    await desk.file(clearance)
    await desk.find(clearance, clock.now())
    await desk.pay(clearance)
    clock.advance(timedelta(days=3))
    await desk.status(clearance)
    await platform.answer_correction(clearance, desk.references, about="1")
    clock.advance(timedelta(days=4))
    [card] = (await desk.status(clearance)).deliverables
    assert desk.reference is not None
    await platform.fetch_deliverable(clearance, agency_reference=desk.reference, deliverable=card)

    course = desk.draft("bmet.orientation")
    await desk.file(course)
    await desk.pay(course)
    now, reference = clock.now(), desk.reference
    batches = await platform.list_slots(
        course, earliest=now, latest=now + timedelta(days=30), agency_reference=reference
    )
    await platform.book_slot(course, desk.references, batches.slots[0])
    for service in ("bmet.card-verification", "bmet.clearance-verification"):
        await platform.submit(desk.draft(service, desk.form(service)), desk.references)

    message = desk.simulator.callback(reference or "")
    posted = DOCUMENT["webhooks"]["standing"]["post"]
    assert {one["name"] for one in posted["parameters"]} < message.headers.keys()
    schema = posted["requestBody"]["content"]["application/json"]["schema"]
    assert list(problems(schema, json.loads(message.body))) == []

    named = {
        one["operationId"] for path in DOCUMENT["paths"].values() for one in path.values() if "operationId" in one
    }
    assert check_exchanges() == named - {"withdraw"}


async def test_a_withdrawal_is_what_the_document_says() -> None:
    desk = ServiceDesk.before(WatchedNid(), service="nid.correction")
    draft = desk.draft()
    await desk.file(draft)
    assert (await desk.platform.withdraw(draft, desk.references)).withdrawn
    assert check_exchanges() == {"file", "withdraw"}
