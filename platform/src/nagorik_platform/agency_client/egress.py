"""Where a plugin may send: its agency's base address and the hosts its manifest lists, nothing else."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from nagorik.errors import PluginFault, SettingsRejected
from nagorik.http import Params, ParamValue
from nagorik.payer_pages import is_loopback

_PATH: Final = re.compile(r"/[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*")
_URL: Final = re.compile(r"https?://[A-Za-z0-9\-._~!$&'()*+,;=:@%/?\[\]]+")
_DOT_SEGMENT: Final = re.compile(r"(?:^|/|%2f|%5c)(?:\.|%2e){1,2}(?:/|%2f|%5c|;|%3b|$)", re.IGNORECASE)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class EgressTarget(NamedTuple):
    """Where one request goes."""

    url: str
    """The absolute URL; it may hold identifiers, so it is never logged."""
    host: bytes
    """The value of the ``Host`` header."""
    home: bool
    """Whether it is the agency's own base address, to which alone its token is sent."""


class EgressRules:
    """Turns what a plugin asks for into an address that it may reach.

    The host must be on the allow-list, character by character; ``https`` is required except on the loopback; a
    port other than the scheme's own is allowed on the base address's host as given there. On the loopback nothing but
    the base address itself is reached: what else listens on this machine is no agency's to name.
    """

    def __init__(self, base_url: str, egress: frozenset[str], *, plugin: str) -> None:
        self._plugin = plugin
        self._egress = egress
        self._origin: tuple[str, str | None, int] | None = None
        parts = self._parse(base_url)
        if isinstance(parts, str) or parts.query:
            reason = parts if isinstance(parts, str) else "has-query"
            raise SettingsRejected(("base_url",), plugin=plugin, reasons={"base_url": reason})
        self._origin = _origin(parts)
        self._host = parts.netloc.lower().encode("ascii")
        self._base = f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"

    def resolve(self, target: str, params: Params | None = None) -> EgressTarget:
        """The address of ``target``: a path below the base address, or an absolute URL.

        Raises:
            PluginFault: ``egress-not-allowed``, or ``path-not-allowed`` for a path that holds a query, a dot
                segment or a character that must be percent-encoded.
        """
        added = encode(params) if params else ""
        if target.startswith("/"):
            if _PATH.fullmatch(target) is None or (("." in target or "%" in target) and _DOT_SEGMENT.search(target)):
                raise PluginFault("path-not-allowed", plugin=self._plugin)
            url = self._base + target
            return EgressTarget(f"{url}?{added}" if added else url, self._host, home=True)
        parts = self._parse(target)
        if isinstance(parts, str):
            raise PluginFault("egress-not-allowed", plugin=self._plugin)
        query = "&".join(part for part in (parts.query, added) if part)
        url = f"{parts.scheme}://{parts.netloc.lower()}{parts.path or '/'}"
        return EgressTarget(
            f"{url}?{query}" if query else url, parts.netloc.lower().encode("ascii"), _origin(parts) == self._origin
        )

    def _parse(self, url: str) -> SplitResult | str:
        """The parts of an absolute URL if a plugin may reach it, or why not, as a code."""
        try:
            parts = urlsplit(url)
            scheme, host, port = _origin(parts)
        except (ValueError, KeyError):
            return "not-a-url"
        if _URL.fullmatch(url) is None or host is None or "@" in parts.netloc:
            return "not-a-url"
        if host not in self._egress:
            return "host-not-allowed"
        own = self._origin is None or (scheme, host, port) == self._origin
        is_allowed = own if is_loopback(host) else scheme == "https" and (own or port == _DEFAULT_PORTS[scheme])
        return parts if is_allowed else "not-https"


def encode(fields: Params) -> str:
    """Fields as ``application/x-www-form-urlencoded`` text in UTF-8, spaces as ``%20``."""
    pairs = [
        (name, _text(value))
        for name, given in fields.items()
        for value in (given if isinstance(given, Sequence) and not isinstance(given, str) else (given,))
        if value is not None
    ]
    return urlencode(pairs, quote_via=quote, safe="")


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    # Port 0 may be written, and is no server's.
    return parts.scheme, parts.hostname, _DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port


def _text(value: ParamValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
