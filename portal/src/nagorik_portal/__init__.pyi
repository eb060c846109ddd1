from .accounts import Accounts as Accounts, SignInRefused as SignInRefused
from .actors import NotPermitted as NotPermitted, PortalActor as PortalActor, Scope as Scope
from .casework import Casework as Casework
from .drafts import Draft as Draft, DraftChanged as DraftChanged, DraftContent as DraftContent
from .limits import TooManyRequests as TooManyRequests
from .portal import Portal as Portal, PortalSettings as PortalSettings, open_portal as open_portal
from .web import create_app as create_app
