"""Talking to an agency: ``context.http`` for plugins, ``AgencyClient`` for the platform."""

from nagorik.agency_client.agency_http import AgencyHttp, Download, Method
from nagorik.agency_client.answer import Answer
from nagorik.agency_client.client import AgencyClient
from nagorik.agency_client.judgement import Answers
from nagorik.agency_client.ledger import CallLedger
from nagorik.agency_client.limits import Pace
from nagorik.agency_client.steps import step_key
from nagorik.agency_client.tokens import Login, Token
from nagorik.agency_client.wire import WireModel
from nagorik.settings import AgencySettings

__all__ = [
    "AgencyClient",
    "AgencyHttp",
    "AgencySettings",
    "Answer",
    "Answers",
    "CallLedger",
    "Download",
    "Login",
    "Method",
    "Pace",
    "Token",
    "WireModel",
    "step_key",
]
