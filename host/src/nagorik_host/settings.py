"""The host's settings: from the environment, and from one TOML file.

A variable wins over the file, and the file over the defaults. A plugin's own variables, such as
``NAGORIK_NID_BASE_URL``, win over what the file says of it.
"""

import os
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from nagorik.clock import Clock
from nagorik.data_files import DataFileInvalid, parse_document, problems_of, read_file
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

LONGEST_RETENTION: Final = 36_500
"""Days."""

_ADDRESS: Final = r"^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$"
_WEB_ADDRESS: Final = r"^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[^?#\s]*)?$"
"""An address that a browser can be sent to, whose path may grow."""
_SHAPES: Final[Mapping[str, str]] = {
    _ADDRESS: "write it as 127.0.0.1:9464",
    _WEB_ADDRESS: "write it as https://portal.example/payments/return",
}


class HostSettingsRejected(ValueError):
    """The settings cannot be used. The text names each setting and says what is wrong, never what it holds."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Say what is wrong, one sentence for each setting."""
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


def _listed(value: object) -> object:
    """Split a list as the environment has it: separated by commas."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Names = Annotated[frozenset[str], BeforeValidator(_listed)]
# With an application's number behind it, a QR code still holds the address.
WebAddress = Annotated[str | None, Field(pattern=_WEB_ADDRESS, max_length=1_000)]


class PluginEntry(BaseModel):
    """What the host says of one plugin."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    settings: Mapping[str, Any] = Field(default_factory=dict, repr=False)
    """The plugin's own settings, by name."""
    egress: Names = frozenset()
    """Hosts that the plugin may reach beside those of its manifest, such as a simulator's."""


class HostSettings(BaseModel):
    """All that an operator sets. ``load_host_settings`` reads it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    database: SecretStr = SecretStr("sqlite:///nagorik.db")
    """The host's database: ``sqlite:///FILE`` or ``postgresql://…``."""
    keys: SecretStr | None = None
    """The host's keys, as ``nagorik keys new`` prints them, in place of ``keys_file``."""
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
    metrics: str | None = Field(default=None, pattern=_ADDRESS)
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

    @property
    def lease(self) -> timedelta:
        """How long a worker may be silent before another takes over."""
        return timedelta(seconds=self.lease_seconds)

    @property
    def message_age(self) -> timedelta:
        """How long messages of agencies and gateways are kept."""
        return timedelta(days=self.message_days)

    @property
    def admission(self) -> Admission:
        """Which of the installed plugins are let in."""
        return Admission(allow=self.allow, deny=self.deny)

    def keyring(self) -> Keyring:
        """Read the host's keys.

        Raises:
            HostSettingsRejected: There are no keys, or they cannot be used.
        """
        try:
            return read_keyring(self.keys_text())
        except (DataFileInvalid, KeyringInvalid) as error:
            setting = "keys" if self.keys is not None else "keys_file"
            raise HostSettingsRejected([f"{setting}: {error}"]) from None

    def keys_text(self) -> str:
        """The host's keys as they are written; raises ``KeyringInvalid`` or ``DataFileInvalid``."""
        if self.keys is not None:
            return self.keys.get_secret_value()
        if self.keys_file is None:
            raise KeyringInvalid("is not set: nagorik keys new NAME --out FILE makes one; set it to its path")
        content = read_file(self.keys_file)
        # The group counts as others where this user owns it; what is mounted for a group is another's.
        found = self.keys_file.stat()
        if found.st_mode & (0o077 if found.st_uid == os.geteuid() else 0o007):
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
        given = {name.upper() for name in os.environ}
        plugins = {
            plugin: PluginConfiguration(
                # What the environment gives is left to the plugin to read.
                settings={
                    name: value
                    for name, value in entry.settings.items()
                    if f"{environment_prefix(plugin)}{name.upper()}" not in given
                },
                egress=entry.egress,
            )
            for plugin, entry in self.plugins.items()
        }
        return PlatformSettings(
            documents=documents,
            clock=clock or SystemClock(),
            plugins=plugins,
            admission=self.admission,
            payment_addresses=PaymentAddresses(returns=self.payment_return_url, notices=self.payment_notice_url),
        )


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
        document = parse_document(read_file(path), path.name, private=True) if path is not None else {}
        for variable in sorted(name for name in os.environ if name.startswith(PREFIX)):
            _put(document, variable.removeprefix(PREFIX).lower().split("__"), os.environ[variable])
        return HostSettings.model_validate(document)
    except DataFileInvalid as error:
        raise HostSettingsRejected([str(error)]) from None
    except ValidationError as error:
        found = problems_of("", error, HostSettings, shapes=_SHAPES)
        raise HostSettingsRejected([str(problem) for problem in found]) from None


def _put(document: dict[str, Any], path: list[str], value: str) -> None:
    """Put what a variable says in place of what the file says; its plugin ``land_tax`` is ``land-tax``."""
    path[1:2] = [name.replace("_", "-") for name in path[1:2]]
    for name in path[:-1]:
        if not isinstance(document.get(name), dict):
            document[name] = {}
        document = document[name]
    document[path[-1]] = value
