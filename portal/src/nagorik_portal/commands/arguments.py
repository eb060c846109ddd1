"""The arguments of ``nagorik portal`` and ``nagorik serve``."""

from typing import Final

from nagorik_host.commands.command import Argument, HostCommand, argument
from nagorik_portal.actors import ROLES, SCOPES
from nagorik_portal.commands import HELP


def _does(help_: str, *arguments: Argument, id_: str = "") -> HostCommand:
    """An action of ``nagorik portal``, with an id that ``id_`` describes."""
    named = [argument("id", metavar="ID", help=id_)] if id_ else []
    return HostCommand(help_, "nagorik_portal.commands.portal:do", *named, *arguments)


_OPERATOR: Final = "centre-0042/operator-7, under which they sign in"
_RIGHTS: Final = (
    argument("--name", required=True, help="what colleagues see"),
    argument("--service", dest="services", action="append", metavar="ID", help="for this one; for all by default"),
)
_ROLE: Final = argument("--role", choices=tuple(ROLES), default="operator", help="what they may do")
_KEY: Final = (
    argument("--scope", dest="scopes", action="append", choices=SCOPES, required=True, help="what it may do"),
    argument("--days", type=int, default=365, help="for how long (default: 365)"),
)
_URL: Final = (
    argument("url", metavar="URL", help="https://portal.example/events"),
    argument("--allow-private", action="store_true", help="may be an address of the own network, and http://"),
)
portal: Final = HostCommand(
    HELP["portal"],
    list=_does("operators and keys"),
    add_operator=_does("add an operator, or replace one; asks for a password", *_RIGHTS, _ROLE, id_=_OPERATOR),
    disable=_does("let an operator or a key in no more, and end the sessions", id_="as list shows it"),
    make_key=_does("make a key for a machine, shown once", *_RIGHTS, *_KEY, id_="centre-0042/app-shop"),
    subscribe=_does("call an address when applications change", *_URL, id_="centre-0042"),
    unsubscribe=_does("call an address no more", id_="as subscribe showed it, or the centre's for all of its own"),
)
"""``nagorik portal``."""
serve: Final = HostCommand(
    HELP["serve"],
    "nagorik_portal.commands.portal:serve",
    argument("--bind", default="127.0.0.1:8000", metavar="HOST:PORT", help="where (default: 127.0.0.1:8000)"),
    argument("--base-url", metavar="URL", help="where browsers reach it (default: http:// and the bind address)"),
    offers_json=False,
)
"""``nagorik serve``."""
