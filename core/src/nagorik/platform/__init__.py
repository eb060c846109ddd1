"""``Platform``: all installed plugins behind one typed, asynchronous facade."""

from nagorik.platform.configuration import PlatformSettings, PluginConfiguration
from nagorik.platform.counter import NoDecision, ServiceEligibility
from nagorik.platform.facade import Platform, References
from nagorik.platform.policies import Call

__all__ = [
    "Call",
    "NoDecision",
    "Platform",
    "PlatformSettings",
    "PluginConfiguration",
    "References",
    "ServiceEligibility",
]
