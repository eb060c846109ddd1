"""The host's settings: from the environment, and from one TOML file.

A variable wins over the file, and the file over the defaults. A plugin's own variables, such as
``NAGORIK_NID_BASE_URL``, win over what the file says of it.
"""

import os
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from nagorik.clock import Clock
from nagorik.data_files import DataFileInvalid, parse_document, read_file
from nagorik.model.application import DocumentStore
from nagorik_host.configured import DEFAULT_FILE, FILE, PREFIX, has_default_file
from nagorik_host.vault import Keyring, KeyringInvalid, read_keyring
from nagorik_platform import PaymentAddresses, PlatformSettings, PluginConfiguration
from nagorik_platform.configuration import DEFAULT_LEASE
from nagorik_platform.plugin_settings import environment_prefix
from nagorik_platform.registry import Admission
from nagorik_platform.system_clock import SystemClock

if TYPE_CHECKING:
    from nagorik_host.charges import HostCharges

NESTED: Final = "__"

LONGEST_RETENTION: Final = 36_500
"""Days."""

_ADDRESS: Final = r"^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$"
_WEB_ADDRESS: Final = r"^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[^?#\s]*)?$"
"""An address that a browser can be sent to, whose path may grow."""
_LONGEST_ADDRESS: Final = 1_000
"""Letters: with an application's number behind it, a QR code still holds the address."""
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")


class HostSettingsRejected(ValueError):
    """The settings cannot be used. The text names each setting and says what is wrong, never what it holds."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Say what is wrong, one sentence for each setting."""
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


def _listed(value: object) -> object:
    """Split a list as the environment has it: separated by commas."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Names = Annotated[frozenset[str], NoDecode, BeforeValidator(_listed)]
WebAddress = Annotated[
    str | None,
    Field(pattern=_WEB_ADDRESS, max_length=_LONGEST_ADDRESS, examples=["https://portal.example/payments/return"]),
]


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
        env_prefix=PREFIX, env_nested_delimiter=NESTED, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    database: SecretStr = SecretStr("sqlite:///nagorik.db")
    """The host's database: ``sqlite:///FILE`` or ``postgresql://…``."""
    keys: SecretStr | None = None
    """The host's keys, as ``nagorik keys new`` prints them. Either this or ``keys_file``."""
    keys_file: Path | None = None
    """The file that holds the host's keys; only its owner may read it."""
    documents: Path = Path("nagorik-documents")
    """The folder of citizens' documents, each sealed; it is made when the first is kept."""
    allow: Names | None = None
    """The plugins that may be used, by id; all that are installed if absent."""
    deny: Names = frozenset()
    """Plugins that may not be used, by id or by distribution."""
    worker: str = Field(default_factory=gethostname, min_length=1, max_length=120)
    """The name of this machine's worker; the machine's name by default."""
    retention_days: int | None = Field(default=None, ge=1, le=LONGEST_RETENTION)
    """Days after its close for which a citizen's data are kept; ``nagorik erase`` erases what is older."""
    lease_seconds: int = Field(default=int(DEFAULT_LEASE.total_seconds()), ge=10, le=3600)
    """Seconds without a heartbeat after which another worker takes over a worker's applications."""
    metrics: str | None = Field(default=None, pattern=_ADDRESS, examples=["127.0.0.1:9464"])
    """Where a worker serves its metrics, ``HOST:PORT``; without it, nowhere. All who can reach it can read them."""
    payment_return_url: WebAddress = None
    """Where a payer's browser is sent back to, ``https://…``; gateway and payment are added to its path."""
    payment_notice_url: WebAddress = None
    """Where gateways post their notices, ``https://…``; gateway and payment are added to its path."""
    charges: Path | None = None
    """The file of what the host itself asks for beside an agency's fee; it is read once, when the host is opened."""
    message_days: int = Field(default=90, ge=1, le=LONGEST_RETENTION)
    """Days for which messages of agencies and gateways are kept."""
    tracking_url: WebAddress = None
    """Where an application can be tracked, with its tracking number as the last part of the path: a receipt's QR
    code leads to it."""
    cash_gateway: str = Field(default="cashdesk.counter", min_length=1, max_length=120)
    """The gateway through which a cash desk takes cash, which ``nagorik till`` counts."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    """The least that is logged."""
    plugins: Mapping[str, PluginEntry] = Field(default_factory=dict)
    """By plugin id: settings and egress."""

    @field_validator("plugins", mode="before")
    @classmethod
    def _by_id(cls, value: object) -> object:
        """Read ``land_mutation``, as a variable names it, as the plugin ``land-mutation``."""
        return _renamed(value, "_", "-")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the environment before the file, whose content the caller hands in."""
        return env_settings, init_settings

    @property
    def lease(self) -> timedelta:
        """How long a worker may be silent before another takes over."""
        return timedelta(seconds=self.lease_seconds)

    @property
    def message_age(self) -> timedelta:
        """How long messages of agencies and gateways are kept."""
        return timedelta(days=self.message_days)

    def keyring(self) -> Keyring:
        """Read the host's keys.

        Raises:
            HostSettingsRejected: There are no keys or two sets of them, or they cannot be used.
        """
        try:
            return read_keyring(self.keys_text())
        except (DataFileInvalid, KeyringInvalid) as error:
            setting = "keys" if self.keys is not None else "keys_file"
            raise HostSettingsRejected([f"{setting}: {error}"]) from None

    def keys_text(self) -> str:
        """The host's keys as they are written; raises ``KeyringInvalid`` or ``DataFileInvalid``."""
        if self.keys is not None and self.keys_file is not None:
            raise KeyringInvalid("keys_file is set too; keep one of them")
        if self.keys is not None:
            return self.keys.get_secret_value()
        if self.keys_file is None:
            raise KeyringInvalid("is not set: nagorik keys new NAME --out FILE makes one; set it to its path")
        content = read_file(self.keys_file)
        if is_open_to_others(self.keys_file):
            raise KeyringInvalid("other users can read or change the file: chmod 600 it")
        return content.decode(errors="replace")

    def host_charges(self) -> "HostCharges":
        """Read what the host itself asks for beside an agency's fee; nothing where no file is named.

        Raises:
            HostSettingsRejected: The file cannot be used; the text names the field.
        """
        # Every command reads settings, and few need what a file of charges is read with.
        from nagorik_host.charges import NO_CHARGES, read_charges

        try:
            return read_charges(self.charges) if self.charges is not None else NO_CHARGES
        except DataFileInvalid as error:
            raise HostSettingsRejected([f"charges: {error}"]) from None

    def platform(self, *, documents: DocumentStore | None = None, clock: Clock | None = None) -> PlatformSettings:
        """Give the platform's settings, with ``documents`` as its store; on the machine's clock or another."""
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
    """The file that settings are read from, if one is named or stands in its place."""
    name = os.environ.get(FILE) or (DEFAULT_FILE if has_default_file() else None)
    return Path(name) if name else None


