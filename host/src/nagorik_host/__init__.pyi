from .charges import HostCharges as HostCharges, read_charges as read_charges
from .host import Host as Host, Tracked as Tracked, open_host as open_host
from .views import (
    CITIZEN as CITIZEN,
    OFFICER as OFFICER,
    ApplicationView as ApplicationView,
    Audience as Audience,
    OfficerView as OfficerView,
    consent_operations as consent_operations,
)
