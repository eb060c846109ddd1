"""XML and SOAP, for simulators. Needs ``nagorik-testing[xml]``.

Plain values stand for a document: an object for an element, a list for a repeated one, ``"@id"`` for an attribute and
``"#text"`` for the text beside attributes. Faults change the bytes that the simulator wrote, whoever wrote them:
prefixes and namespaces stay as they are.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from email.message import Message
from typing import Any, Final, cast

from lxml import etree
from pydantic import JsonValue

from nagorik.http import AgencyResponse
from nagorik.values import to_bangla_digits
from nagorik_testing.faults.kinds import Shape
from nagorik_testing.wire.codec import BROKEN, Format
from nagorik_toolkit.formats.soap import SoapVersion
from nagorik_toolkit.formats.xml import read_xml

_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_LAST_TEXT: Final = re.compile(rb">[^<>\s][^<>]*<")


class XmlFormat(Format):
    """XML in UTF-8; what is asked for is read by local names, whatever prefixes it has."""

    name = "XML"

    def __init__(self, root: str = "answer", *, error: str = "error", namespace: str | None = None) -> None:
        """Choose.

        Args:
            root: The root element of an answer that is called nothing else.
            error: The root element of an error.
            namespace: That of every element.
        """
        self._root = root
        self._error = error
        self._namespace = namespace

    @property
    def media_type(self) -> str:
        """``application/xml``."""
        return "application/xml"

    def takes(self, media_type: str) -> bool:
        """``application/xml`` and ``text/xml``."""
        return media_type in {"application/xml", "text/xml"}

    def read(self, body: bytes, content_type: str) -> JsonValue:
        """As ``Format.read``: what stands in the root, as an object."""
        value = _value(self._payload(self._received(body, content_type)))
        return value if isinstance(value, dict) else {"#text": value} if value else {}

    def is_called(self, body: bytes, headers: Mapping[str, str], name: str) -> bool:
        """As ``RequestFormat.is_called``: the element's name, and the namespace of each element in it."""
        payload = self._payload(self._received(body, headers.get("content-type", "")))
        spaces = {etree.QName(each).namespace for each in payload.iter()}
        return _local(payload.tag) == name and spaces == {self._namespace}

    def _received(self, body: bytes, content_type: str) -> etree._Element:
        root = read_xml(AgencyResponse(200, [(b"content-type", content_type.encode())], body))
        if root is None:
            raise ValueError("the request is no XML")
        return root

    def write(self, document: JsonValue, *, name: str | None = None, error: bool = False) -> bytes:
        """As ``Format.write``; an object without a name is the root element that the agency has for it."""
        return _written(self._element(document, name or (self._error if error else self._root)))

    def _element(self, document: JsonValue, tag: str) -> etree._Element:
        space = self._namespace
        # The library's stubs have no word for the default namespace.
        root = etree.Element(etree.QName(space, tag), nsmap=cast("Any", None if space is None else {None: space}))
        _fill(root, document)
        return root

    def _payload(self, root: etree._Element) -> etree._Element:
        """The element that holds what is said.

        Raises:
            ValueError: There is none.
        """
        return root

    def _opened(self, body: bytes) -> tuple[etree._Element, etree._Element]:
        """The root of an answer, and the element in it that holds what is said."""
        root = self._parsed(body)
        return root, self._payload(root)

    def _parsed(self, body: bytes) -> etree._Element:
        root = read_xml(AgencyResponse(200, [(b"content-type", self.content_type().encode())], body))
        if root is None:
            raise ValueError("the answer is no XML")
        return root

    def places(self, body: bytes) -> list[tuple[str, str]]:
        """As ``Format.places``: ``items.item.1.state``, the number standing among elements of one name."""
        return list(_places(self._opened(body)[1], ()))

    def altered(
        self, body: bytes, remove: Iterable[str], put: dict[str, JsonValue], rename: dict[str, str] | None = None
    ) -> bytes:
        """As ``Format.altered``."""
        root, payload = self._opened(body)
        for place, name in (rename or {}).items():
            _rename(payload, place.split("."), name)
        for place in remove:
            _remove(payload, place.split("."))
        for place, value in put.items():
            _put(payload, place.split("."), value)
        return _written(root)

    def reshaped(self, body: bytes, how: Shape) -> bytes:
        """As ``Format.reshaped``; what XML has no types for stays as it is."""
        root, payload = self._opened(body)
        match how:
            case "numbers-as-text":
                return body
            case "in-list":
                root = self._inside(root, payload)
            case "double-encoded":
                inner = etree.tostring(payload, encoding="unicode")
                _empty(payload)
                payload.text = inner
            case "null" | "no-fields":
                _empty(payload)
                if how == "null":
                    payload.set(_NIL, "true")
            case "nulls" | "bangla-digits":
                _change_texts(payload, to_bangla_digits if how == "bangla-digits" else lambda _: "")
        return _written(root)

    def _inside(self, root: etree._Element, payload: etree._Element) -> etree._Element:
        """The document with its payload inside a further element."""
        outer = etree.Element(etree.QName(etree.QName(payload).namespace, "list"), nsmap=cast("Any", payload.nsmap))
        above = payload.getparent()
        if above is None:
            outer.append(payload)
            return outer
        above.replace(payload, outer)
        outer.append(payload)
        return root

    def with_broken_text(self, body: bytes) -> bytes:
        """As ``Format.with_broken_text``."""
        texts = list(_LAST_TEXT.finditer(body))
        if not texts:
            raise ValueError("the answer has no text")
        place = texts[-1].end() - 1
        return body[:place] + BROKEN + body[place:]


