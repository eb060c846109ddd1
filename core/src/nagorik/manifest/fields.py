"""The kinds of value that a manifest's fields hold.

Numbers are taken strictly: pydantic alone would read ``processing = 15`` as fifteen seconds, ``open = 900`` as a
quarter past midnight and ``concurrency = true`` as one. For days and times its own strictness will not do, since it
also refuses their text.
"""

import re
from collections.abc import Mapping
from datetime import date, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, ClassVar, Final, Literal

from packaging.version import InvalidVersion, Version
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from nagorik.privacy import PUBLIC, DataClass, Model

_SLUG: Final = r"[a-z0-9]+(-[a-z0-9]+)*"
_PLUGIN_ID: Final = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
_LABEL: Final = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_IDENTIFIER: Final = r"[A-Za-z_][A-Za-z0-9_]*"

PLUGIN_ID: Final = rf"^{_PLUGIN_ID}$"
SERVICE_ID: Final = rf"^{_PLUGIN_ID}\.{_SLUG}$"
SLUG: Final = rf"^{_SLUG}$"
HOST: Final = rf"^{_LABEL}(\.{_LABEL})*$"
OBJECT: Final = rf"^{_IDENTIFIER}(\.{_IDENTIFIER})*:{_IDENTIFIER}$"
FEES: Final = rf"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.toml#{_SLUG}$"
HEADER: Final = r"^[A-Za-z][A-Za-z0-9-]*$"

SHAPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        PLUGIN_ID: "write lower-case ASCII words joined by hyphens, such as land-records",
        SERVICE_ID: "write <plugin id>.<slug> in lower-case ASCII, such as wasa.new-connection",
        SLUG: "write lower-case ASCII words joined by hyphens, such as holding-tax-receipt",
        HOST: "write a host name alone in lower case, such as api.wasa.example: no scheme, port, path or wildcard",
        OBJECT: "write module:Name with the module relative to the plugin's package, such as forms:Form",
        FEES: "write file.toml#schedule, such as fees.toml#connection",
        HEADER: "write a header's name, such as Idempotency-Key",
    }
)
"""What to write where a value does not have the shape of its field, by the field's pattern."""

_LONGEST: Final = timedelta(days=36_500)
"""A duration that can be added to any day that the platform meets."""
_DURATION: Final = re.compile(r"P(?=[0-9T])([0-9]+W)?([0-9]+D)?(T(?=[0-9])([0-9]+H)?([0-9]+M)?)?")

PluginId = Annotated[str, StringConstraints(pattern=PLUGIN_ID, max_length=40)]
ServiceId = Annotated[str, StringConstraints(pattern=SERVICE_ID, max_length=80)]
Slug = Annotated[str, StringConstraints(pattern=SLUG, max_length=60)]
HostName = Annotated[str, StringConstraints(pattern=HOST, max_length=253)]
ObjectReference = Annotated[str, StringConstraints(pattern=OBJECT)]
"""``module:Name``, the module relative to the plugin's package; imported on first use."""
FeeReference = Annotated[str, StringConstraints(pattern=FEES)]
"""``file.toml#schedule`` inside the plugin's package."""
Header = Annotated[str, StringConstraints(pattern=HEADER, max_length=60)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""Text that says something."""
Seconds = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=1)]


class Evidence(StrEnum):
    """How a plugin's wire format is known."""

    MODELLED = "modelled"
    """Invented for the simulator; not the agency's real interface."""
    FROM_SPEC = "from-spec"
    """Written from a document of the agency."""
    RECORDED = "recorded"
    """Taken from recorded exchanges with the agency."""


class ManifestModel(Model):
    """Base of the manifest's tables: published text, so nothing in it is masked."""

    default_data_class: ClassVar[DataClass] = PUBLIC


def _only(*kinds: type, otherwise: str) -> BeforeValidator:
    """Nothing but values of these very types: a ``datetime`` is no ``date``, and ``True`` no 1."""

    def checked(value: object) -> object:
        if type(value) not in kinds:
            raise ValueError(otherwise)
        return value

    return BeforeValidator(checked)


def _without_zone(value: time) -> time:
    if value.tzinfo is not None:
        raise ValueError("write the time without a zone: it is Asia/Dhaka's")
    return value


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or _DURATION.fullmatch(value) is None:
        raise ValueError("write an ISO 8601 duration in weeks, days, hours or minutes, such as P15D")
    return value


def _within_a_lifetime(value: timedelta) -> timedelta:
    if value > _LONGEST:
        raise ValueError(f"write a duration of no more than {_LONGEST.days} days")
    return value


def _version(value: str) -> str:
    try:
        parsed = Version(value)
    except InvalidVersion:
        parsed = None
    if parsed is None or value != f"{parsed.major}.{parsed.minor}":
        raise ValueError("give a version as major.minor, such as 1.0")
    return value


FormatNumber = Annotated[Literal[1], _only(int, otherwise="write manifest_version = 1")]
Day = Annotated[date, _only(date, str, otherwise="write a date, such as 2026-11-24")]
TimeOfDay = Annotated[
    time,
    _only(str, time, otherwise="write a time of day in quotes, such as '09:00'"),
    AfterValidator(_without_zone),
]
Duration = Annotated[timedelta, BeforeValidator(_duration), AfterValidator(_within_a_lifetime)]
ApiVersion = Annotated[str, AfterValidator(_version)]
