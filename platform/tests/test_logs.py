import asyncio
import gc
import io
import json
import logging
import subprocess
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum, StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import pytest
import structlog
from hypothesis import given, strategies as st
from pydantic import BaseModel, SecretStr
from structlog.testing import capture_logs

from nagorik.context import CallLog
from nagorik.errors import AgencyRejected, AgencyUnavailable
from nagorik.privacy import MASK, PERSONAL, SECRET, Form, Model
from nagorik.values import MobileNumber, Money, Nid, PersonName, to_bangla_digits
from nagorik_platform.logs import (
    BoundCallLog,
    configure_logging,
    is_configured,
    quiet_transports,
    redact,
    redact_value,
)
from nagorik_platform.logs.redaction import is_event, may_be_shown

NID = "4613278905"
PHONE = "01712345678"
NAME = "Rahima Khatun"
NAME_BN = "রহিমা খাতুন"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJuaWQifQ.c2lnbmF0dXJl"
URL = "https://prportal.example/rest/voter?nid=x"
EMAIL = "rahima@example.com"
OPAQUE = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"
CANARIES = (
    NID,
    to_bangla_digits(NID),
    "461-327-8905",
    "4 6 1 3 2 7 8 9 0 5",
    f"461{chr(0x200D)}3278905",
    PHONE,
    "+880 1712-345678",
    NAME,
    NAME_BN,
    TOKEN,
    f"Bearer {OPAQUE}",
    OPAQUE,
    URL,
    "www.example.com/rahima",
    EMAIL,
    "1990-05-04",
    "04/05/1990",
)


class Applied(Form):
    reason: str
    nid: Nid


class Filed(Model):
    state: str
    count: int = 3
    reference: Annotated[str, PERSONAL] = "NIDW-4613278905"
    token: Annotated[str | None, SECRET] = TOKEN
    form: Applied | None = None
    names: tuple[PersonName, ...] = ()
    fee: Money = Money.taka(230)


class Colour(Enum):
    RED = "red"
    HELD = NID


class State(StrEnum):
    OPEN = "open"


@dataclass
class Foreign:
    nid: str = NID


class ForeignModel(BaseModel):
    nid: str = NID


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    names = ("httpx", "httpcore", "asyncio", "urllib3", "urllib", "aiohttp", "h11")
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in names}
    structlog_was = structlog.get_config() if structlog.is_configured() else None
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in names:
        logging.getLogger(name).setLevel(levels[name])
    logging.captureWarnings(capture=False)
    structlog.contextvars.clear_contextvars()
    if structlog_was is None:
        structlog.reset_defaults()
    else:
        structlog.configure(**structlog_was)


@pytest.fixture
def stream() -> io.StringIO:
    written = io.StringIO()
    configure_logging(json=True, stream=written, level="DEBUG")
    return written


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def leaked(text: str) -> list[str]:
    digits = [canary for canary in (NID, to_bangla_digits(NID), PHONE) if canary in text]
    return digits + [canary for canary in CANARIES if canary in text]


# Values


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize("key", ["reference", "note", "plugin", "application", "code", "where"])
def test_personal_text_is_masked_under_every_key(key: str, canary: str) -> None:
    assert redact_value(key, canary) == MASK
    assert redact_value(key, f"x{canary}") == MASK