class SoapFormat(XmlFormat):
    """SOAP 1.1 or 1.2; what is said is the first element of the envelope's body, and an error is a fault."""

    name = "SOAP"

    def __init__(
        self,
        version: SoapVersion = SoapVersion.V1_1,
        root: str = "answer",
        *,
        error: str = "error",
        namespace: str | None = None,
        action: str | None = None,
    ) -> None:
        """Choose.

        Args:
            version: 1.1 or 1.2.
            root: The element in the body of an answer that is called nothing else.
            error: The element in a fault's detail.
            namespace: That of every element but SOAP's own.
            action: The action of each request, with ``{name}`` where the name of its element stands; any if not
                given.
        """
        super().__init__(root, error=error, namespace=namespace)
        self._version = version
        self._action = action

    @property
    def media_type(self) -> str:
        """``text/xml`` for 1.1, ``application/soap+xml`` for 1.2."""
        return "text/xml" if self._version is SoapVersion.V1_1 else "application/soap+xml"

    def takes(self, media_type: str) -> bool:
        """The version's own label."""
        return media_type == self.media_type

    def is_called(self, body: bytes, headers: Mapping[str, str], name: str) -> bool:
        """As ``XmlFormat.is_called``, and by the action that is asked for."""
        wanted = self._action is None or self._asked(headers) == self._action.format(name=name)
        return wanted and super().is_called(body, headers, name)

    def _asked(self, headers: Mapping[str, str]) -> str | None:
        """The action of a request, which each version writes in another place."""
        if self._version is SoapVersion.V1_1:
            return headers.get("soapaction", "").strip('"')
        label = Message()
        label["content-type"] = headers.get("content-type", "")
        action = label.get_param("action")
        return action if isinstance(action, str) else None

    def write(self, document: JsonValue, *, name: str | None = None, error: bool = False) -> bytes:
        """As ``Format.write``; an error's document is the fault's detail, its ``code`` the fault's own."""
        if error:
            return _written(self._enveloped(self._fault(document, name or self._error)))
        return _written(self._enveloped(self._element(document, name or self._root)))

    def _enveloped(self, content: etree._Element) -> etree._Element:
        envelope = etree.Element(self._own("Envelope"), nsmap={"soap": self._version.value})
        etree.SubElement(envelope, self._own("Body")).append(content)
        return envelope

    def _fault(self, document: JsonValue, name: str) -> etree._Element:
        stated = document.get("code") if isinstance(document, dict) else None
        word = stated if isinstance(stated, str) else None
        fault = etree.Element(self._own("Fault"), nsmap={"soap": self._version.value})
        if self._version is SoapVersion.V1_1:
            etree.SubElement(fault, "faultcode").text = f"soap:{word or 'Client'}"
            etree.SubElement(fault, "faultstring").text = "refused"
            detail = etree.SubElement(fault, "detail")
        else:
            code = etree.SubElement(fault, self._own("Code"))
            etree.SubElement(code, self._own("Value")).text = "soap:Sender"
            if word is not None:
                below = etree.SubElement(code, self._own("Subcode"))
                etree.SubElement(below, self._own("Value")).text = word
            reason = etree.SubElement(fault, self._own("Reason"))
            etree.SubElement(reason, self._own("Text")).text = "refused"
            detail = etree.SubElement(fault, self._own("Detail"))
        detail.append(self._element(document, name))
        return fault

    def _payload(self, root: etree._Element) -> etree._Element:
        body = root.find(self._own("Body")) if root.tag == self._own("Envelope") else None
        if body is None or len(body) == 0:
            raise ValueError(f"no envelope of {self.name} with a body")
        return body[0]

    def _own(self, name: str) -> str:
        return f"{{{self._version.value}}}{name}"


