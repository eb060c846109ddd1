"""XML: models of what an agency writes and reads, mapped by pydantic-xml and parsed by lxml. Needs the extra ``xml``.

An agency's XML is a stranger's: document types, entities and what they refer to are refused and never resolved, and
what is nested deeper than 256 elements is not read.
"""

from typing import Any, Final, Generic, Self, TypeVar, cast

from lxml import etree
from pydantic_xml import BaseXmlModel, ParsingError, attr, element, wrapped

from nagorik.http import AgencyResponse, Body, WireModel

__all__ = ["XmlModel", "XmlReader", "attr", "element", "read_xml", "wrapped", "write_xml"]

XML: Final = "application/xml"
DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
ModelT = TypeVar("ModelT", bound="XmlModel")


class XmlModel(BaseXmlModel, WireModel):
    """Base of a plugin's models of its agency's XML: what a request sends as ``xml=``, and what ``expect`` names.

    Fields are declared with ``element()``, ``attr()`` and ``wrapped()``; the element's own name and namespaces stand
    in the class: ``class Filing(XmlModel, tag="filing", nsmap={"": "urn:example"})``. What the agency adds is
    ignored. Fields that are ``None`` are left out of what is sent.
    """

    @classmethod
    def answer_reader(cls) -> "XmlReader[Self]":
        """What reads an answer into this model."""
        return XmlReader(cls)

    def to_body(self) -> Body:
        """It as a body, in UTF-8 with an XML declaration."""
        return Body(write_xml(self), f"{XML}; charset=utf-8")


class XmlReader(Generic[ModelT]):
    """Reads answers that should be XML of one model."""

    format: Final = "xml"
    accept: Final = f"{XML}, text/xml"

    def __init__(self, model: type[ModelT]) -> None:
        self.model: type[ModelT] = model

    def read(self, answer: AgencyResponse) -> ModelT:
        """As ``AnswerReader.read``."""
        root = read_xml(answer)
        if root is None:
            raise ValueError("the answer is no XML")
        return model_of(root, self.model)

    def recognises(self, answer: AgencyResponse) -> bool:
        """As ``AnswerReader.recognises``; the page of a proxy that happens to be well-formed is none."""
        root = read_xml(answer)
        return root is not None and str(root.tag).rpartition("}")[2].lower() != "html"


def read_xml(answer: AgencyResponse) -> etree._Element | None:
    """The root of an answer that is XML, whatever its label says; ``None`` of any other, and of a forbidden one.

    For an ``error_reader``, which meets every answer. The character set that the label names wins over the one that
    the document declares (RFC 7303, 3).
    """
    stated = answer.text if "charset=" in (answer.content_type or "").lower() else None
    document = answer.body if stated is None else stated.encode("utf-8", "replace")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding=None if stated is None else "utf-8",
    )
    try:
        root = etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError):
        return None
    # The library's stubs do not know the type that they name.
    return None if cast("Any", root.getroottree().docinfo).doctype else root


def model_of(root: etree._Element, model: type[ModelT]) -> ModelT:
    """An element as a model.

    Raises:
        ValueError: It is another element, or (a ``ValidationError``) does not fit the model.
    """
    try:
        return model.from_xml_tree(cast("Any", root))
    except ParsingError:
        wrong = ValueError("the root is another element")
    raise wrong


def write_xml(model: BaseXmlModel) -> bytes:
    """A model as a document in UTF-8, with an XML declaration, and without what is ``None``."""
    return DECLARATION.encode() + cast("bytes", model.to_xml(encoding="utf-8", exclude_none=True))