@pytest.mark.parametrize("canary", CANARIES)
def test_personal_text_inside_other_text_is_masked(canary: str) -> None:
    for text in (f"NIDW-{canary}", f"{canary}.", f"a:{canary}:b"):
        assert redact_value("reference", text) == MASK


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("done", True, True),
        ("attempts", 3, 3),
        ("largest", 9_999_999, 9_999_999),
        ("bytes", 100_000_000, 100_000_000),
        ("seconds", 86_400.25049, 86_400.25),
        ("statuses", [200, 503], [200, 503]),
        ("token", True, True),
        ("pinned", "3", "3"),
        ("filename", "fees.toml", "fees.toml"),
        ("poisha", -999_999_999, -999_999_999),
        ("seconds", 0.25, 0.25),
        ("absent", None, None),
        ("state", State.OPEN, "open"),
        ("colour", Colour.RED, "red"),
        ("at", datetime(2026, 1, 15, 4, 30, tzinfo=UTC), "2026-01-15T04:30:00+00:00"),
        ("on", date(2026, 1, 15), "2026-01-15"),
        ("waited", timedelta(seconds=90), 90.0),
        ("id", UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        ("application", "019a4613-2789-7058-8f00-123456789012", "019a4613-2789-7058-8f00-123456789012"),
        ("cause", "read-timeout", "read-timeout"),
        ("version", "1.0.0", "1.0.0"),
        ("where", "nagorik_nid/plugin.py:41:nagorik_submit", "nagorik_nid/plugin.py:41:nagorik_submit"),
        ("names", ["base_url", "api_key"], ["base_url", "api_key"]),
        ("empty", "", ""),
    ],
)
def test_what_runs_the_service_is_shown(key: str, value: object, shown: object) -> None:
    assert redact_value(key, value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (int(NID), MASK),
        (-int(PHONE), MASK),
        (date(1990, 5, 4), MASK),
        (Colour.HELD, MASK),
        (SecretStr("x"), MASK),
        (b"4613278905", "<bytes>"),
        ({"nid": NID}, "<dict>"),
        (Foreign(), "<Foreign>"),
        (ForeignModel(), "<ForeignModel>"),
        (Path("/home/rahima"), f"<{type(Path()).__name__}>"),
        (lambda: NID, "<function>"),
        ([NID, "ok", [NID, {"a": NID}]], [MASK, "ok", [MASK, "<dict>"]]),
        (ValueError(NID), "ValueError"),
        (AgencyRejected("nid.locked"), "AgencyRejected(agency-rejected)"),
        (float("nan"), "nan"),
        (float(NID), MASK),
        (float(PHONE), MASK),
        (123456789, MASK),
        (19900504, MASK),
        ([int(digit) for digit in NID], MASK),
        (list(NID), MASK),
        ([NID[:4], NID[4:7], NID[7:]], MASK),
        (timedelta(seconds=int(NID)), MASK),
        (datetime(1990, 5, 4, 11, 5, tzinfo=UTC), MASK),
        (datetime(2024, 5, 4, tzinfo=UTC), MASK),
        (type(f"Nid{NID}", (ValueError,), {})(), MASK),
        (type(f"Nid{NID}", (), {})(), f"<{MASK}>"),
        ("x" * 121, MASK),
        ("two words", MASK),
        ("line\nbreak", MASK),
    ],
)
def test_what_may_be_personal_is_not(value: object, shown: object) -> None:
    assert redact_value("value", value) == shown


def test_model_shows_what_its_data_classes_let_be_seen() -> None:
    filed = Filed(
        state="submitted",
        form=Applied(reason="lost", nid=Nid.parse(NID)),
        names=(PersonName(en=NAME), PersonName(bn=NAME_BN)),
    )
    shown = redact_value("filed", filed)
    assert isinstance(shown, str)
    assert leaked(shown) == []
    assert shown.startswith(f"Filed(state=submitted, count=3, reference={MASK}, token={MASK}, form=Applied(")
    assert "fee=Money(poisha=23000, currency=BDT)" in shown
    assert "lost" not in shown


@pytest.mark.parametrize("key", ["password", "api_token", "nid", "father.name", "PIN", "date-of-birth", "e.phone"])
@pytest.mark.parametrize("value", ["kolpona", "x", 4613, 0.5, ["kolpona"], {"kolpona"}])
def test_under_some_keys_a_short_word_is_somebodys(key: str, value: object) -> None:
    assert redact_value(key, value) in (MASK, [MASK])


class Answered(Model):
    word: str
    count: int = 0
    born: date | None = None
    words: tuple[str, ...] = ()


@pytest.mark.parametrize(
    "answered",
    [
        Answered(word=NAME_BN),
        Answered(word=f"NID {NID} of {NAME}"),
        Answered(word="x", count=int(NID)),
        Answered(word="x", born=date(1990, 5, 4)),
        Answered(word="x", words=(NID, NAME_BN)),
    ],
)
def test_what_an_agency_put_into_an_operational_field_is_looked_at(answered: Answered) -> None:
    shown = str(redact_value("answered", answered))
    assert shown.startswith("Answered(word=")
    assert MASK in shown
    assert leaked(shown) == []
    assert "1990-05-04" not in shown


@pytest.mark.parametrize("value", [Nid.parse(NID), PersonName(en=NAME), MobileNumber.parse(PHONE)])
def test_national_data_is_masked_whole(value: Model) -> None:
    shown = str(redact_value("value", value))
    assert shown.startswith(type(value).__name__)
    assert leaked(shown) == []
    assert NID[-4:] not in shown


