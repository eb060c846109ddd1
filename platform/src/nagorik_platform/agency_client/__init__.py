"""Talking to an agency: ``AgencyClient``, whose ``bind`` gives a call its ``context.http``."""

from nagorik_platform.agency_client.client import AgencyClient
from nagorik_platform.agency_client.http import CallHttp
from nagorik_platform.agency_client.ledger import CallLedger, step_key
from nagorik_platform.agency_client.limits import RateLimiter

__all__ = ["AgencyClient", "CallHttp", "CallLedger", "RateLimiter", "step_key"]
