"""The host's settings: from the environment, and from one TOML file.

What the environment says wins over the file, and the file over the defaults; so it is with the settings of plugins,
too, whose own variables (``NAGORIK_NID_BASE_URL``) win over what the file says of them.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from nagorik.clock import Clock
from nagorik.data_files import DataFileInvalid, parse_document, read_file
from nagorik.manifest import PluginId
from nagorik.model.application import DocumentStore
from nagorik_host.configured import DEFAULT_FILE, FILE, PREFIX, has_default_file
from nagorik_host.vault import Keyring, KeyringInvalid, read_keyring
from nagorik_platform import PaymentAddresses, PlatformSettings, PluginConfiguration
from nagorik_platform.configuration import DEFAULT_LEASE
from nagorik_platform.plugin_settings import environment_prefix
from nagorik_platform.registry import Admission, PluginRecord
from nagorik_platform.system_clock import SystemClock

if TYPE_CHECKING:
    from nagorik_host.charges import HostCharges

NESTED: Final = "__"

LONGEST_RETENTION: Final = 36_500
"""Days: longer than anybody lives whose data a host keeps."""

_ADDRESS: Final = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):([0-9]{1,5})")
_LAST_PORT: Final = 65_535
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")


class HostSettingsRejected(ValueError):
    """The settings cannot be used. The text names each setting and says what is wrong, never what it holds."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Tell what is wrong, one sentence for each setting."""
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


def _listed(value: object) -> object:
    """A list as the environment has it: separated by commas."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _without_null(value: object) -> object:
    """No file can be called by a null character, and no database keeps one."""
    if isinstance(value, str) and "\0" in value:
        raise ValueError("holds a null character")
    return value


def read_address(text: str) -> tuple[str, int]:
    """The host and the port of ``HOST:PORT``; an IPv6 address stands in brackets.

    Raises:
        ValueError: It is not written so.
    """
    found = _ADDRESS.fullmatch(text)
    if found is None or int(found[3]) > _LAST_PORT:
        raise ValueError("is not HOST:PORT, such as 127.0.0.1:9464")
    return found[1] or found[2], int(found[3])


def _address(text: str) -> str:
    read_address(text)
    return text


_LONGEST_ADDRESS: Final = 1_000
"""Letters of an address: with an application's number behind it, a QR code still holds it, and browsers take it."""


def _web_address(text: str) -> str:
    """An address that a browser can be sent to, whose path may grow."""
    if len(text) > _LONGEST_ADDRESS:
        raise ValueError(f"is longer than {_LONGEST_ADDRESS} letters")
    try:
        parts = urlsplit(text if text.isascii() and text.isprintable() and " " not in text else "")
        extra = parts.username or parts.password or parts.query or parts.fragment
        is_whole = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0 and not extra
    except ValueError:
        is_whole = False
    if not is_whole:
        raise ValueError("is no https://… address without user, query and fragment")
    return text


WebAddress = Annotated[str, AfterValidator(_web_address)]
Names = Annotated[frozenset[str], NoDecode, BeforeValidator(_listed)]


class PluginEntry(BaseModel):
    """What the host says of one plugin."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    settings: Mapping[str, Any] = Field(default_factory=dict, repr=False)
    """The plugin's own settings, by name."""
    egress: Annotated[frozenset[str], BeforeValidator(_listed)] = frozenset()
    """Hosts that the plugin may reach beside those of its manifest, such as a simulator's."""