def _written(root: etree._Element) -> bytes:
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _local(name: object) -> str:
    return str(name).rpartition("}")[2]


def _value(element: etree._Element) -> JsonValue:
    parts: dict[str, JsonValue] = {f"@{_local(name)}": str(value) for name, value in element.attrib.items()}
    for child in element:
        name, value = _local(child.tag), _value(child)
        if name not in parts:
            parts[name] = value
        elif isinstance(seen := parts[name], list):
            seen.append(value)
        else:
            parts[name] = [seen, value]
    text = (element.text or "").strip()
    if not parts:
        return text
    return {**parts, "#text": text} if text else parts


def _fill(element: etree._Element, value: JsonValue) -> None:
    """Put a value into an element; what is ``None`` within it is left out."""
    space = etree.QName(element).namespace
    if isinstance(value, dict):
        for name, part in value.items():
            if name == "#text":
                element.text = _text(part)
            elif part is None:
                continue
            elif name.startswith("@"):
                element.set(name[1:], _text(part))
            else:
                for each in part if isinstance(part, list) else [part]:
                    _fill(etree.SubElement(element, etree.QName(space, name)), each)
    elif isinstance(value, list):
        for each in value:
            _fill(etree.SubElement(element, etree.QName(space, "item")), each)
    elif value is not None:
        element.text = _text(value)


def _text(value: JsonValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _empty(element: etree._Element) -> None:
    for name in list(element.attrib):
        del element.attrib[name]
    for child in list(element):
        element.remove(child)
    element.text = None


def _change_texts(element: etree._Element, change: Callable[[str], str]) -> None:
    for each in element.iter():
        if len(each) == 0:
            each.text = change(each.text or "") or None
        for name, value in each.attrib.items():
            each.set(name, change(str(value)))


def _places(element: etree._Element, steps: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for name, value in element.attrib.items():
        yield ".".join((*steps, f"@{_local(name)}")), str(value)
    text = (element.text or "").strip()
    if len(element) == 0 and text and steps:
        yield ".".join(steps), text
    names = [_local(child.tag) for child in element]
    for number, child in enumerate(element):
        name = names[number]
        several = (name, str(names[:number].count(name))) if names.count(name) > 1 else (name,)
        yield from _places(child, (*steps, *several))


def _found(element: etree._Element, steps: list[str]) -> etree._Element | None:
    """The element at a place; the first of several without a number."""
    here: list[etree._Element] = [element]
    for step in steps:
        if step.isdigit():
            here = here[int(step) : int(step) + 1]
        else:
            here = [child for child in here[0] if _local(child.tag) == step] if here else []
    return here[0] if here else None


def _remove(payload: etree._Element, steps: list[str]) -> None:
    if steps[-1].startswith("@"):
        holder = _found(payload, steps[:-1])
        if holder is not None:
            holder.attrib.pop(steps[-1][1:], "")
        return
    element = _found(payload, steps)
    above = None if element is None else element.getparent()
    if element is not None and above is not None:
        above.remove(element)


def _rename(payload: etree._Element, steps: list[str], name: str) -> None:
    element = _found(payload, steps)
    if element is not None:
        element.tag = etree.QName(etree.QName(element).namespace, name).text


def _put(payload: etree._Element, steps: list[str], value: JsonValue) -> None:
    if steps[-1].startswith("@"):
        holder = _found(payload, steps[:-1])
        if holder is not None:
            holder.set(steps[-1][1:], _text(value))
        return
    element = _found(payload, steps)
    if element is None:
        above = _found(payload, steps[:-1])
        if above is None or steps[-1].isdigit():
            return
        neighbour = above[0] if len(above) else above
        element = etree.Element(etree.QName(etree.QName(neighbour).namespace, steps[-1]))
        # Before all others, where a reader that goes by their number and not by their names loses its place.
        above.insert(0, element)
    _empty(element)
    _fill(element, value)
