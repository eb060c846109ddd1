"""Where a payer's browser may be sent: a page of the gateway, and nothing that a response makes of one."""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, StringConstraints

# No user and password, and no backslash: browsers read those in ways of their own.
_PAGE: Final = re.compile(
    r"(https?)://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?(?:[/?#][!-\[\]-~]*)?", re.ASCII
)


def is_loopback(host: str) -> bool:
    """Return whether ``host``, without a port, is this machine itself."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _has_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:  # above 65535, or the brackets hold no address
        return False


def _payer_url(url: str) -> str:
    found = _PAGE.fullmatch(url)
    if found is None or (found[1] == "http" and not is_loopback(found[2].lower())) or not _has_port(url):
        raise ValueError("write https://host/… in ASCII without user and password; http on a loopback address alone")
    return url


PayerUrl = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_payer_url)]
"""The address of a page for payers: https in ASCII, or http on a loopback address; at most 2,000 characters."""


def is_page_of(url: str, hosts: Iterable[str], base_url: str) -> bool:
    """Return whether a ``PayerUrl`` leads to one of ``hosts``, below one, or to where the gateway itself is.

    Args:
        url: The page.
        hosts: The manifest's ``payer_hosts``; https on its own port alone leads there.
        base_url: The gateway's own address. A loopback address is admitted only where it is on loopback too.
    """
    page, home = urlsplit(url), urlsplit(base_url)
    host = (page.hostname or "").rstrip(".")
    if is_loopback(host):
        return is_loopback(home.hostname or "")
    if page.netloc.lower() == home.netloc.lower():
        return True
    return page.port in {None, 443} and any(host == one or host.endswith(f".{one}") for one in hosts)
