from .charges import HostCharges as HostCharges, read_charges as read_charges
from .host import Host as Host, Tracked as Tracked, open_host as open_host
from .store.application_store import RevisionOutdated as RevisionOutdated
from .store.changes import ApplicationChange as ApplicationChange, ChangePage as ChangePage
from .store.listings import ApplicationFilter as ApplicationFilter, Page as Page, PageCursor as PageCursor
from .store.request_keys import KeyReused as KeyReused, RequestKey as RequestKey
from .views import (
    CITIZEN as CITIZEN,
    OFFICER as OFFICER,
    ApplicationView as ApplicationView,
    Audience as Audience,
    OfficerView as OfficerView,
    consent_operations as consent_operations,
)