class HostSettings(BaseSettings):
    """All that an operator sets. ``load_host_settings`` reads it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=NESTED,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
    )

    database: SecretStr = SecretStr("sqlite:///nagorik.db")
    """The host's database: ``sqlite:///FILE`` or ``postgresql://…``."""
    keys: SecretStr | None = None
    """The host's keys, as ``nagorik keys new`` prints them. Either this or ``keys_file``."""
    keys_file: Path | None = None
    """The file that holds the host's keys; no other user should be able to read it."""
    documents: Path = Path("nagorik-documents")
    """The folder of citizens' documents, each sealed; it is made when the first is kept."""
    allow: Names | None = None
    """The plugins that may be used, by id; all that are installed if absent."""
    deny: Names = frozenset()
    """Plugins that may not be used, by id or by distribution."""
    worker: str = Field(default_factory=gethostname, min_length=1, max_length=120)
    """What this machine's worker is known by; the machine's name by default."""
    retention_days: int | None = Field(default=None, ge=1, le=LONGEST_RETENTION)
    """Days after its close for which a citizen's data are kept; ``nagorik erase`` erases what is older."""
    lease_seconds: int = Field(default=int(DEFAULT_LEASE.total_seconds()), ge=10, le=3600)
    """Seconds that a worker of whom nothing is heard is waited for, before another has what it had in hand."""
    metrics: Annotated[str, AfterValidator(_address)] | None = None
    """Where a worker serves its metrics, ``HOST:PORT``; without it, nowhere. All who can reach it can read them."""
    payment_return_url: WebAddress | None = None
    """Where a payer's browser is sent back to, ``https://…``; gateway and payment are added to its path."""
    payment_notice_url: WebAddress | None = None
    """Where gateways post their notices, ``https://…``; gateway and payment are added to its path."""
    charges: Path | None = None
    """The file of what the host itself asks for beside an agency's fee; it is read once, when the host is opened."""
    message_days: int = Field(default=90, ge=1, le=LONGEST_RETENTION)
    """Days for which what agencies and gateways sent is kept, whatever became of it."""
    tracking_url: WebAddress | None = None
    """Where an application can be tracked, with its tracking number as the last part of the path: what a receipt's
    QR code leads to."""
    cash_gateway: str = Field(default="cashdesk.counter", min_length=1, max_length=120)
    """The gateway through which a cash desk takes cash, which ``nagorik till`` counts."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    """The least that is logged."""
    plugins: Mapping[str, PluginEntry] = Field(default_factory=dict)
    """By plugin id: settings and egress."""

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    _no_null = field_validator("database", "keys_file", "documents", "charges", "worker", mode="before")(
        _without_null
    )

    @field_validator("plugins", mode="before")
    @classmethod
    def _by_id(cls, value: object) -> object:
        """A variable's name has no hyphen: ``LAND_MUTATION`` is the plugin ``land-mutation``."""
        if not isinstance(value, Mapping):
            return value
        entries: dict[str, Any] = {}
        for name, entry in value.items():
            known = str(name).replace("_", "-")
            before = entries.get(known)
            both = isinstance(before, Mapping) and isinstance(entry, Mapping)
            entries[known] = {**before, **entry} if both else entry  # type: ignore[dict-item]
        return entries

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before the file, whose content the caller hands in."""
        return env_settings, init_settings

    @property
    def lease(self) -> timedelta:
        """How long a worker of whom nothing is heard is waited for."""
        return timedelta(seconds=self.lease_seconds)

    @property
    def message_age(self) -> timedelta:
        """How long what agencies and gateways sent is kept."""
        return timedelta(days=self.message_days)

    def keyring(self) -> Keyring:
        """The host's keys.

        Raises:
            HostSettingsRejected: There are none, there are two sets of them, or they cannot be used.
        """
        if self.keys is not None and self.keys_file is not None:
            raise HostSettingsRejected(["keys and keys_file are both set; keep one of them"])
        if self.keys is not None:
            return _keyring("keys", self.keys.get_secret_value())
        if self.keys_file is None:
            raise HostSettingsRejected(
                ["keys_file is not set: nagorik keys new NAME --out FILE makes one; set keys_file to its path"]
            )
        try:
            text = read_file(self.keys_file).decode("utf-8")
        except DataFileInvalid as error:
            problem = error.problems[0].message
            raise HostSettingsRejected([f"keys_file: the file cannot be read: {problem}"]) from None
        except UnicodeDecodeError:
            raise HostSettingsRejected(["keys_file: the file is not in UTF-8"]) from None
        if is_open_to_others(self.keys_file):
            raise HostSettingsRejected(["keys_file: other users can read or change the file: chmod 600 it"])
        return _keyring("keys_file", text)

    def host_charges(self) -> "HostCharges":
        """What the host itself asks for beside an agency's fee; nothing where no file is named.

        Raises:
            HostSettingsRejected: The file cannot be used; each entry and field that is wrong is named.
        """
        # Every command reads settings, and few need what a file of charges is read with.
        from nagorik_host.charges import NO_CHARGES, read_charges

        if self.charges is None:
            return NO_CHARGES
        try:
            return read_charges(self.charges)
        except DataFileInvalid as error:
            raise HostSettingsRejected([f"charges: {error}"]) from None

    def require_fitting_charges(self, charges: "HostCharges", plugins: Iterable[PluginRecord], today: date) -> None:
        """See that ``host_charges`` can be asked for beside the plugins that are installed, on a day in Dhaka.

        Raises:
            HostSettingsRejected: They cannot; each entry and field that is wrong is named.
        """
        from nagorik_host.charges import problems_here

        if self.charges is not None and (problems := list(problems_here(charges, plugins, today))):
            raise HostSettingsRejected([f"charges: {DataFileInvalid(self.charges.name, problems)}"])

    def platform(self, *, documents: DocumentStore | None = None, clock: Clock | None = None) -> PlatformSettings:
        """How the platform is composed, with ``documents`` as the host's store; on the machine's clock or another."""
        return PlatformSettings(
            documents=documents,
            clock=clock or SystemClock(),
            plugins={
                name: PluginConfiguration(settings=_beside_environment(name, entry.settings), egress=entry.egress)
                for name, entry in self.plugins.items()
            },
            admission=self.admission,
            payment_addresses=PaymentAddresses(returns=self.payment_return_url, notices=self.payment_notice_url),
        )

    @property
    def admission(self) -> Admission:
        """Which of the installed plugins are let in."""
        return Admission(allow=self.allow, deny=self.deny)


def settings_file() -> Path | None:
    """The file that settings are read from, if there is one.

    Raises:
        HostSettingsRejected: ``NAGORIK_CONFIG`` names none, or one that this user may not look at.
    """
    named = os.environ.get(FILE)
    if named is None:
        return Path(DEFAULT_FILE) if has_default_file() else None
    try:
        is_file = Path(named).is_file()
    except OSError:
        raise HostSettingsRejected([f"{FILE} names what this user may not look at"]) from None
    if not is_file:
        raise HostSettingsRejected([f"{FILE} names no file"])
    return Path(named)


def load_host_settings() -> HostSettings:
    """Read the settings from the environment and from the file.

    Raises:
        HostSettingsRejected: Naming each setting that is wrong or that does not exist, never a value.
    """
    path = settings_file()
    written = _read(path) if path is not None else {}
    file = path.name if path is not None else ""
    unknown = [_unknown(f"{PREFIX}{name.upper()}", variables()) for name in _strange_variables()]
    try:
        settings = HostSettings(**written)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        problems = [
            f"{file if _is_from_file(problem['loc'], written) else 'the environment'}: {_describe(problem)}"
            for problem in found
        ]
        raise HostSettingsRejected([*unknown, *problems]) from None
    except SettingsError:
        # A nested value that should be JSON; the library's own error quotes it.
        raise HostSettingsRejected([*unknown, f"a variable {PREFIX}PLUGINS{NESTED}… does not hold JSON"]) from None
    if unknown:
        raise HostSettingsRejected(unknown)
    return settings


def is_open_to_others(path: Path) -> bool:
    """Return whether other users can read or change a file or folder.

    Its group counts as others where this user owns it; what systemd or Kubernetes mounts for a group is another's.

    Raises:
        OSError: It is not there.
    """
    found = path.stat()
    return bool(found.st_mode & (0o077 if found.st_uid == os.geteuid() else 0o007))


@cache
def variables() -> tuple[str, ...]:
    """The names of all settings in the environment."""
    return tuple(f"{PREFIX}{name.upper()}" for name in HostSettings.model_fields)


def _read(path: Path) -> dict[str, Any]:
    try:
        return parse_document(read_file(path), path.name, private=True)
    except DataFileInvalid as error:
        raise HostSettingsRejected([str(error)]) from None


def _strange_variables() -> Iterator[str]:
    known = set(HostSettings.model_fields)
    for variable in sorted(os.environ):
        name = variable.removeprefix(PREFIX).lower()
        if variable.startswith(PREFIX) and name not in known and not name.startswith(f"plugins{NESTED}"):
            yield name


def _is_from_file(place: Sequence[str | int], written: object) -> bool:
    """Whether the file says what is wrong, and no variable, which would win over it."""
    names = [str(part).replace("-", "_") for part in place]
    variable = f"{PREFIX}{NESTED.join(names)}".upper()
    if any(f"{name.upper()}{NESTED}".startswith(f"{variable}{NESTED}") for name in os.environ):
        return False
    for name in names:
        if not isinstance(written, Mapping):
            break  # the rest leads into a value
        entries = {str(key).replace("-", "_"): value for key, value in written.items()}
        if name not in entries:
            return False
        written = entries[name]
    return True


def _describe(problem: Mapping[str, Any]) -> str:
    place = [str(part) for part in problem["loc"]]
    # What is written where a name should be might be anything, a secret included.
    name = ".".join(part if _NAME.fullmatch(part) else "…" for part in place)
    match problem["type"]:
        case "extra_forbidden":
            entry = place[:1] == ["plugins"] and len(place) > 1
            return _unknown(name, PluginEntry.model_fields if entry else HostSettings.model_fields)
        case "missing":
            return f"{name} is missing"
        case "value_error":
            return f"{name} {problem['ctx']['error']}"
        case "greater_than_equal":
            return f"{name} is less than {problem['ctx']['ge']}"
        case "less_than_equal":
            return f"{name} is more than {problem['ctx']['le']}"
        case kind:
            return f"{name} is not accepted ({kind.replace('_', '-')})"


def _unknown(name: str, known: Iterable[str]) -> str:
    above, _, last = name.rpartition(".")
    likely = get_close_matches(last, list(known), n=1, cutoff=0.5)
    meant = f"; did you mean {'.'.join(filter(None, (above, likely[0])))}?" if likely else ""
    return f"there is no setting {name}{meant}"


def _keyring(setting: str, text: str) -> Keyring:
    try:
        return read_keyring(text)
    except KeyringInvalid as error:
        raise HostSettingsRejected([f"{setting}: {error}"]) from None


def _beside_environment(plugin: PluginId, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that the environment does not give."""
    prefix, given = environment_prefix(plugin), {name.upper() for name in os.environ}
    return {name: value for name, value in settings.items() if f"{prefix}{name.upper()}" not in given}
