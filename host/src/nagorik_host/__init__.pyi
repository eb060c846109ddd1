from .charges import HostCharges as HostCharges, read_charges as read_charges
from .host import Host as Host, Tracked as Tracked, open_host as open_host
