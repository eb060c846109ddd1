"""Simulated agencies that fail the way real agencies fail, and the people who apply there."""

from nagorik_testing.admin import ADMIN_PATH, refused
from nagorik_testing.citizens import SyntheticCitizen, SyntheticCitizens
from nagorik_testing.clock import FlowingClock, SimulatedClock
from nagorik_testing.fault import (
    Altered,
    Answered,
    AnswerLost,
    ClosedBeforeProcessing,
    Dripping,
    Fault,
    Garbled,
    MaintenancePage,
    NotSent,
    Slow,
    Truncated,
)
from nagorik_testing.fault_plan import FaultPlan, FaultRule
from nagorik_testing.front import ReadRequest
from nagorik_testing.in_process import SimulatorTransport
from nagorik_testing.installed import SimulatorUnusable, installed_simulators, load_simulator
from nagorik_testing.ledger import Effect, Ledger, SeenRequest
from nagorik_testing.loopback import serve
from nagorik_testing.replays import Replays
from nagorik_testing.script import EVERYONE, Scenario, Script
from nagorik_testing.simulator import ExampleApplication, Simulator
from nagorik_testing.socket_guard import OutsideReached, only_this_machine

__all__ = [
    "ADMIN_PATH",
    "EVERYONE",
    "Altered",
    "AnswerLost",
    "Answered",
    "ClosedBeforeProcessing",
    "Dripping",
    "Effect",
    "ExampleApplication",
    "Fault",
    "FaultPlan",
    "FaultRule",
    "FlowingClock",
    "Garbled",
    "Ledger",
    "MaintenancePage",
    "NotSent",
    "OutsideReached",
    "ReadRequest",
    "Replays",
    "Scenario",
    "Script",
    "SeenRequest",
    "SimulatedClock",
    "Simulator",
    "SimulatorTransport",
    "SimulatorUnusable",
    "Slow",
    "SyntheticCitizen",
    "SyntheticCitizens",
    "Truncated",
    "installed_simulators",
    "load_simulator",
    "only_this_machine",
    "refused",
    "serve",
]
