"""``nagorik till``: a cash desk's day, from its opening float to a count that two people answer for."""

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nagorik_host.commands.running import CommandRefused, now, run_command, unlocked_database
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import (
    add_json_argument,
    add_limit_argument,
    print_error,
    print_facts,
    print_json,
    print_lines,
    print_table,
)

if TYPE_CHECKING:
    from nagorik import Text
    from nagorik.values import Money
    from nagorik_counter.till_page import ShownSession
    from nagorik_counter.tills import ListedSession, TillCount, TillOpening, Unclaimed
    from nagorik_host.settings import HostSettings
    from nagorik_host.store.database import Database, Transaction

_LONGEST_REASON: Final = 500


class TillCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "open and close a cash desk's till: float, taken, given back, expected, counted, difference"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        opened = actions.add_parser(
            "open",
            help="begin a session with what is in the till",
            description=(
                "Begin a session. What is taken and given back from now on, by who acts under the till's id or under"
                " one that begins with it, is expected in the till at its close."
            ),
            allow_abbrev=False,
        )
        opened.add_argument(
            "--till",
            required=True,
            metavar="ID",
            help="centre-0042/desk-1/operator-7, or its first parts: centre-0042/desk-1",
        )
        opened.add_argument("--float", required=True, metavar="AMOUNT", help="what is in the till now, in taka")
        opened.add_argument("--by", required=True, metavar="ID", help="who opens it, by an id of the host's own")
        add_json_argument(opened)
        shown = actions.add_parser("show", help="a session as it stands, or as it was closed", allow_abbrev=False)
        _add_session(shown)
        add_json_argument(shown)
        closed = actions.add_parser(
            "close",
            help="end a session with what was counted; for good",
            description=(
                "End a session. What is expected is worked out from the host's own payments. Where the count is"
                " another, a reason and a second person are needed. A close cannot be changed."
            ),
            allow_abbrev=False,
        )
        closed.add_argument("--till", metavar="ID", help="which; may be left out where one is open")
        closed.add_argument("--counted", metavar="AMOUNT", help="what was counted, in taka")
        closed.add_argument(
            "--denominations", metavar="PIECES", help="how many of each note and coin: 500x3,100x2,0.50x4"
        )
        closed.add_argument("--by", required=True, metavar="ID", help="who counted, by an id of the host's own")
        closed.add_argument("--reason", metavar="TEXT", help="why the count is another than was expected")
        closed.add_argument("--second", metavar="ID", help="who looked, too, where it is; another than --by")
        closed.add_argument("--sheet", type=Path, metavar="FILE", help="write the sheet to be signed into a new file")
        add_json_argument(closed)
        sheet = actions.add_parser(
            "sheet", help="write the sheet of a closed session, to be printed and signed", allow_abbrev=False
        )
        _add_session(sheet)
        sheet.add_argument("--sheet", type=Path, required=True, metavar="FILE", help="a new file, HTML")
        add_json_argument(sheet)
        listed = actions.add_parser("list", help="sessions, the last opened first", allow_abbrev=False)
        listed.add_argument("--till", metavar="ID", help="of this till alone")
        add_limit_argument(listed, default=50)
        add_json_argument(listed)

    def run(self, arguments: argparse.Namespace) -> int:
        """Open, show, close, list, or write the sheet."""
        action = {"open": _open, "show": _show, "close": _close, "sheet": _sheet, "list": _list}[arguments.action]
        return run_command(lambda: action(arguments))


