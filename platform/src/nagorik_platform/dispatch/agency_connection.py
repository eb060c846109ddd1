"""An agency with one set of settings: what calls hold on to from their begin to their end."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from nagorik.settings import AgencySettings
from nagorik_platform.configuration import PluginConfiguration
from nagorik_platform.logs import get_logger
from nagorik_platform.tracebacks import type_name

if TYPE_CHECKING:
    from nagorik_platform.agency_client.client import AgencyClient

log: Final = get_logger("nagorik")

T = TypeVar("T")


class Late(Generic[T]):
    """Stands for an object that ``make`` makes whenever a member of it is used; what that raises, the use raises."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        return getattr(self._make(), name)


class AgencyConnection:
    """A plugin's settings and the agency's client that was made with them, each made when first needed.

    Another may replace it between two calls. Those under way keep this one, which is closed as the last has ended.
    """

    def __init__(
        self,
        plugin: str,
        configuration: PluginConfiguration,
        *,
        load: Callable[[PluginConfiguration], AgencySettings],
        make: Callable[["AgencyConnection"], "AgencyClient"],
    ) -> None:
        """Connect with what a host says of a plugin; ``load`` reads its settings, ``make`` makes the client."""
        self.configuration = configuration
        self._plugin = plugin
        self._load = load
        self._make = make
        self._calls = 0
        self._is_replaced = False

    @cached_property
    def settings(self) -> AgencySettings:
        """The plugin's settings.

        Raises:
            SettingsRejected: Naming what is missing or wrong.
        """
        return self._load(self.configuration)

    @cached_property
    def client(self) -> "AgencyClient":
        """The agency's client.

        Raises:
            SettingsRejected: As ``settings``; or the address or a certificate cannot be used.
        """
        return self._make(self)

    @property
    def made(self) -> "AgencyClient | None":
        """The client, if any call has needed one."""
        return self.__dict__.get("client")

    @property
    def known_settings(self) -> AgencySettings | Late[AgencySettings]:
        """The settings if they were read before, or what reads them once a member of them is used."""
        return self.__dict__.get("settings") or Late(lambda: self.settings)

    def is_as(self, other: "AgencyConnection") -> bool:
        """Whether both reach the agency alike; the content of files that they name is not known."""
        own = self.settings
        return (
            own == other.settings
            and self.configuration.egress == other.configuration.egress
            and own.certificate_authority is None
            and own.client_certificate is None
        )

    def hold(self) -> None:
        """Keep it open for one more call."""
        self._calls += 1

    def release(self) -> bool:
        """End a call's hold; whether it is replaced, and that was the last, so that it is to be closed."""
        self._calls -= 1
        return self._is_replaced and not self._calls

    async def retire(self) -> None:
        """Close it, since another has taken its place, as soon as no call holds on to it any more."""
        self._is_replaced = True
        if not self._calls:
            await self.aclose()

    async def aclose(self) -> None:
        """Close what is open. One plugin's transport keeps no other's open, and fails no call."""
        if self.made is None:
            return
        try:
            await self.made.aclose()
        except Exception as failure:  # noqa: BLE001 - a transport may raise anything
            log.error("client_not_closed", plugin=self._plugin, exception=type_name(failure))  # noqa: TRY400