def test_str_subclass_cannot_show_another_text() -> None:
    class Sly(str):
        __slots__ = ()

        def __str__(self) -> str:
            return NID

    assert redact_value("value", Sly("ok")) == "ok"
    assert leaked(str(redact_value("value", Sly("ok")))) == []


def test_nesting_is_bounded() -> None:
    deep: list[Any] = ["x"]
    for _ in range(50):
        deep = [deep]
    assert "<list>" in str(redact_value("deep", deep))
    assert len(redact_value("many", ["x"] * 100)) == 20  # type: ignore[arg-type]


@given(
    digits=st.lists(st.sampled_from("0123456789০১২৩৪৫৬৭৮৯"), min_size=6, max_size=17),
    separators=st.lists(st.text(st.sampled_from(" -./()_:"), max_size=3), min_size=17, max_size=17),
    key=st.sampled_from(["reference", "plugin", "application"]),
)
def test_six_digits_never_pass(digits: list[str], separators: list[str], key: str) -> None:
    written = "".join(part for pair in zip(digits, separators, strict=False) for part in pair)
    assert not may_be_shown(key, written)
    assert not may_be_shown(key, f"NIDW-{written}")
    assert not is_event(f"filed_{written}")


@given(
    st.one_of(st.text(), st.binary(), st.integers(), st.floats(), st.dates(), st.dictionaries(st.text(), st.text()))
)
def test_any_value_gives_something_json_can_hold(value: object) -> None:
    json.dumps(redact_value("value", value), allow_nan=False)


# Lines


@pytest.mark.parametrize("event", ["plugin_quarantined", "started", "step_2_done"])
def test_event_that_is_a_fixed_name_is_shown(event: str) -> None:
    assert is_event(event)
    assert redact(None, "info", {"event": event})["event"] == event


@pytest.mark.parametrize(
    "event",
    [
        f"filed {NID}",
        f"filed_{NID}",
        f"filed_for_{to_bangla_digits(NID)}",
        "Filed",
        "filed for",
        "",
        "a" * 200,
        "a__b",
    ],
)
def test_event_that_was_formatted_is_masked(event: str) -> None:
    assert redact(None, "info", {"event": event}) == {"event": MASK}


@pytest.mark.parametrize("event", [None, 5, b"x", Applied(reason="lost", nid=Nid.parse(NID)), ValueError(NID)])
def test_event_that_is_no_text_is_masked(event: object) -> None:
    assert redact(None, "info", {"event": event}) == {"event": MASK}


def test_key_may_not_carry_a_value() -> None:
    assert leaked(str(redact(None, "info", {"event": "x", NID: 1, f"nid_{NID}": 2, NAME: 3}))) == []


def test_redacting_twice_is_redacting_once() -> None:
    fields: dict[str, Any] = {
        "event": "application_filed",
        "money": Money.taka(3),
        "at": datetime(2026, 1, 1, tzinfo=UTC),
        "nid": NID,
        "many": ["a", NID],
        "id": UUID(int=7),
        "exc_info": ValueError(NID),
    }
    once = redact(None, "info", fields)
    assert redact(None, "info", once) == once
    assert once["money"] == "Money(poisha=300, currency=BDT)"


def log_all(write: Callable[..., object]) -> None:
    for number, canary in enumerate(CANARIES):
        write("canary_logged", **{f"field_{'abcdefghijklmnopqrstuvwxyz'[number]}": canary})
        write(
            f"canary {canary}", value=[canary], mapping={"a": canary}, raw=canary.encode(), secret=SecretStr(canary)
        )
    write("canary_logged", nid=Nid.parse(NID), name=PersonName(bn=NAME_BN, en=NAME), number=int(NID))


@pytest.mark.parametrize("as_json", [True, False])
def test_no_canary_passes_structlog_or_a_call_log(as_json: bool) -> None:
    stream = io.StringIO()
    configure_logging(json=as_json, stream=stream)
    for logger in (structlog.get_logger("x"), structlog.stdlib.get_logger("y"), BoundCallLog("nid", None, "submit")):
        log_all(logger.info)
        log_all(logger.warning)
    assert stream.getvalue().count("\n") == 6 * (2 * len(CANARIES) + 1)
    assert leaked(stream.getvalue()) == []


