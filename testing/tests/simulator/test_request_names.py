"""A request is refused by what it is called, where the agency's wire has names for that."""

import httpx
import pytest
from starlette.requests import Request

from nagorik_testing import (
    Codec,
    DocumentResponse,
    FormFormat,
    InjectedResponse,
    JsonFormat,
    Simulator,
    SimulatorTransport,
    SoapFormat,
    XmlFormat,
    content_of,
    routes_of,
)
from nagorik_toolkit.formats.soap import Soap, SoapVersion
from nagorik_toolkit.formats.xml import XmlModel, element

SPACE = "urn:example:notary"
ACTION = SPACE + "#{name}"


class Deed(XmlModel, tag="deed", nsmap={"": SPACE}):
    subject: str = element()


class Will(XmlModel, tag="will", nsmap={"": SPACE}):
    subject: str = element()


class DeedOfNoSpace(XmlModel, tag="deed"):
    subject: str = element()


class DeedOfTwoSpaces(XmlModel, tag="deed", nsmap={"": SPACE, "old": "urn:example:old"}):
    subject: str = element(ns="old")


class Notary(Simulator):
    plugin_id = "notary"
    modelled = "সবই কল্পিত। / All of it is invented."
    outcomes = ("keep",)

    def open_office(self):
        """Nothing is kept."""

    def routes(self):
        return routes_of({"POST /deeds": self.take})

    def settings(self, base_url):
        return {"base_url": base_url}

    async def take(self, request: Request) -> DocumentResponse:
        return DocumentResponse(await content_of(request, "deed"))


async def answered(codec, content, headers):
    notary = type("Office", (Notary,), {"codec": codec})()
    async with httpx.AsyncClient(transport=SimulatorTransport(notary), base_url="http://notary") as client:
        answer = await client.post("/deeds", content=content, headers=headers)
    return answer.status_code, answer.text


def sent(request):
    body = request.to_body()
    return body.content, {"content-type": body.content_type, **body.headers}


class Registry(Notary):
    """One address for all that is asked."""

    def routes(self):
        return routes_of({"POST /service deed": self.take, "POST /service will": self.take}, guard=lambda _: None)

    async def take(self, request: Request) -> DocumentResponse:
        return DocumentResponse(await content_of(request))


def of_soap(name):
    model = {"deed": Deed, "will": Will}.get(name, DeedOfNoSpace)
    return sent(Soap().request(model(subject="a field"), action=f"{SPACE}#{name}"))


ONE_ADDRESS = {
    "JSON": (Codec(JsonFormat(), named_by="method"), lambda name: (b'{"method":"%s"}' % name.encode(), {})),
    "a form": (
        Codec(JsonFormat(), requests=[FormFormat()], named_by="method"),
        lambda name: (f"method={name}".encode(), {"content-type": "application/x-www-form-urlencoded"}),
    ),
    "SOAP": (Codec(SoapFormat(namespace=SPACE, action=ACTION)), of_soap),
}


@pytest.mark.parametrize(("codec", "written"), ONE_ADDRESS.values(), ids=ONE_ADDRESS)
async def test_agency_with_one_address_names_its_operations_by_what_is_called(codec, written):
    office = type("OneAddress", (Registry,), {"codec": codec})()
    never = office.faults.add("POST /service will", InjectedResponse(status=503))
    async with httpx.AsyncClient(transport=SimulatorTransport(office), base_url="http://office") as client:
        answers = []
        for name in ("deed", "will", "lease"):
            content, headers = written(name)
            answers.append((await client.post("/service", content=content, headers=headers)).status_code)

    assert [one.operation for one in office.ledger.requests()] == ["POST /service deed", never.operation, "unrouted"]
    assert answers == [200, 503, 404]


@pytest.mark.parametrize(
    ("model", "status"), [(Deed, 200), (Will, 400), (DeedOfNoSpace, 400), (DeedOfTwoSpaces, 400)]
)
@pytest.mark.parametrize("version", [None, *SoapVersion])
async def test_element_and_namespace_are_the_agencys(version, model, status):
    deed = model(subject="a field")
    written = XmlFormat(namespace=SPACE) if version is None else SoapFormat(version, namespace=SPACE)
    request = deed if version is None else Soap(version).request(deed, action="any")

    code, told = await answered(Codec(written), *sent(request))

    assert code == status
    assert ("a field" if status == 200 else "deed is expected") in told


@pytest.mark.parametrize(("action", "status"), [(f"{SPACE}#deed", 200), (f"{SPACE}#will", 400), ("", 400)])
@pytest.mark.parametrize("version", SoapVersion)
async def test_action_is_that_of_the_element(version, action, status):
    codec = Codec(SoapFormat(version, namespace=SPACE, action=ACTION))

    code, _ = await answered(codec, *sent(Soap(version).request(Deed(subject="a field"), action=action)))

    assert code == status


async def test_request_without_a_body_is_called_nothing():
    assert (await answered(Codec(XmlFormat(namespace=SPACE)), b"", {}))[0] == 400
    assert (await answered(Codec(JsonFormat()), b"", {}))[0] == 200


async def test_json_has_no_names():
    assert await answered(Codec(JsonFormat()), b'{"subject":"a field"}', {}) == (200, '{"subject":"a field"}')
