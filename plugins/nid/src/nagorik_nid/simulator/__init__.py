"""The Election Commission, simulated; needs ``nagorik-nid[simulator]``. ``WIRE.md`` describes what it speaks."""

from nagorik_nid.simulator.agency import NidSimulator
from nagorik_nid.simulator.application_book import ApplicationBook, Replication
from nagorik_nid.simulator.officers import Officers

__all__ = ["ApplicationBook", "NidSimulator", "Officers", "Replication"]
