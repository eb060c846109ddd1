"""The ways in which a plugin's data file may be wrong, written into it one at a time; every other byte stays."""

import re
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from nagorik.data_files import DataFileInvalid, parse_document
from nagorik_testing.contract.mutation.operators import Mutant, MutationOperator, SourceChange, SourceText

_TOKEN: Final = re.compile(
    rb'^\[\[?[^\[\],\n]+\]\]?(?=[ \t]*(?:#|$))|#[^\n]*|"""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'|'
    rb'"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|[\[\]{}=]|[^\s\[\]{},=#]+',
    re.MULTILINE,
)
"""A header, a comment, a text, a sign or a bare word."""
_FOR_READERS: Final = frozenset({b"en", b"bn", b"help", b"note", b"source", b"as_of", b"checked_on", b"verified"})
"""Keys of sentences, and of where a figure comes from."""
_FIGURE: Final = re.compile(r"[0-9.]+|P[0-9A-Z]+|[0-9]{2}:[0-9]{2}")


@dataclass(slots=True)
class _Entry:
    """A section, an entry of a table or an item of a list, by the places of its bytes; its value ends with it."""

    key: bytes
    start: int
    value: int
    end: int
    items: list["_Entry"] = field(default_factory=list)


def data_mutants_of(path: str, source: str) -> list[Mutant]:
    """Every change of one data file after which it is TOML and says something else.

    Args:
        path: The file, from the package's folder, with slashes.
        source: Its text.
    """
    text, usual, found = SourceText(source), parse_document(source.encode(), path), list[Mutant]()
    for change in _changes(text):
        changed = text.changed(change)
        with suppress(DataFileInvalid):
            if parse_document(changed.encode(), path) != usual:
                found.append(Mutant(path, change.operator, text.lines_of(change), changed))
    return found


def _changes(text: SourceText) -> Iterator[SourceChange]:
    entries = list(_below(_read_file(text.text), -1))
    # A key of several tables is the format's, and its neighbour is in the next; any other is its own table's.
    often = Counter(entry.key for _, entry in entries)
    groups = dict[object, list[tuple[int, int]]]()
    for table, entry in entries:
        yield text.without(entry.start, entry.end)
        if not entry.items:
            yield from _others(text.between(entry.value, entry.end), entry)
        if entry.key and not _is_prose(entry):
            kind = text.text[entry.value : entry.value + 1].strip(b"0123456789+-tf")  # a bracket, a quote, or neither
            group = entry.key if often[entry.key] > 1 else table, kind
            groups.setdefault(group, []).append((entry.value, entry.end))
    for spans in groups.values():
        yield from (text.exchanged(one, other) for one, other in pairwise(spans) if one[1] <= other[0])


def _is_prose(entry: _Entry) -> bool:
    return entry.key in _FOR_READERS or (bool(entry.items) and all(map(_is_prose, entry.items)))


def _below(items: list[_Entry], table: int) -> Iterator[tuple[int, _Entry]]:
    """Each entry that is not for readers, with the place of its table."""
    for entry in items:
        if entry.key not in _FOR_READERS:
            yield table, entry
            yield from _below(entry.items, entry.start)


def _read_file(content: bytes) -> list[_Entry]:
    tokens = deque(found for found in _TOKEN.finditer(content) if not found[0].startswith(b"#"))
    sections = [_Entry(b"", 0, 0, 0)]
    while tokens:
        if tokens[0][0].startswith(b"["):
            start, end = tokens.popleft().span()
            sections.append(_Entry(b"", start, end, end))
        else:
            sections[-1].items.append(_read_entry(tokens))
            sections[-1].end = sections[-1].items[-1].end
    return [*sections[0].items, *sections[1:]]


def _read_entry(tokens: deque[re.Match[bytes]]) -> _Entry:
    first = value = last = tokens.popleft()
    if tokens and tokens[0][0] == b"=":
        tokens.popleft()
        value = last = tokens.popleft()
    items = list[_Entry]()
    if value[0] in {b"[", b"{"}:
        while tokens[0][0] not in {b"]", b"}"}:
            items.append(_read_entry(tokens))
        last = tokens.popleft()
    return _Entry(b"" if value is first else first[0], first.start(), value.start(), last.end(), items)


def _others(word: str, entry: _Entry) -> Iterator[SourceChange]:
    """What stands in the place of a word or a figure."""
    other, operator = "", MutationOperator.CONSTANT
    match parse_document(f"it = {word or 0}".encode(), "")["it"]:
        case bool(value):
            other = str(not value).lower()
        case int(number) | float(number):
            other = str(number + 1)
        case date() as day:
            other = (day + timedelta(days=1)).isoformat()
        case str(text) if _FIGURE.fullmatch(text):
            other = re.sub("[0-9]+", lambda digits: str(int(digits[0]) + 1).zfill(len(digits[0])), word, count=1)
        case str(text) if text.isascii() and len(text) > 1 and not any(map(str.isspace, text)):
            other, operator = f"{word[:-1]}x{word[-1]}", MutationOperator.WORD
        case _:
            return
    yield SourceChange(entry.value, entry.end, other, operator)
