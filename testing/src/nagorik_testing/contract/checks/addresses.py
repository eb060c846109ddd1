"""Where personal values stand in what is sent: in bodies, and nowhere else."""

import re
from typing import Final
from urllib.parse import unquote_plus

from nagorik.manifest import AnyOffer, PublicService
from nagorik.values import to_ascii_digits
from nagorik_testing.contract.calls import call_operation
from nagorik_testing.contract.checks.check import check
from nagorik_testing.contract.checks.inspection import leaves, personal_numbers, ready_rigs
from nagorik_testing.contract.form_fields import day_in
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.wiretap import Wiretap
from nagorik_testing.fixtures.canaries import canary_values, count_leaks

_SEPARATORS: Final = str.maketrans("", "", " -_.")
_DIGITS: Final = 6
"""Digits from which on a text of letters and digits, or what a field calls a number, leads to somebody."""
_NAMES_NUMBERS: Final = re.compile(r"number|(?:^|_)(?:no|nid|id)$|licen[cs]e|passport|tracking|plate|registration")
"""In the name of a field that holds the number of a document, a vehicle or an application."""


@check("privacy/addresses")
async def _nowhere_but_in_bodies(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong, tap, heard = list[str](), Wiretap(), 0
    async for operation, rig in ready_rigs(tap.on(subject), offer):
        await call_operation(rig, operation)
        sought = _sought(rig, offer)
        for exchange in tap.exchanges[heard:]:
            # A report names the request without its path, where somebody is named in that.
            url, named = exchange.request.url, _holds(exchange.request.url.path, sought)
            request = f"a request of {operation.value}" if named else exchange.operation
            parts = {"path": url.path, "query": url.query.decode("ascii")}
            parts |= {f"header {name}": value for name, value in exchange.request.headers.items()}
            wrong += [f"personal data in the {at} of {request}" for at, said in parts.items() if _holds(said, sought)]
        heard = len(tap.exchanges)
    return sorted(set(wrong))


def _holds(written: str, sought: tuple[str, ...]) -> bool:
    plain = unquote_plus(written)
    return any(count_leaks(text, sought) for text in (plain, plain.translate(_SEPARATORS), _bare(plain)))


def _bare(text: str) -> str:
    """Letters and ASCII digits alone, as a number reads that is written with or without its signs."""
    return "".join(sign for sign in to_ascii_digits(text).casefold() if sign.isalnum())


def _is_identifier(name: str, value: str) -> bool:
    bare = _bare(value)
    if sum(sign.isdigit() for sign in bare) < _DIGITS or day_in(to_ascii_digits(value)) is not None:
        return False
    return not bare.isdecimal() or bool(_NAMES_NUMBERS.search(name.casefold()))


def _sought(rig: Rig, offer: AnyOffer) -> tuple[str, ...]:
    form = dict(rig.draft.form) if isinstance(offer, PublicService) else {}
    texts = ((str(place[-1]), value) for place, value in leaves(form) if isinstance(value, str))
    identifiers = (_bare(value) for name, value in texts if _is_identifier(name, value))
    return canary_values(rig.citizen, *rig.named, *personal_numbers(form), *identifiers)
