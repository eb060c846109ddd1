"""What each of the suite's commands does, for ``nagorik --help``, which imports no command."""

from typing import Final

HELP: Final = {
    "campaign": "run many applications with faults and kills, and compare the database with the agencies' ledgers",
    "contract": "prove a plugin: every fault, every operation, against its simulated agency",
    "demo": "carry example applications from eligibility to delivery, over real HTTP to simulated agencies",
    "new": "write a plugin for a new agency, with its simulator and its tests",
    "simulate": "serve a simulated agency on this machine",
    "validate": "check a plugin: its manifest, what that names, its fees and, with --run, its hooks",
}
