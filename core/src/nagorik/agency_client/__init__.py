"""Talking to an agency: ``context.http`` for plugins, ``AgencyClient`` for the platform."""

from nagorik.agency_client.agency_http import CallHttp
from nagorik.agency_client.client import AgencyClient
from nagorik.agency_client.ledger import CallLedger
from nagorik.agency_client.limits import Pace
from nagorik.agency_client.steps import step_key
from nagorik.http import AgencyHttp, Answer, Answers, Download, Login, Method, Token, WireModel
from nagorik.settings import AgencySettings

__all__ = [
    "AgencyClient",
    "AgencyHttp",
    "AgencySettings",
    "Answer",
    "Answers",
    "CallHttp",
    "CallLedger",
    "Download",
    "Login",
    "Method",
    "Pace",
    "Token",
    "WireModel",
    "step_key",
]