def test_no_canary_passes_context_variables_or_bound_values(stream: io.StringIO) -> None:
    structlog.contextvars.bind_contextvars(citizen=NID, service="nid.reissue")
    structlog.get_logger().bind(phone=PHONE).info("bound", done=True)
    (line,) = lines(stream)
    assert (line["citizen"], line["phone"], line["service"], line["done"]) == (MASK, MASK, "nid.reissue", True)


@pytest.mark.parametrize("canary", CANARIES)
def test_no_canary_passes_the_standard_library(stream: io.StringIO, canary: str) -> None:
    configure_logging(json=True, stream=stream)  # again, now that pytest has added its own handlers
    for logger in (logging.getLogger(), logging.getLogger("nagorik_nid.plugin"), logging.getLogger(f"a.{canary}")):
        logger.info(f"{canary}")  # noqa: G004 - what a careless plugin does
        logger.warning("nid %s", canary, extra={"citizen": canary})
        logger.info({"nid": canary})
        logger.error("%d", canary)
        logger.error("x", stack_info=True)
    assert len(lines(stream)) == 15
    assert leaked(stream.getvalue()) == []


def test_record_of_the_standard_library_says_where_it_was_written(stream: io.StringIO) -> None:
    logging.getLogger("nagorik_nid").info("cache_warmed")
    logging.getLogger("nagorik_nid").info("cache warmed for %s", NAME)
    known, unknown = lines(stream)
    assert (known["event"], known["logger"], known["level"]) == ("cache_warmed", "nagorik_nid", "info")
    assert unknown["event"] == MASK
    assert unknown["at"].startswith("test_logs.py:")
    assert unknown["at"].endswith(":test_record_of_the_standard_library_says_where_it_was_written")


