"""``nagorik till``: a cash desk's day, from its opening float to a count that two people sign."""

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Final, TypeVar

from nagorik import Text
from nagorik.values import Money, NationalDataError, to_ascii_digits
from nagorik.values.text import clean_line
from nagorik_counter.denominations import read_denominations, sum_of_pieces
from nagorik_counter.till_page import (
    circumstances,
    difference_text,
    figures,
    late_line,
    notes,
    plain_amount,
    session_document,
    till_text,
)
from nagorik_counter.till_sheet import close_sheet
from nagorik_counter.tills import (
    TillCount,
    TillRefused,
    TillSession,
    close_till,
    is_known,
    list_sessions,
    open_till,
    read_session,
    same_text,
    unclaimed,
)
from nagorik_host.application_file import is_acting
from nagorik_host.commands.result import when
from nagorik_host.commands.running import CommandRefused, new_file, now, unlocked_database
from nagorik_host.settings import HostSettings, load_host_settings
from nagorik_host.store.database import Transaction
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import print_facts, print_json, print_lines, print_table
from nagorik_platform.logs import get_logger
from nagorik_platform.number_mask import is_telling
from nagorik_platform.registry import Registry

T = TypeVar("T")
_LONGEST_REASON: Final = 500


async def open_session(arguments: argparse.Namespace) -> int:
    """Open a till."""
    with _explained():
        till, by = _identity("--till", arguments.till), _identity("--by", arguments.by)
        settings = load_host_settings()
        gateway, money = _gateway(settings), _parsed("--float", Money.parse, arguments.float)

        def do(transaction: Transaction) -> tuple[TillSession, bool]:
            opening = open_till(transaction, till=till, float_money=money, by=by, gateway=gateway, clock=now)
            session = read_session(transaction, till, opening.number, opening.opened_at)
            return session, is_known(transaction, till, gateway)

        async with unlocked_database(settings) as (database, _):
            session, known = await database.run(do)
    return _shown(arguments, session, [] if known else [till_text("note.new-id", till=same_text(till))])


async def show(arguments: argparse.Namespace) -> int:
    """Show a session."""
    with _explained():
        return _shown(arguments, await _chosen(arguments))


async def close(arguments: argparse.Namespace) -> int:
    """Close a till, and write its sheet."""
    with _explained():
        do = partial(close_till, till=_till(arguments), count=_count(arguments), clock=now)
        # A sheet that cannot be written is refused before anything is closed.
        with new_file(arguments.sheet) if arguments.sheet is not None else nullcontext() as file:
            async with unlocked_database(load_host_settings()) as (database, _):
                session = await database.run(do)
            opening = session.opening
            get_logger("nagorik.host").warning("till_closed", till=opening.till, session=opening.number)
            if file is not None:
                file.write(close_sheet(session).encode())
    return _shown(arguments, session)


async def write_sheet(arguments: argparse.Namespace) -> int:
    """Write the sheet of a closed session."""
    with _explained():
        session = await _chosen(arguments)
        opening = session.opening
        if session.close is None:
            raise TillRefused("still-open", till=same_text(opening.till))
        with new_file(arguments.sheet) as file:
            file.write(close_sheet(session).encode())
    if arguments.json:
        print_json({"till": opening.till, "session": opening.number, "sheet": arguments.sheet.name})
    else:
        print_lines(arguments.sheet.name)
    return ExitCode.OK


async def list_all(arguments: argparse.Namespace) -> int:
    """List sessions, and the cash that belongs to no till."""
    with _explained():
        till, settings = _till(arguments), load_host_settings()

        async with unlocked_database(settings) as (database, _):
            found = await database.snapshot(partial(list_sessions, till=till, limit=arguments.limit, now=now()))
            number, poisha = await database.snapshot(partial(unclaimed, gateway=settings.cash_gateway))
        if till is not None and not found:
            raise TillRefused("never-opened", till=same_text(till))
    if arguments.json:
        sums = {"number": number, "amount": plain_amount(poisha)}
        print_json({"sessions": [session_document(one) for one in found], "unclaimed": sums})
        return ExitCode.OK
    rows = (
        (
            one.opening.till,
            str(one.opening.number),
            f"{when(one.opening.opened_at)} {one.opening.opened_by}",
            f"{when(one.closed_at)} {one.close.by}"
            if one.closed_at and one.close
            else _pair(till_text("label.open")),
            _pair(difference_text(one.difference)) if one.difference is not None else "–",
        )
        for one in found
    )
    _print_table(("label.till", "label.session", "label.opened", "label.closed-at", "label.difference"), rows)
    if number:
        _print_notes([till_text("note.unclaimed", number=number, amount=Money(poisha=poisha))])
    return ExitCode.OK


