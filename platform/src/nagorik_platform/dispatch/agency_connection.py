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
    from nagorik_platform.dispatch.runtime import PluginRuntime

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

    def __init__(self, runtime: "PluginRuntime", configuration: PluginConfiguration) -> None:
        self.configuration = configuration
        self._runtime = runtime
        self._calls = 0
        self._is_replaced = False

    @cached_property
    def settings(self) -> AgencySettings:
        """The plugin's settings; raises ``SettingsRejected``, which names what is missing or wrong."""
        return self._runtime.load_settings(self.configuration)

    @cached_property
    def client(self) -> "AgencyClient":
        """The agency's client; raises ``SettingsRejected`` also where the address or a certificate cannot be used."""
        return self._runtime.make_client(self)

    @property
    def made(self) -> "AgencyClient | None":
        """The client, if any call has needed one."""
        return self.__dict__.get("client")

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
            log.error("client_not_closed", plugin=self._runtime.manifest.id, exception=type_name(failure))  # noqa: TRY400
