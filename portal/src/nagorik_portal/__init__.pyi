from .accounts import Accounts as Accounts, SignInRefused as SignInRefused, SignInThrottled as SignInThrottled
from .actors import NotPermitted as NotPermitted, PortalActor as PortalActor, Scope as Scope
from .casework import Casework as Casework
from .drafts import Draft as Draft, DraftChanged as DraftChanged, DraftContent as DraftContent
from .errors import TooManyRequests as TooManyRequests
from .portal import Portal as Portal, open_portal as open_portal
from .web import create_app as create_app
