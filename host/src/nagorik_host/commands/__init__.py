"""What an operator types.

A command's line is here, its arguments are in the modules ``for_…``, and its work is imported when it is run: a list
of all commands and a command's help come at once.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

HELP: Final[Mapping[str, str]] = MappingProxyType(
    {
        "act": "take in what the citizen does: go on, correct, pay, pay again, withdraw, receive, consent",
        "agencies": "show each agency's queue, and whether the agency can be reached",
        "applications": "list applications by state, service, age or hold; find one by a reference; repair a row",
        "apply": "take an application in from a file, or all of a folder",
        "audit": "verify all that was written; find documents that are missing or belong to no application",
        "cases": "list what waits for an officer, look at one, and decide",
        "db": "make the host's tables or bring them up to date; say that they were restored from a copy",
        "documents": "list the documents of an application, handed in and fetched, or export them",
        "erase": "erase a citizen's data once the application is closed, one or all that are old enough",
        "inbox": "list the messages of agencies and gateways, and have them read again; their content is never shown",
        "keys": "make keys, or wrap everything by the newest one",
        "payments": "list payments by gateway, state, date or age; reconcile a date with the gateways' books",
        "resume": "let a stopped service or plugin go on, at the pace that its agency can bear",
        "settings": "let all workers take up other settings of plugins, such as new credentials, without a restart",
        "stop": "stop a service or a plugin: nothing more is sent until it is resumed; or list what is stopped",
        "track": "show where an application is and everything that happened to it",
        "worker": "carry applications: make the calls that are due, until stopped",
        "workers": "list the workers, when each was last heard of, and what each has in hand",
    }
)
"""What each command does, in a line, by its name."""
