"""What is left of an agency's answer once nobody is in it any more: structure, types, formats and words.

Nothing is kept because it looks harmless. A string is kept only where the plugin's own code or data holds it too;
everything else gives way to its shape. A field's name is kept where the plugin knows it or where it is written as
names of fields are; of any other only its place among those is left. Names that are another applicant's others, and
those of an object whose fields all hold the same, are no names of fields: somebody's name or number stands there.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from pydantic import JsonValue

from nagorik.values import to_ascii_digits

_WORD: Final = re.compile(r"[A-Z](?:[A-Z]|[_-](?=[A-Z])){1,23}")
_KEY: Final = re.compile(r"[a-z_$@][A-Za-z_$:-]{0,39}")
"""A field's name. One with a capital first, a digit, a dot or an ``@`` in it may be somebody's, put where a name
belongs."""
_DATA_KEY: Final = re.compile(r"<?key(?:-\d+)?>?")
_STANDARD_SPACES: Final = frozenset(
    {
        "http://schemas.xmlsoap.org/soap/envelope/",
        "http://www.w3.org/2003/05/soap-envelope",
        "http://www.w3.org/2001/XMLSchema",
        "http://www.w3.org/2001/XMLSchema-instance",
        "http://www.w3.org/XML/1998/namespace",
        "http://www.w3.org/2000/09/xmldsig#",
        "http://www.w3.org/2005/08/addressing",
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
    }
)
_LONG_NUMBER: Final = re.compile(r"\d{4,}")
_SUBJECTS: Final = "state|status|stage|step|result|outcome|decision|verdict|error|code|type|kind"
_WORDED: Final = re.compile(
    rf"(?:^|_)(?i:{_SUBJECTS})s?$|(?<=[a-z])(?:{'|'.join(word.title() for word in _SUBJECTS.split('|'))})s?$"
)
"""Fields in which an upper-case word is the agency's: one that the plugin does not know is told from free text."""
_TOKEN: Final = re.compile(r"token|secret|password|cookie|authori[sz]ation|session", re.IGNORECASE)
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DIGITS: Final = re.compile(r"[0-9]+")
_DECIMAL: Final = re.compile(r"-?[0-9]+\.([0-9]+)")
_CODE: Final = re.compile(r"[A-Za-z0-9]+(?:[-/_.:][A-Za-z0-9]+)*")
_BANGLA: Final = re.compile(r"[ঀ-৿]")
_SEGMENT: Final = re.compile(r"v[0-9]{1,2}")
_FEW_DIGITS: Final = 6
"""Up to here a number's length says how much it is, not what it is."""
_MEDIA: Final = re.compile(r"[a-z]+/[a-z.+-]*(?:v?\d{1,2}[a-z.+-]*)?")
_FEWEST_KEYS: Final = 2
"""Fields from which on an object may be a list by somebody's names; one alone tells nothing."""
_LENGTHS: Final = (4, 11, 20, 50, 200)
_STYLES: Final = (
    ("YYYY-MM-DD", re.compile(r"\d{4}-\d\d-\d\d"), "%Y-%m-%d"),
    ("DD/MM/YYYY", re.compile(r"\d\d/\d\d/\d{4}"), "%d/%m/%Y"),
    ("DD-MM-YYYY", re.compile(r"\d\d-\d\d-\d{4}"), "%d-%m-%Y"),
    ("DD.MM.YYYY", re.compile(r"\d\d\.\d\d\.\d{4}"), "%d.%m.%Y"),
    ("YYYY/MM/DD", re.compile(r"\d{4}/\d\d/\d\d"), "%Y/%m/%d"),
)
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d([T ])\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?")
_SHAPE: Final = re.compile(
    r"<[a-z0-9-]+(?: [A-Za-z/.-]+)?>|(?:text|word|date|digits|decimal|code|uuid|token)\([^()]*\)"
)
_SPELT: Final = re.compile(
    r"\d{1,2}[ -](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ -]\d{4}(?:[ T]\d\d:\d\d(?::\d\d)?)?"
    r"|\d\d[/-]\d\d[/-]\d{4}[ T]\d\d:\d\d(?::\d\d)?",
    re.IGNORECASE,
)
"""Dates as agencies print them."""
_NOTHING_WRITTEN: Final = "text(0)"
EMPTY: Final = "an empty text"
"""What of the shape of an empty text counts."""
_SHORTEST: Final = 3
"""Letters or digits from which on something known is looked for inside another text."""


