"""Styles of speaking: form fields, XML, a session that lives in a cookie."""

from typing import Any

from nagorik import (
    AgencyRejected,
    AgencyResponse,
    DefinitelyAbsent,
    Found,
    NagorikError,
    Token,
    hookimpl,
)
from nagorik_toolkit.formats.cookies import SessionCookies
from nagorik_toolkit.formats.xml import XmlModel, element, read_xml
from plugin_styles.plugin import Context, Filed, Stalls, status_of

SPACE = "urn:example:stalls"


class SendsFields(Stalls):
    """Sends the form as form fields."""

    async def file(self, request: Any, context: Context) -> Filed:
        return await context.http.write("file", "POST", "/applications", form=self.content(request), expect=Filed)


class Licence(XmlModel, tag="application", nsmap={"": SPACE}):
    reference: str = element(tag="clientReference")
    nid: str = element()
    stall: str = element()
    market: str = element()


class FiledXml(XmlModel, tag="answer", nsmap={"": SPACE}):
    number: str = element(pattern=r"^ST-[0-9]{6}$")
    word: str = element(min_length=1)
    since: str = element()
    remark: str | None = element(default=None)

    def plain(self) -> Filed:
        return Filed.model_validate(self.model_dump())


class Listed(XmlModel, tag="answer", nsmap={"": SPACE}):
    count: int = element()
    number: str | None = element(default=None)
    word: str | None = element(default=None)
    since: str | None = element(default=None)


class SpeaksXml(Stalls):
    async def file(self, request: Any, context: Context) -> Filed:
        content = self.content(request)
        filing = Licence(
            reference=content["clientReference"], nid=content["nid"], stall=content["stall"], market=content["market"]
        )
        filed = await context.http.write("file", "POST", "/applications", xml=filing, expect=FiledXml)
        return filed.plain()

    async def ask(self, number: str, context: Context) -> Filed:
        return (await context.http.read("status", "GET", f"/applications/{number}", expect=FiledXml)).plain()

    @hookimpl
    async def nagorik_find_submission(self, request: Any, context: Context) -> Any:
        asked = context.clock.now()
        query = {"clientReference": request.client_reference}
        found = await context.http.read("search", "GET", "/applications", params=query, expect=Listed)
        if not found.count:
            return DefinitelyAbsent(as_of=asked)
        filed = Filed.model_validate(found.model_dump(exclude={"count"}))
        return Found(reference=filed.number, status=status_of(filed))


def read_xml_error(answer: AgencyResponse) -> NagorikError | None:
    root = read_xml(answer)
    refused = answer.status == 400 and root is not None and root.tag == f"{{{SPACE}}}error"
    return AgencyRejected("refused") if refused else None


async def open_session(http: Any, settings: Any, _clock: Any) -> Token:
    """The agency says nothing of how long a session lives."""
    form = {"password": settings.password.get_secret_value()}
    return await http.read("login", "POST", "/login", form=form, expect=SessionCookies("session"))


sends_fields, speaks_xml = SendsFields(), SpeaksXml()
