"""``nagorik till``: a cash desk's day, from its opening float to a count that two people answer for."""

import argparse
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from nagorik import Text
from nagorik.values import Money, NationalDataError, to_ascii_digits
from nagorik.values.text import clean_line
from nagorik_counter.denominations import read_denominations, sum_of_pieces
from nagorik_counter.till_page import (
    ShownSession,
    circumstances,
    difference_text,
    figures,
    late_line,
    listed_document,
    notes,
    plain_amount,
    session_document,
    shown_session,
    till_text,
)
from nagorik_counter.till_sheet import close_sheet
from nagorik_counter.tills import (
    ListedSession,
    TillCount,
    TillOpening,
    TillRefused,
    Unclaimed,
    close_till,
    is_known,
    last_close,
    list_sessions,
    open_till,
    read_session,
    unclaimed,
)
from nagorik_host.application_file import is_acting
from nagorik_host.commands.columns import when
from nagorik_host.commands.running import CommandRefused, now, unlocked_database
from nagorik_host.settings import HostSettings, load_host_settings
from nagorik_host.store.database import Database, Transaction
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import print_error, print_facts, print_json, print_lines, print_table
from nagorik_platform.logs import get_logger
from nagorik_platform.number_mask import is_telling
from nagorik_platform.registry import Registry

_LONGEST_REASON: Final = 500


async def open_session(arguments: argparse.Namespace) -> int:
    """Open a till."""
    with _explained():
        till, by = _identity("--till", arguments.till), _identity("--by", arguments.by)
        money = _amount("--float", arguments.float)
        settings = load_host_settings()
        _require_gateway(settings)
        async with unlocked_database(settings) as (database, _):
            do = partial(open_till, till=till, float_money=money, by=by, gateway=settings.cash_gateway, clock=now)
            opening = await database.run(do)
            noticed = await database.run(partial(_noticed, opening=opening))
            shown = await _read(database, till, opening.number)
    if arguments.json:
        document = {"till": till, "session": opening.number, "id": opening.id, "float": plain_amount(money.poisha)}
        document |= {"opened_at": opening.opened_at.isoformat(), "opened_by": by, "gateway": opening.gateway}
        print_json(document | {"notes": [one.model_dump() for one in noticed]})
    else:
        _print_session(shown)
        _print_notes(noticed)
    return ExitCode.OK


def _noticed(transaction: Transaction, *, opening: TillOpening) -> list[Text]:
    """What the person who opens a till should look at."""
    found = []
    before = last_close(transaction, opening)
    if before is not None and before.counted != opening.float_money:
        found.append(till_text("note.other-float", counted=before.counted, float=opening.float_money))
    if not is_known(transaction, opening.till, opening.gateway):
        found.append(till_text("note.new-id", till=_same(opening.till)))
    return found


async def show(arguments: argparse.Namespace) -> int:
    """Show a session."""
    with _explained():
        shown = await _chosen(arguments)
    _print(shown, as_json=arguments.json)
    return ExitCode.OK


async def close(arguments: argparse.Namespace) -> int:
    """Close a till, and write its sheet; exit code 3 where it is closed and the sheet is lost."""
    with _explained():
        till, count = _till(arguments), _count(arguments)
        with _new_file(arguments.sheet) as file:
            async with unlocked_database(load_host_settings()) as (database, _):

                def do(transaction: Transaction) -> ShownSession:
                    return shown_session(transaction, close_till(transaction, till, count, now))

                shown = await database.run(do)
            opening = shown.session.opening
            get_logger("nagorik.host").warning("till_closed", till=opening.till, session=opening.number)
            is_written = file is None or _write_sheet(file, shown)
    _print(shown, as_json=arguments.json)
    if not is_written:
        lost = till_text("note.sheet-lost")
        print_error(f"{lost.en} {lost.bn}")
        return ExitCode.FAILED
    return ExitCode.OK


async def write_sheet(arguments: argparse.Namespace) -> int:
    """Write the sheet of a closed session."""
    with _explained():
        shown = await _chosen(arguments)
        opening = shown.session.opening
        if shown.session.close is None:
            raise TillRefused("still-open", till=_same(opening.till))
        with _new_file(arguments.sheet) as file:
            if file is not None and not _write_sheet(file, shown):
                raise TillRefused("sheet-unwritable")
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
            found = await database.run(partial(list_sessions, till=till, limit=arguments.limit))
            left = await database.run(partial(unclaimed, gateway=settings.cash_gateway))
        if till is not None and not found:
            raise TillRefused("never-opened", till=_same(till))
    if arguments.json:
        sums = {"number": left.number, "amount": plain_amount(left.poisha)}
        print_json({"sessions": [listed_document(one) for one in found], "unclaimed": sums})
    else:
        _print_list(found, left)
    return ExitCode.OK


def _print_list(found: list[ListedSession], left: Unclaimed) -> None:
    if not found:
        print_lines("No till was ever opened. কোনো ক্যাশবাক্স কখনো খোলা হয়নি।")
        return
    rows = [
        (
            one.opening.till,
            str(one.opening.number),
            f"{when(one.opening.opened_at)} {one.opening.opened_by}",
            f"{when(one.closed_at)} {one.closed_by}" if one.closed_at is not None else _pair(till_text("label.open")),
            _pair(difference_text(one.difference)) if one.difference is not None else "–",
        )
        for one in found
    ]
    _print_table(("label.till", "label.session", "label.opened", "label.closed-at", "label.difference"), rows)
    if left.number:
        _print_notes([till_text("note.unclaimed", number=left.number, amount=Money(poisha=left.poisha))])