@dataclass(frozen=True, slots=True, repr=False)
class Known:
    """What is known to be somebody's, by kind, such as ``nid``; each kind's values in a stable order."""

    values: Mapping[str, Sequence[str]]
    birth_dates: tuple[date, ...] = ()


class Scrubber:
    """Takes people out of the answers of one call. The same value gets the same placeholder throughout."""

    def __init__(self, known: Known, constants: frozenset[str], varying: frozenset[str] = frozenset()) -> None:
        """Make a scrubber.

        Args:
            known: Whose data may appear.
            constants: Strings that the plugin's own code holds.
            varying: Names of fields that are others in the answer for another applicant.
        """
        self._constants = constants
        self._varying = varying - constants
        self._placeholders: dict[str, str] = {}
        self._spaces: dict[str, str] = {}
        for number, born in enumerate(dict.fromkeys(known.birth_dates), 1):
            for style, _, written in _STYLES:
                self._placeholders.setdefault(born.strftime(written), f"<birth-date-{number} {style}>")
        for kind, values in known.values.items():
            for number, value in enumerate(dict.fromkeys(map(_folded, values)), 1):
                if value:
                    self._placeholders.setdefault(value, f"<{kind}-{number}>")

    def value(self, value: JsonValue, field: str = "") -> JsonValue:
        """A JSON document without anybody in it; numbers become 0 or 0.5, and true false."""
        match value:
            case dict():
                names = self.names(value, keyed=self._is_keyed(value))
                return {names[name]: self.value(part, name) for name, part in value.items()}
            case list():
                return [self.value(part, field) for part in value]
            case str():
                return self.text(value, field)
            case bool():
                return False
            case int():
                return 0
            case float():
                return 0.5
            case _:
                return None

    def text(self, text: str, field: str = "") -> str:
        """A string's placeholder or shape, or the string itself where it is a word."""
        folded = _folded(text)
        if folded in self._placeholders:
            return self._placeholders[folded]
        if not self.touches(text):
            if text in self._constants and not any(character.isdecimal() for character in text):
                return text
            if _WORD.fullmatch(text) and _WORDED.search(field):
                return "word()"
        return "<token-1>" if text and _TOKEN.search(field) else shape_of(text)

    def names(self, names: Iterable[str], *, keyed: bool = False) -> dict[str, str]:
        """What the names of one object's fields become: themselves, unless they may be values that became names.

        One of letters alone is ``<field-1>``, any other ``<key-1>``, numbered in the alphabetical order of what they
        stand for: so no two become one, and an agency may send them in another order.

        Args:
            names: All of them.
            keyed: Whether the object is a list by somebody's names or numbers.
        """
        found: dict[str, str] = {}
        counts = {"field": 0, "key": 0}
        for name in sorted(set(names)):
            somebodys = keyed or name in self._varying
            if self._is_name(name) and not somebodys:
                found[name] = name
                continue
            kind = "field" if _is_of_letters(name) and not self.touches(name) and not somebodys else "key"
            counts[kind] += 1
            found[name] = f"<{kind}-{counts[kind]}>"
        return found

    def _is_keyed(self, fields: Mapping[str, JsonValue]) -> bool:
        """Whether an object's fields all hold the same fields, and the plugin knows none of their names."""
        if len(fields) < _FEWEST_KEYS or not self._constants.isdisjoint(fields):
            return False
        held = {frozenset(value) if isinstance(value, dict) else frozenset[str]() for value in fields.values()}
        return len(held) == 1 and bool(held.pop())

    def namespace(self, uri: str) -> str:
        """A namespace of XML that the plugin or a standard knows, else ``urn:namespace-1``, in the order of sight."""
        if uri in _STANDARD_SPACES or (uri in self._constants and not self.touches(uri)):
            return uri
        return self._spaces.setdefault(uri, f"urn:namespace-{len(self._spaces) + 1}")

    def media_type(self, content_type: str) -> str:
        """A media type without parameters, in one spelling; one that may be somebody's is ``unknown``."""
        media = content_type.partition(";")[0].strip().lower()
        return media if _MEDIA.fullmatch(media) and not self.touches(media) else "unknown"

    def _is_name(self, name: str) -> bool:
        plain = name in self._constants or _KEY.fullmatch(name)
        return bool(plain) and not _LONG_NUMBER.search(name) and not self.touches(name)

    def path(self, path: str) -> str:
        """A path as a template: a segment that may be a value is ``{id}``."""
        return "/".join(self._segment(segment) for segment in path.split("/"))

    def touches(self, text: str) -> bool:
        """Whether something of somebody's is in a text, whatever its case and digits."""
        folded = _folded(text)
        return any(known in folded for known in self._placeholders if len(known) >= _SHORTEST)

    def _segment(self, segment: str) -> str:
        if not segment:
            return segment
        fixed = segment in self._constants or _SEGMENT.fullmatch(segment)
        return segment if fixed and not self.touches(segment) and not _LONG_NUMBER.search(segment) else "{id}"


