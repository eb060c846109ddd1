"""Entry points of installed distributions, by their metadata alone, found so that a broken one never hides another.

``importlib.metadata.entry_points`` is not used: it reads all distributions in one go, so that one malformed
``entry_points.txt`` hides every plugin on the machine. Nothing else of the platform is imported here, so that listing
the commands stays cheap.
"""

import os
import re
import stat
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, distributions
from io import StringIO
from pathlib import Path
from typing import Final, NamedTuple

SEPARATORS: Final = re.compile(r"[-_.]+")
_IDENTITY: Final = frozenset({"name", "version"})
HEAD: Final = 4_096
"""Bytes of a file of metadata in which its name and its version nearly always stand."""
_LARGEST: Final = 1_000_000
"""Bytes of a file of metadata that are read: what is installed is anyone's, and is looked at by every command."""


class FoundEntryPoint(NamedTuple):
    """An entry point, or a distribution whose entry points cannot be read and why.

    Attributes:
        distribution: The installed distribution's name.
        version: Its version.
        name: The entry point's; the distribution's where it cannot be read.
        value: ``module`` or ``module:object``, as it is written; empty where it cannot be read.
        problem: Why it cannot be read.
    """

    distribution: str
    version: str
    name: str
    value: str
    problem: str | None = None


def find_entry_points(group: str, path: Sequence[str] | None = None) -> list[FoundEntryPoint]:
    """Every entry point of ``group``, sorted by distribution, from ``path`` or ``sys.path``. Imports nothing.

    Where one distribution is found twice, as an editable install beside its old metadata, the first on the path
    counts, as it does for ``importlib.metadata.version``.
    """
    found: list[FoundEntryPoint] = []
    seen: set[str] = set()
    for distribution in distributions() if path is None else distributions(path=list(path)):
        identity = _identity(distribution)
        key = SEPARATORS.sub("-", identity.name).lower()
        if key in seen:
            continue
        if identity.readable:
            seen.add(key)
        found.extend(_of_distribution(distribution, identity, group))
    return sorted(found, key=lambda entry: (entry.name, *entry[:2], entry.value))


class _Identity(NamedTuple):
    name: str
    version: str
    readable: bool


def _identity(distribution: Distribution) -> _Identity:
    # Only the headers, up to the two that are asked for: reading whole READMEs, and parsing them with email.parser as
    # ``Distribution.metadata`` does, is what costs time where hundreds of distributions are installed.
    fields = _headers(distribution, HEAD)
    if len(fields) < len(_IDENTITY):
        fields = _headers(distribution, _LARGEST)
    if fields.get("name") and fields.get("version"):
        return _Identity(fields["name"], fields["version"], readable=True)
    return _Identity(
        fields.get("name") or _directory_name(distribution), fields.get("version") or "?", readable=False
    )


def _headers(distribution: Distribution, most: int) -> dict[str, str]:
    """Name and version, as far as the first ``most`` bytes of the metadata hold them."""
    try:
        content = _read(distribution, "METADATA", most) or _read(distribution, "PKG-INFO", most) or b""
        if len(content) > most:
            # It may break off in the middle of a letter, or of the line that is looked for.
            content = content[: content.rfind(b"\n") + 1]
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    fields: dict[str, str] = {}
    for line in StringIO(text):
        if not line.strip() or len(fields) == len(_IDENTITY):
            break
        name, colon, value = line.partition(":")
        if colon and name.casefold() in _IDENTITY:
            fields.setdefault(name.casefold(), value.strip())
    return fields


def _read(distribution: Distribution, name: str, most: int = _LARGEST) -> bytes | None:
    """At most one byte more than ``most`` of a file of metadata; ``None`` where there is none.

    Raises:
        OSError: It cannot be read, or is a pipe or a device, which might never end.
    """
    # Distribution has no public attribute for where its metadata lies. Another finder's lie elsewhere.
    directory = getattr(distribution, "_path", None)
    if not isinstance(directory, Path):
        text = distribution.read_text(name)
        return None if text is None else text.encode()
    try:
        # Opened without waiting for the other end of a pipe.
        descriptor = os.open(directory / name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(most + 1)
    finally:
        os.close(descriptor)


def _directory_name(distribution: Distribution) -> str:
    # The name serves only to tell it in a text.
    directory = getattr(distribution, "_path", None)
    return str(getattr(directory, "name", "a distribution")).partition("-")[0]


def _of_distribution(distribution: Distribution, identity: _Identity, group: str) -> Iterator[FoundEntryPoint]:
    unreadable = FoundEntryPoint(identity.name, identity.version, identity.name, "")
    try:
        content = _read(distribution, "entry_points.txt") or b""
        if group.encode() not in content and len(content) <= _LARGEST:
            return
        content.decode("utf-8")
    except (OSError, UnicodeDecodeError):
        content = None
    if content is None or len(content) > _LARGEST:
        yield unreadable._replace(problem="its entry_points.txt cannot be read")
        return
    if not identity.readable:
        yield unreadable._replace(problem="its METADATA has no name or no version")
        return
    try:
        entry_points = [entry for entry in distribution.entry_points if entry.group == group]
    except Exception:  # noqa: BLE001 - whatever the parser of this Python version raises
        yield unreadable._replace(problem="its entry_points.txt is malformed")
        return
    for entry in entry_points:
        yield FoundEntryPoint(identity.name, identity.version, entry.name, entry.value)
