"""The permit office in XML and in SOAP, a plugin that reads it, and one that reads carelessly."""

from typing import Any

from nagorik import (
    Accepted,
    AgencyRejected,
    AgencyStatus,
    ApplicationState,
    ContractViolation,
    NagorikError,
    hookimpl,
)
from nagorik_testing import Codec, MultipartFormat, SoapFormat, XmlFormat
from nagorik_toolkit.formats.soap import Soap, SoapVersion, fault_of
from nagorik_toolkit.formats.xml import XmlModel, element, read_xml
from permit_office.plugin import STATES, Context, Hooks
from permit_office.simulator import PermitOffice

SPACE = "urn:example:permits"


class Filed(XmlModel, tag="answer", nsmap={"": SPACE}):
    number: str = element(pattern=r"^[A-Z0-9-]+$")
    word: str = element(min_length=1)
    desk: int = element()


class Anything(XmlModel, tag="answer", nsmap={"": SPACE}):
    number: str = element(default="P-0000")
    word: str = element(default="RECEIVED")
    desk: str = element(default="")


class XmlOffice(PermitOffice):
    codec = Codec(XmlFormat(namespace=SPACE), requests=[MultipartFormat()])


class SoapOffice(PermitOffice):
    codec = Codec(SoapFormat(SoapVersion.V1_2, namespace=SPACE), requests=[MultipartFormat()])


class ReadsXml(Hooks):
    expect: Any = Filed

    async def file(self, context: Context, content: dict[str, str], papers: Any) -> Any:
        parts = self.parts(content, papers)
        return await context.http.write("file", "POST", "/permits", parts=parts, expect=self.expect)

    async def ask(self, context: Context, number: str) -> Any:
        return await context.http.read("status", "GET", f"/permits/{number}", expect=self.expect)

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        content = {"clientReference": request.client_reference, "nid": request.form.nid.value}
        filed = await self.file(context, content, await self.papers(request, context))
        return Accepted(reference=filed.number, status=told(filed))

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        return told(await self.ask(context, request.agency_reference))


class ReadsSoap(ReadsXml):
    expect = Soap(SoapVersion.V1_2).answer(Filed)


class TakesAnyXml(ReadsXml):
    expect = Anything


def told(filed: Any) -> AgencyStatus:
    state = STATES.get(filed.word)
    return AgencyStatus(state=state, raw=filed.word, final=state is ApplicationState.ISSUED)


def read_xml_error(answer: Any) -> NagorikError | None:
    root = read_xml(answer)
    if root is None or root.tag != f"{{{SPACE}}}error":
        return None
    return meant(answer, root.findtext(f"{{{SPACE}}}error"))


def read_soap_fault(answer: Any) -> NagorikError | None:
    fault = fault_of(answer)
    return None if fault is None else meant(answer, fault.detail[0].findtext(f"{{{SPACE}}}error"))


def meant(answer: Any, word: str | None) -> NagorikError | None:
    if answer.status < 300:
        return ContractViolation("error-with-success-status")
    return AgencyRejected("office-shut") if word == "the office is shut" else None