def shape_of(text: str) -> str:
    """What a string looks like: ``date(YYYY-MM-DD)``, ``digits(10)``, ``code(A-9)``, ``text(12..20)``."""
    if not text:
        return _NOTHING_WRITTEN
    if _UUID.fullmatch(text):
        return "uuid()"
    return _date_shape(text) or _number_shape(text) or _code_shape(text) or _text_shape(text)


def _is_of_letters(name: str) -> bool:
    """Whether a name is of letters, of any script, and underscores."""
    return all(character == "_" or unicodedata.category(character)[0] in "LM" for character in name) and name != ""


def is_data_key(name: str) -> bool:
    """Whether a field's name in a recording stands for a value, of which there may be more or fewer each time."""
    return _DATA_KEY.fullmatch(name) is not None


def is_shape(text: str) -> bool:
    """Whether a string of a recording stands for others, and is no word of the agency's."""
    return _SHAPE.fullmatch(text) is not None


def shape_label(shape: str) -> str:
    """What of a shape counts when two are compared: neither who it was nor how long a text."""
    if shape.startswith("<"):
        return re.sub(r"-\d+\b", "", shape.strip("<>"), count=1)
    if shape == _NOTHING_WRITTEN:
        return EMPTY
    return re.sub(r"\(\d*(?:\.\.\d*)?( bn)?\)", r"\1", shape) if shape.startswith("text") else shape


def _date_shape(text: str) -> str | None:
    for style, pattern, _ in _STYLES:
        if pattern.fullmatch(text):
            return f"date({style})"
    if _SPELT.fullmatch(ascii_digits := to_ascii_digits(text)):
        return f"date({re.sub('[A-Za-z]+', 'Mon', re.sub('[0-9]', '9', ascii_digits))})"
    found = _INSTANT.fullmatch(text)
    if found is None:
        return None
    middle, seconds, fraction, zone = found.groups()
    offset = "" if zone is None else "Z" if zone == "Z" else "+00:00"
    return f"date(YYYY-MM-DD{middle}hh:mm{':ss' if seconds else ''}{'.s' if fraction else ''}{offset})"


def _number_shape(text: str) -> str | None:
    ascii_digits, script = to_ascii_digits(text), " bn" if _BANGLA.search(text) else ""
    if _DIGITS.fullmatch(ascii_digits):
        count = f"1..{_FEW_DIGITS}" if len(text) <= _FEW_DIGITS else str(len(text))
        return f"digits({count}{script})"
    if found := _DECIMAL.fullmatch(ascii_digits):
        return f"decimal({len(found.group(1))}{script})"
    return None


def _code_shape(text: str) -> str | None:
    if _CODE.fullmatch(text) and any(character.isdigit() for character in text):
        return f"code({re.sub('[A-Za-z0-9]+', _part, text)})" if len(text) <= _LENGTHS[3] else "token()"
    return None


def _part(found: re.Match[str]) -> str:
    """Letters, digits, or both: which of both comes first in a part is chance."""
    part = found.group()
    return "A" if part.isalpha() else "9" if part.isdigit() else "X"


def _text_shape(text: str) -> str:
    least, script = 1, " bn" if _BANGLA.search(text) else ""
    for most in _LENGTHS:
        if len(text) <= most:
            return f"text({least}..{most}{script})"
        least = most + 1
    return f"text({least}..{script})"


def names_in(names: Iterable[str | None]) -> tuple[str, ...]:
    """Names whole and in their parts, the whole ones first."""
    whole = [name for name in names if name]
    return tuple(whole + [part for name in whole for part in name.split() if len(part) >= _SHORTEST])


def _folded(text: str) -> str:
    return " ".join(to_ascii_digits(text).casefold().split())
