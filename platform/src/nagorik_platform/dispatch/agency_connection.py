"""An agency with one set of settings: what calls hold on to from their begin to their end."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Final

from nagorik.settings import AgencySettings
from nagorik_platform.configuration import PluginConfiguration
from nagorik_platform.logs import get_logger
from nagorik_platform.tracebacks import type_name

if TYPE_CHECKING:
    from nagorik_platform.agency_client.client import AgencyClient

log: Final = get_logger("nagorik")


class AgencyConnection:
    """A plugin's settings and the agency's client that was made with them, each made when first needed.

    Another may take its place between two calls. Those under way keep this one, which is closed as the last of them
    has ended.
    """

    def __init__(
        self,
        plugin: str,
        configuration: PluginConfiguration,
        *,
        load: Callable[[PluginConfiguration], AgencySettings],
        make: Callable[["AgencyConnection"], "AgencyClient"],
    ) -> None:
        """Connect with what a host says of a plugin.

        Args:
            plugin: The plugin's id.
            configuration: What the host says of it.
            load: Reads the plugin's settings.
            make: Makes the client.
        """
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

    def is_as(self, other: "AgencyConnection") -> bool:
        """Whether both reach the agency alike; where files are named, nobody knows what stands in them by now."""
        own = self.settings
        return (
            own == other.settings
            and self.configuration.egress == other.configuration.egress
            and own.certificate_authority is None
            and own.client_certificate is None
        )

    @asynccontextmanager
    async def held(self) -> AsyncIterator["AgencyConnection"]:
        """Hold on to it for a call."""
        self._calls += 1
        try:
            yield self
        finally:
            self._calls -= 1
            if self._is_replaced and not self._calls:
                await self.aclose()

    async def retire(self) -> None:
        """Another has taken its place: close it, as soon as no call holds on to it any more."""
        self._is_replaced = True
        if not self._calls:
            await self.aclose()

    async def aclose(self) -> None:
        """Close what is open. One plugin's transport keeps nobody else's open, and fails nobody's call."""
        made = self.made
        if made is None:
            return
        try:
            await made.aclose()
        except Exception as failure:  # noqa: BLE001 - a transport may raise anything
            log.error("client_not_closed", plugin=self._plugin, exception=type_name(failure))  # noqa: TRY400
