"""Where personal values stand in what is sent: in bodies, and nowhere else."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Final
from urllib.parse import unquote_plus

from nagorik import Operation
from nagorik.manifest import AnyOffer, PublicService
from nagorik.values import to_ascii_digits
from nagorik_testing.contract.calls import call_operation
from nagorik_testing.contract.checks.check import check
from nagorik_testing.contract.checks.inspection import leaves, ready_rigs
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.wiretap import WireExchange, Wiretap
from nagorik_testing.fixtures.canaries import canary_values, count_leaks

_LONG: Final = 10
"""Digits from which on a number leads to somebody."""
_SEPARATORS: Final = str.maketrans("", "", " -_.")
_DIGITS: Final = 6
"""Digits from which on a text of letters and digits, or what a field calls a number, leads to somebody."""
_NAMES_NUMBERS: Final = re.compile(r"number|(?:^|_)(?:no|nid|id)$|licen[cs]e|passport|tracking|plate|registration")
"""In the name of a field that holds the number of a document, a vehicle or an application."""


@check("privacy/addresses")
async def _nowhere_but_in_bodies(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong: list[str] = []
    tap = Wiretap()
    heard = 0
    async for operation, rig in ready_rigs(tap.on(subject), offer):
        await call_operation(rig, operation)
        sought = _sought(rig, offer)
        for exchange in tap.exchanges[heard:]:
            wrong += [f"{where} of {_name(operation, exchange, sought)}" for where in _places(exchange, sought)]
        heard = len(tap.exchanges)
    return sorted(set(wrong))


def _places(exchange: WireExchange, sought: tuple[str, ...]) -> Iterator[str]:
    url = exchange.request.url
    if _holds(url.path, sought):
        yield "personal data in the path"
    if _holds(url.query.decode("ascii"), sought):
        yield "personal data in the query"
    for name, value in exchange.request.headers.items():
        if _holds(value, sought):
            yield f"personal data in the header {name}"


def _holds(written: str, sought: tuple[str, ...]) -> bool:
    plain = unquote_plus(written)
    return bool(
        count_leaks(plain, sought)
        or count_leaks(plain.translate(_SEPARATORS), sought)
        or count_leaks(_bare(plain), sought)
    )


def _bare(text: str) -> str:
    """Letters and ASCII digits alone, as a number reads that is written with or without its signs."""
    return "".join(sign for sign in to_ascii_digits(text).casefold() if sign.isalnum())


def _is_identifier(name: str, value: str) -> bool:
    bare = _bare(value)
    if sum(sign.isdigit() for sign in bare) < _DIGITS or _is_day(value):
        return False
    return not bare.isdecimal() or bool(_NAMES_NUMBERS.search(name.casefold()))


def _is_day(value: str) -> bool:
    try:
        date.fromisoformat(to_ascii_digits(value))
    except ValueError:
        return False
    return True


def _name(operation: Operation, exchange: WireExchange, sought: tuple[str, ...]) -> str:
    """The request as a report may name it: without its path, where somebody is named in that."""
    path = exchange.request.url.path
    return f"a request of {operation.value}" if _holds(path, sought) else exchange.request.method + " " + path


def _sought(rig: Rig, offer: AnyOffer) -> tuple[str, ...]:
    numbers: list[str] = []
    if isinstance(offer, PublicService):
        written_in = [(place, value) for place, value in leaves(dict(rig.draft.form)) if isinstance(value, str)]
        numbers = [value for _, value in written_in if len(value) >= _LONG and value.isdecimal()]
        numbers += [_bare(value) for place, value in written_in if _is_identifier(str(place[-1]), value)]
    return canary_values(rig.citizen, *rig.named, *numbers)
