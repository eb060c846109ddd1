from .client import AgencyClient as AgencyClient
from .http import CallHttp as CallHttp
from .ledger import CallLedger as CallLedger, step_key as step_key
from .limits import RateLimiter as RateLimiter
from .tokens import (
    IssuedToken as IssuedToken,
    LocalTokenStore as LocalTokenStore,
    LoginAttempt as LoginAttempt,
    LoginTerms as LoginTerms,
    TokenStore as TokenStore,
)