async def _chosen(arguments: argparse.Namespace) -> ShownSession:
    till, number = _till(arguments), _number(arguments.session)
    async with unlocked_database(load_host_settings()) as (database, _):
        return await _read(database, till, number)


async def _read(database: Database, till: str | None, number: int | None) -> ShownSession:
    def read(transaction: Transaction) -> ShownSession:
        return shown_session(transaction, read_session(transaction, till, number, now()))

    return await database.snapshot(read)


def _print(shown: ShownSession, *, as_json: bool) -> None:
    if as_json:
        print_json(session_document(shown))
    else:
        _print_session(shown)


def _print_session(shown: ShownSession) -> None:
    facts = [*circumstances(shown.session), *figures(shown.session)]
    print_facts((_pair(till_text(code), " / "), _pair(text)) for code, text in facts)
    late = [*shown.late, *shown.waiting]
    if late:
        rows = ((payment, *map(_pair, others)) for payment, *others in map(late_line, late))
        _print_table(("label.payment", "label.when", "label.what", "label.of-session"), rows)
    _print_notes(notes(shown))


def _print_table(codes: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    print_table([_pair(till_text(code), " / ") for code in codes], rows)


def _print_notes(texts: Iterable[Text]) -> None:
    for one in texts:
        print_lines(one.bn, one.en)


def _pair(text: Text, between: str = " · ") -> str:
    return text.bn if text.bn == text.en else f"{text.bn}{between}{text.en}"


# What was typed


def _till(arguments: argparse.Namespace) -> str | None:
    return _identity("--till", arguments.till) if arguments.till is not None else None


def _number(given: str | None) -> int | None:
    if given is None:
        return None
    digits = to_ascii_digits(given).strip()
    if not (digits.isascii() and digits.isdecimal() and int(digits[:9]) > 0 and len(digits) < 10):  # noqa: PLR2004
        raise TillRefused("session")
    return int(digits)


def _identity(option: str, given: str) -> str:
    """An id of the host's own; Bangla digits in it are taken as such."""
    name = to_ascii_digits(given).strip()
    if not is_acting(name) or is_telling(name):
        raise TillRefused("id", option=_same(option))
    return name


def _amount(option: str, given: str) -> Money:
    try:
        return Money.parse(given)
    except NationalDataError as error:
        raise TillRefused("amount", option=_same(option), problem=error.text) from None


def _count(arguments: argparse.Namespace) -> TillCount:
    pieces = None
    counted = _amount("--counted", arguments.counted) if arguments.counted is not None else None
    if arguments.denominations is not None:
        pieces = read_denominations(arguments.denominations)
        laid = sum_of_pieces(pieces)
        if counted is not None and counted != laid:
            raise TillRefused("counts-differ", counted=counted, pieces=laid)
        counted = laid
    if counted is None:
        raise TillRefused("count-missing")
    return TillCount(
        counted=counted,
        by=_identity("--by", arguments.by),
        pieces=pieces,
        second=_identity("--second", arguments.second) if arguments.second is not None else None,
        reason=_reason(arguments.reason) if arguments.reason is not None else None,
    )


def _reason(given: str) -> str:
    try:
        reason = clean_line(given)
    except NationalDataError as error:
        raise TillRefused("amount", option=_same("--reason"), problem=error.text) from None
    if not any(letter.isalpha() for letter in reason):
        raise TillRefused("reason-wordless")
    if len(reason) > _LONGEST_REASON:
        raise TillRefused("reason-long", most=_LONGEST_REASON)
    if is_telling(reason):
        raise TillRefused("reason-telling")
    return reason


def _require_gateway(settings: HostSettings) -> None:
    """Refuse a misspelt gateway of the cash desk: nothing would ever be taken through it."""
    manifests = [record.manifest for record in Registry.discover().records if record.manifest is not None]
    known = sorted(gateway.id for manifest in manifests for gateway in manifest.gateways)
    if settings.cash_gateway not in known:
        raise TillRefused("no-gateway", gateway=_same(settings.cash_gateway), known=_same(", ".join(known) or "–"))


@contextmanager
def _new_file(path: Path | None) -> Iterator[Path | None]:
    """A file that is made now, so that nothing is closed whose sheet has no place; gone again where that fails."""
    if path is None:
        yield None
        return
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        # An empty file is what a killed process made and never wrote.
        if path.is_symlink() or not path.is_file() or path.stat().st_size:
            raise TillRefused("sheet-there") from None
    except (OSError, ValueError):
        raise TillRefused("sheet-unwritable") from None
    try:
        yield path
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _write_sheet(path: Path, shown: ShownSession) -> bool:
    """Write the sheet into a file that is there; whether that was possible."""
    try:
        path.write_text(close_sheet(shown), "utf-8")
    except OSError:
        return False
    return True


@contextmanager
def _explained() -> Iterator[None]:
    """Say why something was refused, in both languages."""
    try:
        yield
    except TillRefused as refused:
        text = till_text(f"refused.{refused.code}", **refused.fills)
        raise CommandRefused(f"{text.en} {text.bn}") from None


def _same(written: str) -> Text:
    return Text(bn=written, en=written)
