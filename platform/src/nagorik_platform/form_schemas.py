"""What a form's JSON Schema says of a value: what it may be, and what it is called."""

from collections.abc import Mapping
from typing import Any, Final

from nagorik.values.sentences import Text, is_blank

_DEFS: Final = "#/$defs/"


def alternatives(described: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A value's description and all that it may be, behind references and unions."""
    found = [described]
    for one in found:
        reference, defs = one.get("$ref"), schema.get("$defs")
        named = defs.get(reference.removeprefix(_DEFS)) if isinstance(reference, str) and defs else None
        unions = (one.get(name) for name in ("anyOf", "allOf"))
        members = [member for union in unions if isinstance(union, list) for member in union]
        found += [new for new in (named, *members) if isinstance(new, Mapping) and new not in found]
    return found


def title_of(described: Mapping[str, Any]) -> Text | None:
    """What a value is called, where it is called something in both languages."""
    bn, en = described.get("x-title-bn"), described.get("title")
    if not isinstance(bn, str) or not isinstance(en, str) or is_blank(bn) or is_blank(en):
        return None
    return Text(bn=bn, en=en)
