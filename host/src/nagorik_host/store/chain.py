"""The journal's entries as they are kept: outlined, sealed and chained.

An outline is the event without anything that leads to a citizen, readable after an erasure. The link of an entry is a
keyed hash over the link before it and all that is kept of the entry.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, JsonValue, TypeAdapter
from pydantic_core import to_jsonable_python

from nagorik.privacy import data_classes, is_hidden
from nagorik_host.store.schema import microseconds
from nagorik_host.vault import DataKey, Vault
from nagorik_platform.lifecycle import Event

_PLAIN: Final = frozenset({str, int, bool})
_OUTLINE: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
EVENT: Final[TypeAdapter[Event]] = TypeAdapter(Event)


class JournalEntry(NamedTuple):
    """A row of the journal's table; entries are counted from 1."""

    application: str
    entry: int
    at: datetime
    kind: str
    outline: str
    sealed: bytes
    link: bytes


class ChainBroken(Exception):
    """The journal is not what was written; the text names the entry."""


def anchor(vault: Vault, application: str) -> bytes:
    """The link before an application's first entry."""
    return vault.link(b"", application.encode())


def entries_of(
    events: Iterable[Event], *, application: str, after: int, previous: bytes, key: DataKey, vault: Vault
) -> list[JournalEntry]:
    """Rows for events that follow the ``after``-th entry, whose link is ``previous``."""
    rows = []
    for number, event in enumerate(events, after + 1):
        sealed = key.seal(event.model_dump_json(exclude_defaults=True).encode(), f"journal/{number}")
        outline = _OUTLINE.encode(outline_of(event))
        # The kind is a default, which a dump without defaults leaves out.
        row = JournalEntry(application, number, event.at, event.kind, outline, sealed, b"")
        previous = _link(vault, previous, row)
        rows.append(JournalEntry(*row[:-1], previous))
    return rows


def event_of(row: JournalEntry, key: DataKey) -> Event:
    """The event that was kept.

    Raises:
        SealBroken: It was changed.
    """
    kept = json.loads(key.open(row.sealed, f"journal/{row.entry}"))
    return EVENT.validate_python({**kept, "kind": row.kind}, strict=False)


def verify_chain(rows: Iterable[JournalEntry], *, application: str, head: bytes, count: int, vault: Vault) -> None:
    """See that an application's entries are all there, in order and unchanged. Needs no data key.

    Raises:
        ChainBroken: They are not.
    """
    link, number = anchor(vault, application), 0
    for number, row in enumerate(rows, 1):
        link = _link(vault, link, row)
        if link != row.link:
            raise ChainBroken(f"entry {number} is not what was written")
    if number != count or link != head:
        raise ChainBroken(f"entries after {number} are missing")


def outline_of(model: BaseModel) -> dict[str, JsonValue]:
    """The fields of ``model`` that lead to nobody, nested models likewise; defaults are left out."""
    values = ((name, getattr(model, name), default) for name, default in _open_fields(type(model)))
    return {name: _shown(value) for name, value, default in values if value is not None and value != default}


@cache
def _open_fields(kind: type[BaseModel]) -> tuple[tuple[str, Any], ...]:
    """The fields of a model that lead to nobody, each with its default."""
    classes = data_classes(kind)
    return tuple((name, field.default) for name, field in kind.model_fields.items() if not is_hidden(classes[name]))


def _shown(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, BaseModel):
        return outline_of(value)
    if isinstance(value, Mapping):
        return {str(name): _shown(item) for name, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted((_shown(item) for item in value), key=str)
    return [_shown(item) for item in value] if isinstance(value, tuple | list) else to_jsonable_python(value)


def _link(vault: Vault, previous: bytes, row: JournalEntry) -> bytes:
    head = f"{row.application}\x00{row.entry}\x00{microseconds(row.at)}\x00{row.kind}\x00{row.outline}\x00"
    return vault.link(previous, head.encode("utf-8", "surrogateescape") + row.sealed)
