"""The arguments of ``nagorik portal`` and ``nagorik serve``."""

from functools import partial
from typing import Final

from nagorik_host.commands.command import Argument, HostCommand, argument
from nagorik_platform.cli.output import add_limit_argument
from nagorik_portal.actors import ROLES, SCOPES
from nagorik_portal.commands import HELP

_OPERATOR: Final = argument("operator", metavar="ID", help="centre-0042/operator-7, under which they sign in")
_SERVICES: Final = argument(
    "--service",
    dest="services",
    action="append",
    metavar="ID",
    help="may be used for this service; for all by default",
)
_NAME: Final = argument("--name", required=True, help="what colleagues see")
_TEST: Final = argument("--test", action="store_true", help="a key for a portal before simulated agencies")
_ADD: Final[tuple[Argument, ...]] = (
    _OPERATOR,
    _NAME,
    argument("--role", choices=tuple(ROLES), default="operator", help="what they may do (default: operator)"),
    _SERVICES,
)
_MAKE: Final[tuple[Argument, ...]] = (
    argument("client", metavar="ID", help="centre-0042/app-shop: the machine, of a centre of its own or of another"),
    _NAME,
    argument("--scope", dest="scopes", action="append", choices=SCOPES, required=True, help="what it may do"),
    _SERVICES,
    argument("--days", type=int, default=365, help="for how long (default: 365)"),
    _TEST,
)

portal: Final = HostCommand(
    HELP["portal"],
    list=HostCommand("operators and keys", "nagorik_portal.commands.accounts:list_all"),
    add_operator=HostCommand(
        "add an operator; the password is asked for, or read from standard input",
        "nagorik_portal.commands.accounts:add_operator",
        *_ADD,
    ),
    set_password=HostCommand(
        "give an operator another password, and end their sessions",
        "nagorik_portal.commands.accounts:set_password",
        _OPERATOR,
    ),
    disable=HostCommand(
        "let an operator in no more, and end their sessions", "nagorik_portal.commands.accounts:disable", _OPERATOR
    ),
    make_key=HostCommand(
        "make a key for a machine, which is shown this once", "nagorik_portal.commands.accounts:make_key", *_MAKE
    ),
    revoke_key=HostCommand(
        "let a key in no more",
        "nagorik_portal.commands.accounts:revoke_key",
        argument("key", metavar="ID", help="the key's id, as list shows it"),
    ),
    subscribe=HostCommand(
        "call an address for each change of a centre's applications; its keys are shown this once",
        "nagorik_portal.commands.events:subscribe",
        argument("centre", metavar="ID", help="centre-0042, as its operators' ids begin"),
        argument("url", metavar="URL", help="https://portal.example/events"),
        argument("--allow-private", action="store_true", help="may be an address of the own network, and http://"),
    ),
    unsubscribe=HostCommand(
        "call an address no more",
        "nagorik_portal.commands.events:unsubscribe",
        argument("subscription", metavar="ID", help="as deliveries shows it"),
    ),
    deliveries=HostCommand(
        "subscriptions, and what was delivered to them, the last first",
        "nagorik_portal.commands.events:deliveries",
        argument("--subscription", metavar="ID", help="to this subscription alone"),
        partial(add_limit_argument, default=50),
    ),
    replay=HostCommand(
        "send an event once more",
        "nagorik_portal.commands.events:replay",
        argument("delivery", metavar="ID", help="as deliveries shows it"),
    ),
)
serve: Final = HostCommand(
    HELP["serve"],
    "nagorik_portal.commands.serve:serve",
    argument("--bind", default="127.0.0.1:8000", metavar="HOST:PORT", help="where (default: 127.0.0.1:8000)"),
    argument("--base-url", metavar="URL", help="where browsers reach it (default: http:// and the bind address)"),
    argument("--test", action="store_true", help="before simulated agencies: takes test keys alone"),
    offers_json=False,
)