def test_unprintable_record_prints_nothing_to_standard_error(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    class Closed(io.StringIO):
        def write(self, text: str, /) -> int:
            raise OSError(text)

    configure_logging(stream=Closed())
    logging.info("nid %s", NID)
    logging.error("nid %s %s", *[NID])
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


def test_warnings_become_masked_lines(stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        configure_logging(json=True, stream=stream)
        warnings.warn(f"unexpected value {NID}", stacklevel=1)
    (line,) = lines(stream)
    assert (line["logger"], line["event"]) == ("py.warnings", MASK)
    assert leaked(stream.getvalue()) == []


# Exceptions


def fail(canary: str) -> None:
    local = canary
    try:
        int(f"{local}x")
    except ValueError as error:
        raise AgencyRejected("nid.locked") from error


def failing(write: Callable[..., object], **fields: object) -> None:
    try:
        fail(NID)
    except AgencyRejected:
        write("call_failed", **fields)


def test_exception_is_type_code_and_places(stream: io.StringIO) -> None:
    failing(structlog.get_logger().exception)
    failing(BoundCallLog("nid", "nid.reissue", "submit").warning, exc_info=True)
    failing(logging.exception)
    failing(logging.getLogger("x").error, exc_info=True)
    for line in lines(stream):
        failure = line["failure"]
        assert (failure["type"], failure["code"]) == ("AgencyRejected", "agency-rejected")
        assert [frame.split(":")[0] for frame in failure["frames"]] == ["test_logs.py", "test_logs.py"]
        assert [frame.split(":")[2] for frame in failure["frames"]] == ["failing", "fail"]
        assert [cause["type"] for cause in failure["causes"]] == ["ValueError"]
        assert "frames" in failure["causes"][0]
    assert leaked(stream.getvalue()) == []
    assert "local" not in stream.getvalue()


@pytest.mark.parametrize("form", ["value", "triple"])
def test_exception_may_be_handed_over(stream: io.StringIO, form: str) -> None:
    try:
        fail(NID)
    except AgencyRejected as error:
        structlog.get_logger().error("call_failed", exc_info=error if form == "value" else sys.exc_info())
        structlog.get_logger().error("call_failed", error=error)
    handed, plain = lines(stream)
    assert handed["failure"]["type"] == "AgencyRejected"
    assert "failure" not in plain
    assert plain["error"] == "AgencyRejected(agency-rejected)"


def test_groups_notes_and_suppressed_causes() -> None:
    def described() -> Any:
        try:
            try:
                fail(NID)
            except AgencyRejected:
                raise ExceptionGroup(NAME, [ValueError(NID), AgencyUnavailable()]) from None
        except ExceptionGroup as group:
            group.add_note(NID)
            return redact(None, "error", {"event": "x", "exc_info": group})["failure"]

    failure = described()
    assert [cause["type"] for cause in failure["causes"]] == ["ValueError", "AgencyUnavailable"]
    assert leaked(str(failure)) == []


def test_deep_recursion_and_long_chains_are_cut() -> None:
    def dive(depth: int) -> None:
        if depth == 0:
            raise ValueError(NID)
        dive(depth - 1)

    error: BaseException = ValueError(NID)
    try:
        dive(200)
    except ValueError as raised:
        error = raised
    for _ in range(50):
        outer = RuntimeError(NID)
        outer.__cause__ = error
        error = outer
    text = str(redact(None, "error", {"event": "x", "exc_info": error}))
    assert len(text) < 5000
    assert leaked(text) == []


def test_no_exception_at_hand_is_no_failure(stream: io.StringIO) -> None:
    structlog.get_logger().error("call_failed", exc_info=True)
    assert "failure" not in lines(stream)[0]


def test_traceback_as_text_is_masked(stream: io.StringIO) -> None:
    try:
        fail(NID)
    except AgencyRejected:
        structlog.get_logger().error("call_failed", trace=traceback.format_exc(), stack_info=True)
    (line,) = lines(stream)
    assert line["trace"] == MASK
    assert "stack" not in line
    assert leaked(stream.getvalue()) == []


# Set-up


def test_line_carries_level_time_and_fields(stream: io.StringIO) -> None:
    structlog.get_logger().warning("agency_circuit_opened", plugin="nid", cause="read-timeout")
    (line,) = lines(stream)
    assert datetime.fromisoformat(line.pop("timestamp")).tzinfo is not None
    assert line == {"event": "agency_circuit_opened", "plugin": "nid", "cause": "read-timeout", "level": "warning"}


def test_level_holds_for_both_libraries(stream: io.StringIO) -> None:
    configure_logging(level="warning", json=True, stream=stream)
    for logger in (structlog.get_logger(), logging.getLogger("x")):
        logger.info("quiet")
        logger.warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud", "loud"]
    with pytest.raises(ValueError, match="level is one of DEBUG, INFO, WARNING, ERROR, CRITICAL"):
        configure_logging(level="chatty")


@pytest.mark.parametrize("name", ["httpx", "httpcore", "httpcore.connection", "asyncio", "urllib3.connectionpool"])
def test_talkative_libraries_are_silent_at_info(stream: io.StringIO, name: str) -> None:
    logging.getLogger(name).info("request_sent")
    logging.getLogger(name).debug("request_sent")
    logging.getLogger(name).warning("request_failed")
    assert [line["event"] for line in lines(stream)] == ["request_failed"]


def test_failure_that_asyncio_reports_is_named_with_its_exception_and_without_its_values(stream: io.StringIO) -> None:
    async def fail() -> None:
        raise ValueError(NID)

    async def leave() -> None:
        task = asyncio.create_task(fail(), name=NID)
        await asyncio.wait([task])
        loop = asyncio.get_running_loop()
        loop.call_soon(_raise)
        await asyncio.sleep(0)
        loop.call_exception_handler({"message": f"Task was destroyed but it is pending! {NID}"})

    asyncio.run(leave())
    gc.collect()
    found = [(line["logger"], line.get("failure", {}).get("type")) for line in lines(stream)]
    assert sorted(found, key=str) == [("asyncio", "ValueError"), ("asyncio", "ValueError"), ("asyncio", None)]
    assert NID not in stream.getvalue()


def test_handlers_that_would_show_everything_are_replaced(stream: io.StringIO) -> None:
    careless = io.StringIO()
    logging.getLogger().addHandler(logging.StreamHandler(careless))
    assert not is_configured()
    configure_logging(json=True, stream=stream)
    logging.warning("nid %s", NID)
    assert careless.getvalue() == ""
    assert len(lines(stream)) == 1
    assert is_configured()


def test_form_follows_the_stream() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, as_json in ((io.StringIO(), True), (Terminal(), False)):
        configure_logging(stream=stream)
        structlog.get_logger().info("started")
        assert stream.getvalue().startswith("{") is as_json


# The call's log


def test_call_log_is_a_call_log_and_binds_its_call() -> None:
    log: CallLog = BoundCallLog("nid", "nid.reissue", "submit")
    with capture_logs() as captured:
        log.info("application_filed", attempts=1, nid=NID, plugin="other")
    assert captured == [
        {
            "event": "application_filed",
            "attempts": 1,
            "nid": MASK,
            "plugin": "nid",
            "service": "nid.reissue",
            "operation": "submit",
            "log_level": "info",
        }
    ]


def test_call_log_redacts_in_a_host_that_set_up_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.reset_defaults()
    log = BoundCallLog("nid", "nid.reissue", "submit")
    log_all(log.info)
    failing(log.warning, exc_info=True)
    captured = capsys.readouterr()
    assert "canary_logged" in captured.out
    assert leaked(captured.out + captured.err) == []


def test_call_log_survives_a_change_of_set_up(stream: io.StringIO) -> None:
    log = BoundCallLog("nid", None, "health")
    log.info("first")
    other = io.StringIO()
    configure_logging(json=True, stream=other)
    log.info("second")
    assert [line["event"] for line in lines(stream) + lines(other)] == ["first", "second"]


FIRST_LINE = """
import sys
from nagorik_platform.logs import configure_logging, get_logger, is_configured
configure_logging(json=True, level="DEBUG")
configure_logging(json=True)
log = get_logger("nagorik")
assert "structlog" not in sys.modules
WRITE
assert is_configured()
"""


@pytest.mark.parametrize(
    "write", [f"log.info('filed %s', '{NID}')", f"import logging; logging.warning('filed %s', '{NID}')"]
)
def test_structlog_is_imported_and_configured_with_the_first_line(write: str) -> None:
    code = FIRST_LINE.replace("WRITE", write)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    (line,) = [json.loads(line) for line in done.stderr.splitlines()]
    assert NID not in str(line)


def test_lines_go_to_whatever_standard_error_is_when_they_are_written(monkeypatch):
    first, second = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", first)
    configure_logging(level="INFO")
    first.close()
    monkeypatch.setattr(sys, "stderr", second)
    structlog.get_logger("nagorik").info("agency_circuit_opened")
    logging.getLogger("anything").warning("plain_event")
    assert [json.loads(line)["event"] for line in second.getvalue().splitlines()] == [
        "agency_circuit_opened",
        "plain_event",
    ]


def test_what_httpcore_tells_of_an_answer_is_kept_quiet_unless_the_host_chose_its_level() -> None:
    loggers = {name: logging.getLogger(name) for name in ("httpcore", "httpx", "h11")}
    before = {name: logger.level for name, logger in loggers.items()}
    root = logging.getLogger().level
    try:
        logging.getLogger().setLevel(logging.DEBUG)
        for logger in loggers.values():
            logger.setLevel(logging.NOTSET)
        loggers["h11"].setLevel(logging.DEBUG)
        assert logging.getLogger("httpcore.http11").isEnabledFor(logging.DEBUG)
        quiet_transports()
        assert not logging.getLogger("httpcore.http11").isEnabledFor(logging.INFO)
        assert not loggers["httpx"].isEnabledFor(logging.INFO)
        assert loggers["h11"].isEnabledFor(logging.DEBUG)
    finally:
        logging.getLogger().setLevel(root)
        for name, level in before.items():
            loggers[name].setLevel(level)


def _raise() -> None:
    raise ValueError(NID)


class _Broken:
    def __del__(self) -> None:
        _raise()


def _in_a_thread() -> None:
    thread = threading.Thread(target=_raise)
    thread.start()
    thread.join()


@pytest.mark.parametrize(("raises", "event"), [(_in_a_thread, "thread_broke"), (_Broken, "exception_lost")])
def test_what_nobody_catches_is_told_by_its_kind(monkeypatch, capfd, raises, event):
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    stream = io.StringIO()
    configure_logging(stream=stream, json=True)
    raises()
    gc.collect()
    assert event in stream.getvalue()
    assert "ValueError" in stream.getvalue()
    out, err = capfd.readouterr()
    assert NID not in stream.getvalue() + out + err


@pytest.mark.parametrize("kind", ["absent", "closed", "unread"])
def test_standard_error_that_takes_nothing_stops_nobody_who_logs(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Unread(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", {"absent": None, "closed": closed, "unread": Unread()}[kind])
    configure_logging()
    structlog.get_logger().warning("agency_circuit_opened")
    logging.getLogger("x").warning("agency_circuit_opened")