def load_host_settings() -> HostSettings:
    """Read the settings from the environment and from the file.

    Raises:
        HostSettingsRejected: Naming each setting that is wrong or that does not exist, never a value.
    """
    path = settings_file()
    try:
        written = parse_document(read_file(path), path.name, private=True) if path is not None else {}
    except DataFileInvalid as error:
        raise HostSettingsRejected([str(error)]) from None
    if "plugins" in written:
        # The names that variables have, so that both are merged.
        written["plugins"] = _renamed(written["plugins"], "-", "_")
    known = {f"{PREFIX}{name.upper()}" for name in HostSettings.model_fields}
    own = sorted(name for name in os.environ if name.startswith(PREFIX))
    problems = [_unknown(name, known) for name in own if name.partition(NESTED)[0] not in known]
    try:
        settings = HostSettings(**written)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        described = [_describe(one, path.name if path is not None else "") for one in found]
        raise HostSettingsRejected([*problems, *described]) from None
    except SettingsError:
        # The library's own error quotes the value.
        raise HostSettingsRejected([*problems, f"a variable {PREFIX}PLUGINS{NESTED}… does not hold JSON"]) from None
    if problems:
        raise HostSettingsRejected(problems)
    return settings


def is_open_to_others(path: Path) -> bool:
    """Return whether other users can read or change a file or folder that is there."""
    # The group counts as others where this user owns it; what systemd or Kubernetes mounts for a group is another's.
    found = path.stat()
    return bool(found.st_mode & (0o077 if found.st_uid == os.geteuid() else 0o007))


def _renamed(table: object, old: str, new: str) -> object:
    return {str(name).replace(old, new): one for name, one in table.items()} if isinstance(table, Mapping) else table


def _describe(problem: Mapping[str, Any], file: str) -> str:
    """Name the setting and where it stands: a variable wins over the file."""
    parts = [str(part) for part in problem["loc"]]
    variable = f"{PREFIX}{NESTED.join(parts)}{NESTED}".upper().replace("-", "_")
    names = [f"{name.upper()}{NESTED}" for name in os.environ]
    is_variable = any(variable.startswith(name) or name.startswith(variable) for name in names)
    # What is written where a name should be might be anything, a secret included.
    name = ".".join(part if _NAME.fullmatch(part) else "…" for part in parts)
    if problem["type"] == "extra_forbidden":
        text = _unknown(name, PluginEntry.model_fields if len(parts) > 1 else HostSettings.model_fields)
    elif problem["type"] == "string_pattern_mismatch":
        text = f"{name} is not written as in {(HostSettings.model_fields[parts[0]].examples or [''])[0]}"
    else:
        text = f"{name}: {problem['msg'].removeprefix('Value error, ')}"
    return f"{'the environment' if is_variable else file}: {text}"


def _unknown(name: str, known: Iterable[str]) -> str:
    above, _, last = name.rpartition(".")
    likely = get_close_matches(last, list(known), n=1, cutoff=0.5)
    meant = f"; did you mean {'.'.join(filter(None, (above, likely[0])))}?" if likely else ""
    return f"there is no setting {name}{meant}"


def _beside_environment(plugin: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that the environment does not give."""
    prefix, given = environment_prefix(plugin), {name.upper() for name in os.environ}
    return {name: value for name, value in settings.items() if f"{prefix}{name.upper()}" not in given}