async def _chosen(arguments: argparse.Namespace) -> TillSession:
    till, number = _till(arguments), arguments.session
    async with unlocked_database(load_host_settings()) as (database, _):
        return await database.snapshot(lambda transaction: read_session(transaction, till, number, now()))


def _shown(arguments: argparse.Namespace, session: TillSession, further: Sequence[Text] = ()) -> int:
    """Print a session with notes of one's own."""
    if arguments.json:
        print_json(session_document(session) | {"notes": [one.model_dump() for one in (*notes(session), *further)]})
        return ExitCode.OK
    facts = [*circumstances(session), *figures(session)]
    print_facts((_pair(till_text(code), " / "), _pair(text)) for code, text in facts)
    late = [*session.late, *session.waiting]
    if late:
        rows = ((payment, _pair(at), _pair(what)) for payment, at, what in map(late_line, late))
        _print_table(("label.payment", "label.when", "label.what"), rows)
    _print_notes([*notes(session), *further])
    return ExitCode.OK


def _print_table(codes: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    print_table([_pair(till_text(code), " / ") for code in codes], rows)


def _print_notes(texts: Iterable[Text]) -> None:
    print_lines(*(line for one in texts for line in (one.bn, one.en)))


def _pair(text: Text, between: str = " · ") -> str:
    return text.bn if text.bn == text.en else f"{text.bn}{between}{text.en}"


def _till(arguments: argparse.Namespace) -> str | None:
    return _identity("--till", arguments.till) if arguments.till is not None else None


def _identity(option: str, given: str) -> str:
    """An id of the host's own; digits may be Bangla."""
    name = to_ascii_digits(given).strip()
    if not is_acting(name) or is_telling(name):
        raise TillRefused("id", option=same_text(option))
    return name


def _parsed(option: str, parse: Callable[[str], T], given: str) -> T:
    try:
        return parse(given)
    except NationalDataError as error:
        raise TillRefused("amount", option=same_text(option), problem=error.text) from None


def _count(arguments: argparse.Namespace) -> TillCount:
    pieces = read_denominations(arguments.denominations) if arguments.denominations is not None else None
    sums = [_parsed("--counted", Money.parse, arguments.counted)] if arguments.counted is not None else []
    sums += [sum_of_pieces(pieces)] if pieces is not None else []
    if not sums:
        raise TillRefused("count-missing")
    if sums[0] != sums[-1]:
        raise TillRefused("counts-differ", counted=sums[0], pieces=sums[-1])
    second = _identity("--second", arguments.second) if arguments.second is not None else None
    reason = _reason(arguments.reason) if arguments.reason is not None else None
    return TillCount(sums[0], _identity("--by", arguments.by), pieces, second, reason)


def _reason(given: str) -> str:
    reason = _parsed("--reason", clean_line, given)
    if not any(letter.isalpha() for letter in reason) or len(reason) > _LONGEST_REASON or is_telling(reason):
        raise TillRefused("reason", most=_LONGEST_REASON)
    return reason


def _gateway(settings: HostSettings) -> str:
    """The cash desk's gateway. A misspelt one is refused: nothing would ever be taken through it."""
    manifests = [record.manifest for record in Registry.discover().records if record.manifest is not None]
    known = sorted(gateway.id for manifest in manifests for gateway in manifest.gateways)
    if settings.cash_gateway not in known:
        named = same_text(", ".join(known) or "–")
        raise TillRefused("no-gateway", gateway=same_text(settings.cash_gateway), known=named)
    return settings.cash_gateway


@contextmanager
def _explained() -> Iterator[None]:
    """Turn a refusal into its sentence in both languages."""
    try:
        yield
    except TillRefused as refused:
        text = till_text(f"refused.{refused.code}", **refused.fills)
        raise CommandRefused(f"{text.en} {text.bn}") from None
