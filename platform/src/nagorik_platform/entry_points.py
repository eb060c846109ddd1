"""Entry points of installed distributions, by their metadata alone, found so that a broken one never hides another.

``importlib.metadata.entry_points`` is not used: it reads all distributions in one go, so that one malformed
``entry_points.txt`` hides every plugin on the machine. Nothing else of the platform is imported here, so that listing
the commands stays cheap.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Final, NamedTuple

SEPARATORS: Final = re.compile(r"[-_.]+")
_OURS: Final = "nagorik."
"""The beginning of the groups that the platform asks for."""
_HEADER: Final = re.compile(r"^(name|version):[ \t]*(.*\S)", re.IGNORECASE | re.MULTILINE)


class FoundEntryPoint(NamedTuple):
    """An entry point, or a distribution whose entry points cannot be read.

    ``value`` is ``module`` or ``module:object``. ``problem`` says why it cannot be read: then ``name`` is the
    distribution's, and ``value`` and ``group`` are empty.
    """

    distribution: str
    version: str
    name: str
    value: str
    problem: str | None = None
    group: str = ""


def find_entry_points(group: str, path: Sequence[str] | None = None) -> list[FoundEntryPoint]:
    """Every entry point of ``group``, which begins with ``nagorik.``, from ``path`` or ``sys.path``, sorted.

    Imports nothing, and reads a directory again only when something was installed there. The first distribution of a
    name counts.
    """
    places = tuple(sys.path if path is None else path)
    found = _found(places, tuple(map(_changed_at, places)))
    return [entry for entry in found if entry.group in {group, ""}]


@lru_cache(maxsize=8)
def _found(places: tuple[str, ...], _changed: tuple[int, ...]) -> list[FoundEntryPoint]:
    found: list[FoundEntryPoint] = []
    seen: set[str] = set()
    for distribution in distributions(path=list(places)):
        entries = list(_of_distribution(distribution))
        key = SEPARATORS.sub("-", entries[0].distribution).lower() if entries else ""
        if entries and key not in seen:
            seen.add(key)
            found += entries
    return sorted(found, key=lambda entry: (entry.name, *entry[:2], entry.value))


def _changed_at(place: str) -> int:
    try:
        return Path(place).stat().st_mtime_ns
    except OSError:
        return 0


def _of_distribution(distribution: Distribution) -> Iterator[FoundEntryPoint]:
    problem, entries = None, []
    try:
        content = distribution.read_text("entry_points.txt") or ""
        if _OURS not in content:
            return
        entries = [entry for entry in distribution.entry_points if entry.group.startswith(_OURS)]
    except UnicodeDecodeError as error:
        if _OURS.encode() not in error.object:
            return
        problem = "its entry_points.txt cannot be read"
    except Exception:  # noqa: BLE001 - the parsers of Python's versions raise different kinds
        problem = "its entry_points.txt is malformed"
    name, version = _identity(distribution)
    if problem is None and not (name and version):
        problem = "its METADATA has no name or no version"
    # Distribution has no public attribute for where its metadata lies.
    directory = getattr(getattr(distribution, "_path", None), "name", "a distribution")
    shown = name or str(directory).partition("-")[0], version or "?"
    if problem is not None:
        yield FoundEntryPoint(*shown, shown[0], "", problem)
        return
    for entry in entries:
        yield FoundEntryPoint(*shown, entry.name, entry.value, group=entry.group)


def _identity(distribution: Distribution) -> tuple[str, str]:
    """Name and version. ``Distribution.metadata`` parses all headers as an e-mail, which costs ten times as much."""
    try:
        text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    except UnicodeDecodeError:
        return "", ""
    headers = {key.lower(): value for key, value in _HEADER.findall(text.partition("\n\n")[0])}
    return headers.get("name", ""), headers.get("version", "")