def _add_session(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--till", metavar="ID", help="which; may be left out where one is open")
    parser.add_argument("--session", metavar="NUMBER", help="which of the till's; the last by default")


def _number(given: str | None) -> int | None:
    from nagorik.values import to_ascii_digits
    from nagorik_counter.tills import TillRefused

    if given is None:
        return None
    digits = to_ascii_digits(given).strip()
    if not (digits.isascii() and digits.isdecimal() and int(digits[:9]) > 0 and len(digits) < 10):  # noqa: PLR2004
        raise TillRefused("session")
    return int(digits)


async def _open(arguments: argparse.Namespace) -> int:
    from nagorik_counter.till_page import plain_amount
    from nagorik_counter.tills import open_till
    from nagorik_host.settings import load_host_settings

    with _told():
        till, by = _identity("--till", arguments.till), _identity("--by", arguments.by)
        money = _amount("--float", arguments.float)
        settings = load_host_settings()
        _require_gateway(settings)
        async with unlocked_database(settings) as (database, _):
            do = partial(open_till, till=till, float_money=money, by=by, gateway=settings.cash_gateway, clock=now)
            opening = await database.run(do)
            noticed = await database.run(partial(_noticed, opening=opening))
    if arguments.json:
        document = {"till": till, "session": opening.number, "id": opening.id, "float": plain_amount(money.poisha)}
        document |= {"opened_at": opening.opened_at.isoformat(), "opened_by": by, "gateway": opening.gateway}
        print_json(document | {"notes": [one.model_dump() for one in noticed]})
    else:
        _print_session(await _shown_of(settings, till, opening.number))
        _print_notes(noticed)
    return ExitCode.OK


def _noticed(transaction: "Transaction", *, opening: "TillOpening") -> "list[Text]":
    """What whoever opens a till should look at."""
    from nagorik_counter.till_page import till_text
    from nagorik_counter.tills import is_known, last_close

    found = []
    before = last_close(transaction, opening)
    if before is not None and before.counted != opening.float_money:
        found.append(till_text("note.other-float", counted=before.counted, float=opening.float_money))
    if not is_known(transaction, opening.till, opening.gateway):
        found.append(till_text("note.new-id", till=_same(opening.till)))
    return found


async def _show(arguments: argparse.Namespace) -> int:
    from nagorik_counter.till_page import session_document
    from nagorik_host.settings import load_host_settings

    with _told():
        till = _identity("--till", arguments.till) if arguments.till is not None else None
        shown = await _shown_of(load_host_settings(), till, _number(arguments.session))
    if arguments.json:
        print_json(session_document(shown))
    else:
        _print_session(shown)
    return ExitCode.OK


async def _close(arguments: argparse.Namespace) -> int:
    from nagorik_counter.till_page import session_document, till_text
    from nagorik_host.settings import load_host_settings

    with _told():
        till = _identity("--till", arguments.till) if arguments.till is not None else None
        count = _count(arguments)
        settings = load_host_settings()
        with _new_file(arguments.sheet) as file:
            shown = await _closed(settings, till, count)
            is_written = file is None or _write_sheet(file, shown)
    if arguments.json:
        print_json(session_document(shown))
    else:
        _print_session(shown)
    if not is_written:
        lost = till_text("note.sheet-lost")
        print_error(f"{lost.en} {lost.bn}")
        return ExitCode.FAILED
    return ExitCode.OK


async def _closed(settings: "HostSettings", till: str | None, count: "TillCount") -> "ShownSession":
    from nagorik_counter.till_page import shown_session
    from nagorik_counter.tills import close_till
    from nagorik_platform.logs import get_logger

    def close(transaction: "Transaction") -> "ShownSession":
        return shown_session(transaction, close_till(transaction, till, count, now))

    async with unlocked_database(settings) as (database, _):
        shown = await database.run(close)
    opening = shown.session.opening
    get_logger("nagorik.host").warning("till_closed", till=opening.till, session=opening.number)
    return shown


async def _sheet(arguments: argparse.Namespace) -> int:
    from nagorik_counter.tills import TillRefused
    from nagorik_host.settings import load_host_settings

    with _told():
        till = _identity("--till", arguments.till) if arguments.till is not None else None
        shown = await _shown_of(load_host_settings(), till, _number(arguments.session))
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


async def _list(arguments: argparse.Namespace) -> int:
    from nagorik_counter.till_page import plain_amount
    from nagorik_counter.tills import TillRefused, list_sessions, unclaimed
    from nagorik_host.settings import load_host_settings

    with _told():
        till = _identity("--till", arguments.till) if arguments.till is not None else None
        settings = load_host_settings()
        async with unlocked_database(settings) as (database, _):
            found = await database.run(partial(list_sessions, till=till, limit=arguments.limit))
            left = await database.run(partial(unclaimed, gateway=settings.cash_gateway))
        if till is not None and not found:
            raise TillRefused("never-opened", till=_same(till))
    if arguments.json:
        sums = {"number": left.number, "amount": plain_amount(left.poisha)}
        print_json({"sessions": [_listed(one) for one in found], "unclaimed": sums})
    else:
        _print_list(found, left)
    return ExitCode.OK


def _listed(one: "ListedSession") -> dict[str, object]:
    from nagorik_counter.till_page import plain_amount

    opening, is_closed = one.opening, one.closed_at is not None
    difference = one.counted - one.expected if one.counted is not None and one.expected is not None else None
    sums = {"expected": one.expected, "counted": one.counted, "difference": difference}
    return {
        "till": opening.till,
        "session": opening.number,
        "state": "closed" if is_closed else "open",
        "opened_at": opening.opened_at.isoformat(),
        "opened_by": opening.opened_by,
        "closed_at": one.closed_at.isoformat() if one.closed_at is not None else None,
        "closed_by": one.closed_by,
        "float": plain_amount(opening.float_money.poisha),
        **{name: plain_amount(poisha) if poisha is not None else None for name, poisha in sums.items()},
    }


def _print_list(found: "list[ListedSession]", left: "Unclaimed") -> None:
    from nagorik.values import Money
    from nagorik_counter.till_page import difference_text, till_text
    from nagorik_host.commands.render import when

    if not found:
        print_lines("No till was ever opened. কোনো ক্যাশবাক্স কখনো খোলা হয়নি।")
        return
    rows = [
        (
            one.opening.till,
            str(one.opening.number),
            f"{when(one.opening.opened_at)} {one.opening.opened_by}",
            f"{when(one.closed_at)} {one.closed_by}" if one.closed_at is not None else _pair(till_text("label.open")),
            _pair(difference_text(one.counted - one.expected))
            if one.counted is not None and one.expected is not None
            else "–",
        )
        for one in found
    ]
    heads = ("label.till", "label.session", "label.opened", "label.closed-at", "label.difference")
    print_table([_pair(till_text(code), " / ") for code in heads], rows)
    if left.number:
        _print_notes([till_text("note.unclaimed", number=left.number, amount=Money(poisha=left.poisha))])


async def _shown_of(settings: "HostSettings", till: str | None, number: int | None) -> "ShownSession":
    async with unlocked_database(settings) as (database, _):
        return await _read(database, till, number)


async def _read(database: "Database", till: str | None, number: int | None) -> "ShownSession":
    from nagorik_counter.till_page import shown_session
    from nagorik_counter.tills import read_session

    def read(transaction: "Transaction") -> "ShownSession":
        return shown_session(transaction, read_session(transaction, till, number, now()))

    return await database.snapshot(read)


def _print_session(shown: "ShownSession") -> None:
    from nagorik_counter.till_page import circumstances, figures, late_line, notes, till_text

    facts = [*circumstances(shown.session), *figures(shown.session)]
    print_facts((_pair(till_text(code), " / "), _pair(text)) for code, text in facts)
    late = [*shown.late, *shown.waiting]
    if late:
        heads = ("label.payment", "label.when", "label.what", "label.of-session")
        rows = [(payment, *map(_pair, others)) for payment, *others in map(late_line, late)]
        print_table([_pair(till_text(code), " / ") for code in heads], rows)
    _print_notes(list(notes(shown)))


def _print_notes(told: "list[Text]") -> None:
    for one in told:
        print_lines(one.bn, one.en)


def _pair(text: "Text", between: str = " · ") -> str:
    return text.bn if text.bn == text.en else f"{text.bn}{between}{text.en}"


# What was typed


def _identity(option: str, given: str) -> str:
    """An id of the host's own; Bangla digits in it are taken as such."""
    from nagorik.values import to_ascii_digits
    from nagorik_counter.tills import TillRefused
    from nagorik_host.application_file import is_acting
    from nagorik_platform.number_mask import is_telling

    name = to_ascii_digits(given).strip()
    if not is_acting(name) or is_telling(name):
        raise TillRefused("id", option=_same(option))
    return name


def _amount(option: str, given: str) -> "Money":
    from nagorik.values import Money, NationalDataError
    from nagorik_counter.tills import TillRefused

    try:
        return Money.parse(given)
    except NationalDataError as error:
        raise TillRefused("amount", option=_same(option), problem=error.text) from None


def _count(arguments: argparse.Namespace) -> "TillCount":
    from nagorik_counter.denominations import read_denominations, sum_of_pieces
    from nagorik_counter.tills import TillCount, TillRefused

    pieces: Mapping[int, int] | None = None
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
    from nagorik.values import NationalDataError
    from nagorik.values.text import clean_line
    from nagorik_counter.tills import TillRefused
    from nagorik_platform.number_mask import is_telling

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


def _require_gateway(settings: "HostSettings") -> None:
    """See that the cash desk's gateway is one: through a misspelt one, nothing would ever be taken."""
    from nagorik_counter.tills import TillRefused
    from nagorik_platform.registry import Registry

    manifests = [record.manifest for record in Registry.discover().records if record.manifest is not None]
    known = sorted(gateway.id for manifest in manifests for gateway in manifest.gateways)
    if settings.cash_gateway not in known:
        raise TillRefused("no-gateway", gateway=_same(settings.cash_gateway), known=_same(", ".join(known) or "–"))


@contextmanager
def _new_file(path: Path | None) -> Iterator[Path | None]:
    """A file that is made now, so that nothing is closed whose sheet has no place; gone again where that fails."""
    from nagorik_counter.tills import TillRefused

    if path is None:
        yield None
        return
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        # What a killed process made and never wrote is as good as none.
        if path.is_symlink() or not path.is_file() or path.stat().st_size:
            raise TillRefused("sheet-there") from None
    except (OSError, ValueError):
        raise TillRefused("sheet-unwritable") from None
    try:
        yield path
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _write_sheet(path: Path, shown: "ShownSession") -> bool:
    """Write the sheet into a file that is there; whether that was possible."""
    from nagorik_counter.till_sheet import close_sheet

    try:
        path.write_text(close_sheet(shown), "utf-8")
    except OSError:
        return False
    return True


@contextmanager
def _told() -> Iterator[None]:
    """Say why something was refused, in both languages."""
    from nagorik_counter.till_page import till_text
    from nagorik_counter.tills import TillRefused

    try:
        yield
    except TillRefused as refused:
        text = till_text(f"refused.{refused.code}", **refused.fills)
        raise CommandRefused(f"{text.en} {text.bn}") from None


def _same(written: str) -> "Text":
    from nagorik import Text

    return Text(bn=written, en=written)


command: Final = TillCommand()
