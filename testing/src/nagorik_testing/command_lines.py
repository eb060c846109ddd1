"""What each of the suite's commands does, for ``nagorik --help``, which imports no command."""

from typing import Final

HELP: Final = {
    "contract": "prove a plugin: every fault, every operation, against its simulated agency",
    "explain": "explain a code of the contract suite: why it is checked, and what to do about a failure",
    "new": "write a plugin for a new agency, with its simulator and its tests",
    "simulate": "serve a simulated agency on this machine",
    "validate": "check a plugin: its manifest, what that names, its fees and, with --run, its hooks",
}
