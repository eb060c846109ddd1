"""XML: models of what an agency writes and reads, mapped by pydantic-xml and parsed by lxml. Needs the extra ``xml``.

An agency's XML is a stranger's: document types, entities and what they refer to are refused and never resolved, and
what is nested deeper than 256 elements, or has more than ``MOST_NODES`` elements and attributes, is not read.
"""

from typing import Any, Final, Generic, Self, TypeVar, cast

from lxml import etree
from pydantic import ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_xml import BaseXmlModel, ParsingError, attr, element, wrapped
from pydantic_xml.element.element import SearchMode
from pydantic_xml.model import XmlModelMeta

from nagorik.http import AgencyResponse, Body, WireModel
from nagorik.privacy import MOST_PROBLEMS, ModelType

__all__ = ["XmlModel", "XmlReader", "attr", "element", "read_xml", "wrapped", "write_xml"]

XML: Final = "application/xml"
DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
MOST_NODES: Final = 20_000
"""Elements and attributes together that are mapped, at most: each becomes an object, and each may be wrong."""
MOST_NAMES: Final = 4_000_000
"""Characters in the names of what is mapped, at most. Each name is written out with its namespace, which a document
states once and repeats with every element."""
_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
_HTML: Final = frozenset(
    {
        "html",
        "head",
        "body",
        "title",
        "script",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "div",
        "center",
        "span",
        "font",
    }
    | {"b", "i", "pre", "tt", "br", "hr", "a", "img", "table", "ul", "ol", "dl"}
)
"""Elements with which a page begins, or what a proxy sends in place of a whole one."""
ModelT = TypeVar("ModelT", bound="XmlModel")


# In the library's usual mode, an element that the agency adds before a known one hides that one and all behind it. In
# its unordered mode, elements of one name can change places.
class XmlModelType(XmlModelMeta, ModelType):
    """Type of an ``XmlModel``."""


class XmlModel(BaseXmlModel, WireModel, metaclass=XmlModelType, search_mode=SearchMode.ORDERED):
    """Base of a plugin's models of its agency's XML: what a request sends as ``xml=``, and what ``expect`` names.

    Fields are declared with ``element()``, ``attr()`` and ``wrapped()``; the element's own name and namespaces stand
    in the class: ``class Filing(XmlModel, tag="filing", nsmap={"": "urn:example"})``. Elements stand in the order of
    the fields; what the agency adds is ignored, wherever it stands. Fields that are ``None`` are left out of what is
    sent.
    """

    model_config = ConfigDict(defer_build=False)  # the serializer for XML is built with the class alone

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """As pydantic's; of a document that is mapped, no further elements once some hundreds of them are wrong."""
        try:
            return super().model_validate(obj, **options)
        except ValidationError:
            # The mapper goes on with the next element, and keeps a kilobyte for each that is wrong.
            mapping = options.get("context")
            if isinstance(mapping, _Mapping):
                mapping.wrong += 1
                if mapping.wrong > MOST_PROBLEMS:
                    raise _TooManyProblems from None
            raise

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
        """As ``AnswerReader.recognises``; a page of a proxy that happens to be well-formed is not the agency's.

        What is labelled ``text/html`` is such a page, and so is what begins with an element of HTML.
        """
        label = (answer.content_type or "").partition(";")[0].strip().lower()
        root = None if label in _PAGES else read_xml(answer)
        return root is not None and str(root.tag).rpartition("}")[2].lower() not in _HTML


def read_xml(answer: AgencyResponse) -> etree._Element | None:
    """The root of an answer that is XML, however it is labelled; ``None`` of any other, and of a forbidden one.

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
        ValueError: It is another element, or has more in it than is mapped, or (a ``ValidationError``) does not fit
            the model.
    """
    if _is_too_much(root):
        raise ValueError("the document has more in it than is mapped")
    wrong: ValueError
    try:
        return model.from_xml_tree(cast("Any", root), context=_Mapping())
    except ParsingError:
        wrong = ValueError("the root is another element")
    except _TooManyProblems:
        reason = PydanticCustomError("too_many_problems", "too many things are wrong")
        line = InitErrorDetails(type=reason, loc=(), input=None)
        wrong = ValidationError.from_exception_data(model.__name__, [line], hide_input=True)
    raise wrong


class _TooManyProblems(Exception):
    """Elements of a document are wrong by the hundred."""


class _Mapping(dict[str, Any]):
    """What is counted while one document is mapped; the validation context, which holds nothing for validators."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong = 0


def _is_too_much(root: etree._Element) -> bool:
    """Whether an element has more nodes in it, or longer names, than are mapped; it looks no further than that."""
    nodes = names = 0
    for node in root.iter():
        nodes += 1 + len(node.attrib)
        if nodes > MOST_NODES:
            return True
        names += len(node.tag)
        for name in node.attrib:
            names += len(name)
            if names > MOST_NAMES:
                return True
        if names > MOST_NAMES:
            return True
    return False


def write_xml(model: BaseXmlModel) -> bytes:
    """A model as a document in UTF-8, with an XML declaration, and without what is ``None``."""
    return DECLARATION.encode() + cast("bytes", model.to_xml(encoding="utf-8", exclude_none=True))
