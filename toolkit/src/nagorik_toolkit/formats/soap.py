"""SOAP 1.1 and 1.2: the envelope around a model of XML, and the faults that come in place of an answer."""

from dataclasses import dataclass
from enum import Enum
from typing import Final, Generic, TypeVar

from lxml import etree
from pydantic_xml import BaseXmlModel

from nagorik.http import AgencyResponse, Body
from nagorik_toolkit.formats.xml import DECLARATION, XmlModel, model_of, read_xml, write_xml

ModelT = TypeVar("ModelT", bound=XmlModel)


class SoapVersion(Enum):
    """A version of SOAP; its value is the namespace of its envelope."""

    V1_1 = "http://schemas.xmlsoap.org/soap/envelope/"
    V1_2 = "http://www.w3.org/2003/05/soap-envelope"


_PREFIX: Final = "soap"


@dataclass(frozen=True, slots=True)
class SoapFault:
    """What an agency says in place of an answer.

    Attributes:
        code: Its code without a prefix: ``Client`` or ``Server`` in SOAP 1.1, ``Sender`` or ``Receiver`` in 1.2, or a
            word of the agency's below it.
        reason: Its sentence, which may quote what was sent.
        detail: The elements of its detail.
    """

    code: str
    reason: str
    detail: tuple[etree._Element, ...] = ()

    def __repr__(self) -> str:
        return f"<SoapFault {self.code}>"


@dataclass(frozen=True, slots=True)
class Soap:
    """One way in which an agency speaks SOAP.

    Attributes:
        version: 1.1 or 1.2.
    """

    version: SoapVersion = SoapVersion.V1_1

    def request(self, content: BaseXmlModel, *, action: str, header: BaseXmlModel | None = None) -> "SoapRequest":
        """A request's envelope: what ``xml=`` takes.

        Args:
            content: What stands in its body.
            action: What is asked for, as the agency's WSDL names it.
            header: What stands in its header, such as a user and password of the agency's own making.
        """
        return SoapRequest(self.version, content, action, header)

    def answer(self, model: type[ModelT]) -> "SoapReader[ModelT]":
        """Reads an answer's envelope, what ``expect`` takes: its one body is to hold ``model`` and nothing else.

        A fault does not fit. A plugin's ``error_reader`` recognises it with ``fault_of`` before.
        """
        return SoapReader(self.version, model)


@dataclass(frozen=True, slots=True, repr=False)
class SoapRequest:
    """A request's envelope."""

    version: SoapVersion
    content: BaseXmlModel
    action: str
    header: BaseXmlModel | None = None

    def to_body(self) -> Body:
        """It as a body, in UTF-8, with the action where this version has it."""
        if not self.action.isascii() or not self.action.isprintable() or '"' in self.action:
            raise ValueError("an action is printable ASCII without quotes")
        envelope = self._envelope()
        if self.version is SoapVersion.V1_1:
            return Body(envelope, "text/xml; charset=utf-8", {"SOAPAction": f'"{self.action}"'})
        return Body(envelope, f'application/soap+xml; charset=utf-8; action="{self.action}"')

    def _envelope(self) -> bytes:
        # Written by hand around what the models write, so that their prefixes stay as they are declared: agencies are
        # known that compare them as text.
        parts = [f'{DECLARATION}<{_PREFIX}:Envelope xmlns:{_PREFIX}="{self.version.value}">']
        if self.header is not None:
            parts.append(f"<{_PREFIX}:Header>{_inner(self.header)}</{_PREFIX}:Header>")
        parts.append(f"<{_PREFIX}:Body>{_inner(self.content)}</{_PREFIX}:Body></{_PREFIX}:Envelope>")
        return "".join(parts).encode()


def _inner(model: BaseXmlModel) -> str:
    """A model as XML without a declaration."""
    return write_xml(model).decode().removeprefix(DECLARATION)


class SoapReader(Generic[ModelT]):
    """Reads what stands in an envelope's body."""

    format: Final = "soap"

    def __init__(self, version: SoapVersion, model: type[ModelT]) -> None:
        self._version = version
        self.model: type[ModelT] = model

    @property
    def accept(self) -> str:
        """As ``AnswerReader.accept``."""
        return "text/xml" if self._version is SoapVersion.V1_1 else "application/soap+xml, text/xml"

    def read(self, answer: AgencyResponse) -> ModelT:
        """As ``AnswerReader.read``."""
        body = _body_of(answer)
        if body is None or len(body) == 0:
            raise ValueError("the answer is no envelope with one element in its body")
        return model_of(body[0], self.model)

    def recognises(self, answer: AgencyResponse) -> bool:
        """As ``AnswerReader.recognises``: any clear envelope is the agency's, a fault's too."""
        return _body_of(answer) is not None


def fault_of(answer: AgencyResponse) -> SoapFault | None:
    """The fault that an answer brings, in either version and any status; ``None`` where it brings no fault."""
    body = _body_of(answer)
    if body is None:
        return None
    for version in SoapVersion:
        fault = body.find(f"{{{version.value}}}Fault")
        if fault is not None:
            return _fault_1_1(fault) if version is SoapVersion.V1_1 else _fault_1_2(fault, f"{{{version.value}}}")
    return None


def _fault_1_1(fault: etree._Element) -> SoapFault:
    detail = fault.find("detail")
    return SoapFault(
        _local(fault.findtext("faultcode")),
        (fault.findtext("faultstring") or "").strip(),
        () if detail is None else tuple(detail),
    )


def _fault_1_2(fault: etree._Element, space: str) -> SoapFault:
    code = fault.find(f"{space}Code")
    below = code.findtext(f"{space}Subcode/{space}Value") if code is not None else None
    detail = fault.find(f"{space}Detail")
    return SoapFault(
        _local(below or (code.findtext(f"{space}Value") if code is not None else None)),
        (fault.findtext(f"{space}Reason/{space}Text") or "").strip(),
        () if detail is None else tuple(detail),
    )


def _local(name: str | None) -> str:
    """A qualified name without its prefix."""
    return (name or "").strip().rpartition(":")[2]


def _body_of(answer: AgencyResponse) -> etree._Element | None:
    """The one body of an envelope; ``None`` where it says two things: two bodies, or two elements in one."""
    root = read_xml(answer)
    spaces = [f"{{{version.value}}}" for version in SoapVersion]
    space = next((one for one in spaces if root is not None and root.tag == f"{one}Envelope"), None)
    bodies = root.findall(f"{space}Body") if root is not None and space is not None else []
    return bodies[0] if len(bodies) == 1 and len(bodies[0]) <= 1 else None
