"""What each command does, for ``nagorik --help``, which imports no command."""

from typing import Final

HELP: Final = {
    "campaign": "run many applications with faults and kills, and compare the database with the agencies' ledgers",
    "demo": "carry example applications from eligibility to delivery, over real HTTP to simulated agencies",
}
