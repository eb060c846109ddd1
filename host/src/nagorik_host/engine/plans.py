"""What the core has to know of a service to say what comes next, made once for each service and gateway."""

from nagorik import Platform
from nagorik.journey import Plan


class Plans:
    """The plans of all services on offer."""

    def __init__(self, platform: Platform) -> None:
        """Read the services of ``platform`` when they are asked for."""
        self._platform = platform
        self._plans: dict[tuple[str, str | None], Plan] = {}

    def plan(self, service: str, gateway: str | None) -> Plan:
        """The plan of a service that is paid through ``gateway``.

        Raises:
            ServiceNotOffered: No installed plugin offers the service, or the gateway.
        """
        asked = (service, gateway)
        if asked not in self._plans:
            chosen = self._platform.gateway(gateway) if gateway is not None else None
            self._plans[asked] = Plan.of(self._platform.service(service), chosen)
        return self._plans[asked]
