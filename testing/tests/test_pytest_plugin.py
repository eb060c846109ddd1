"""The fixtures as a plugin's author meets them: pytest in a process of its own, with nothing but the kit loaded."""

import os
import re
import subprocess
import sys
import textwrap

import pytest

HEAVY = ("httpx", "hypothesis", "nagorik.platform", "pydantic", "respx", "starlette", "uvicorn")
IMPORTED = f"""
import sys
import pytest, nagorik_testing.pytest_plugin
print([name for name in {HEAVY!r} if name in sys.modules])
"""


class Run:
    """One run of pytest and what became of each test."""

    def __init__(self, folder, *options, plugins=("nagorik_testing.pytest_plugin", "pytest_asyncio.plugin")):
        environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "200", "PYTEST_ADDOPTS": ""}
        loaded = [word for name in plugins for word in ("-p", name)]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--rootdir", str(folder), "-rA", *loaded, *options, str(folder)],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        self.text = done.stdout + done.stderr
        self.code = done.returncode
        self.outcomes = {
            name: outcome
            for outcome, name in re.findall(r"^(PASSED|FAILED|ERROR) \S+::(\w+)", self.text, re.MULTILINE)
        }

    def told_of(self, test):
        """What the run says of a test."""
        found = re.search(
            rf"^_+ (?:ERROR at setup of )?(?:\w+\.)?{test} _+$\n(.*?)(?=^[_=]{{4}})", self.text, re.M | re.S
        )
        return found[1] if found else ""


@pytest.fixture
def run(tmp_path):
    def running(text, *options, ini="", **files):
        (tmp_path / "test_written.py").write_text(textwrap.dedent(text), "utf-8")
        (tmp_path / "pytest.ini").write_text(f"[pytest]\nasyncio_mode = auto\n{ini}", "utf-8")
        for name, content in files.items():
            (tmp_path / f"{name}.toml").write_text(content, "utf-8")
        return Run(tmp_path, "-o", "asyncio_default_fixture_loop_scope=function", *options)

    return running


def test_loading_the_fixtures_imports_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_collecting_tests_imports_nothing_heavy(tmp_path):
    (tmp_path / "conftest.py").write_text(
        "import sys\n"
        "def pytest_collection_finish(session):\n"
        f"    print('imported', [name for name in {HEAVY!r} if name in sys.modules])\n",
        "utf-8",
    )
    (tmp_path / "test_written.py").write_text("def test_nothing(nagorik_clock): pass\n", "utf-8")
    assert "imported []" in Run(tmp_path, "--collect-only", "-s", plugins=["nagorik_testing.pytest_plugin"]).text


def test_every_fixture_is_explained(run):
    text = run("", "--fixtures").text
    told = dict(re.findall(r"^(nagorik_\w+)(?: \[session scope\])?(?: -- \S+)?\n    (\S.*)$", text, re.MULTILINE))
    assert set(told) == {
        "nagorik_canaries",
        "nagorik_citizens",
        "nagorik_client",
        "nagorik_clock",
        "nagorik_context",
        "nagorik_platform",
        "nagorik_router",
        "nagorik_simulator",
        "nagorik_socket_guard",
    }
    assert "no docstring" not in text.partition("nagorik_testing")[2].partition("fixtures defined")[0]


CASHDESK = """
    import asyncio, datetime, pytest
    from nagorik import Operation, QueryPaymentRequest, NagorikError, PaymentState
    from nagorik_cashdesk import plugin
    from nagorik_cashdesk.simulator import PAYMENTS, CashDeskSimulator
    from nagorik_testing import AnswerLost

    def asked(clock):
        return QueryPaymentRequest(gateway="cashdesk.counter", payment="P-1", started_at=clock.now())

    async def ask(platform, clock):
        return await platform.query_payment(asked(clock))
"""


def test_plugin_under_test_is_reached_by_each_way(run):
    done = run(
        CASHDESK
        + """
    pytestmark = pytest.mark.nagorik_plugin("cashdesk")

    async def test_platform(nagorik_platform, nagorik_simulator, nagorik_clock):
        assert nagorik_simulator.clock is nagorik_clock
        assert (await ask(nagorik_platform, nagorik_clock)).state is PaymentState.UNKNOWN
        assert len(nagorik_simulator.ledger.requests()) == 1

    async def test_hook(nagorik_context, nagorik_clock, nagorik_simulator):
        context = nagorik_context(Operation.QUERY_PAYMENT)
        assert context.offer.id == "cashdesk.counter"
        report = await plugin.nagorik_query_payment(asked(nagorik_clock), context)
        assert report.state is PaymentState.UNKNOWN
        assert context.idempotency_key is None
        assert nagorik_context(Operation.START_PAYMENT, "cashdesk.counter").idempotency_key
        assert nagorik_context(Operation.START_PAYMENT, key="k").idempotency_key == "k"

    async def test_router(nagorik_platform, nagorik_router, nagorik_clock):
        route = nagorik_router.get(f"{PAYMENTS}/P-1").respond(200, json={"state": "OPEN"})
        assert (await ask(nagorik_platform, nagorik_clock)).state is PaymentState.PENDING
        assert route.call_count == 1

    def test_offer_that_is_not_there(nagorik_context):
        nagorik_context(Operation.SUBMIT)

    @pytest.mark.nagorik_plugin("nid", base_url="http://127.0.0.1:9")
    def test_nearest_marker_and_its_settings_win(nagorik_context, nagorik_client):
        context = nagorik_context(Operation.STATUS, "nid.reissue")
        assert context.settings.base_url == "http://127.0.0.1:9"
        assert context.fees
        assert repr(nagorik_client) == "<AgencyClient nid>"

    def test_citizens(nagorik_citizens):
        assert nagorik_citizens.citizen(42).alias == "citizen-0042"

    def test_guard(nagorik_socket_guard):
        import socket
        with pytest.raises(AssertionError, match="only this machine"):
            socket.getaddrinfo("agency.example", 443)
    """
    )
    assert done.outcomes, done.text
    assert done.outcomes.pop("test_offer_that_is_not_there") == "FAILED"
    assert "name the offer of submit: cashdesk has it for nothing" in done.told_of("test_offer_that_is_not_there")
    assert set(done.outcomes.values()) == {"PASSED"}, done.text
    assert len(done.outcomes) == 6


def test_what_a_test_did_not_meet_fails_it(run):
    done = run(
        CASHDESK
        + """
    @pytest.mark.nagorik_plugin("cashdesk")
    class TestStrict:
        def test_fault(self, nagorik_simulator):
            nagorik_simulator.faults.add("*", AnswerLost())

        async def test_swallowed(self, nagorik_platform, nagorik_router, nagorik_clock):
            with pytest.raises(NagorikError):
                await ask(nagorik_platform, nagorik_clock)

        def test_uncalled(self, nagorik_router):
            nagorik_router.get("/files").respond(200)

        async def test_raised(self, nagorik_platform, nagorik_router, nagorik_clock):
            await ask(nagorik_platform, nagorik_clock)

        def test_skipped(self, nagorik_router):
            nagorik_router.get("/files").respond(200)
            pytest.skip("not today")
    """
    )
    assert done.outcomes == dict.fromkeys(("test_fault", "test_swallowed", "test_uncalled", "test_raised"), "FAILED")
    assert done.told_of("test_fault") == "*: no request met the fault answer-lost\n"
    assert "GET /sim/cashdesk/•••/P-1" not in done.text
    assert "GET /sim/cashdesk/v1/payments/P-1: no route expects it" in done.told_of("test_swallowed")
    assert done.told_of("test_uncalled") == "GET /files: was never called\n"
    assert "the strict router met:" in done.told_of("test_raised")
    assert "1 skipped" in done.text


def test_test_without_a_plugin_is_told_how_to_name_one(run):
    text = """
    import pytest
    from nagorik_cashdesk.simulator import CashDeskSimulator

    def test_unnamed(nagorik_simulator): ...

    class TestNamed:
        plugin = "cashdesk"
        def test_class(self, nagorik_simulator):
            assert nagorik_simulator.plugin_id == "cashdesk"

    class OwnSimulator(CashDeskSimulator): ...

    class TestSimulated:
        plugin = "cashdesk"
        simulator = OwnSimulator
        def test_class_of_a_simulator(self, nagorik_simulator):
            assert type(nagorik_simulator) is OwnSimulator

    @pytest.mark.nagorik_plugin("nowhere")
    def test_nowhere(nagorik_simulator): ...

    @pytest.mark.nagorik_plugin("nowhere")
    def test_not_installed(nagorik_router, nagorik_platform): ...

    @pytest.mark.nagorik_plugin(7)
    def test_seven(nagorik_simulator): ...

    @pytest.mark.nagorik_scenario("absent.toml")
    def test_absent(nagorik_simulator): ...

    def test_router_needs_no_plugin(nagorik_router): ...
    """
    done = run(text)
    assert "mark the test, its class or its module with @pytest.mark.nagorik_plugin(ID)" in done.told_of(
        "test_unnamed"
    )
    assert "no simulator of nowhere is installed; installed simulators: " in done.told_of("test_nowhere")
    assert "plugin nowhere is not installed" in done.told_of("test_not_installed")
    assert "is named by its id or its Simulator, not by int" in done.told_of("test_seven")
    assert "absent.toml: cannot be read" in done.told_of("test_absent")
    assert "3 passed, 5 errors" in done.text
    named = run(text, ini="nagorik_plugin = cashdesk\n")
    assert named.outcomes["test_unnamed"] == "PASSED"


SCENARIO = """
scenario_version = 1
plugin = "cashdesk"

[[exchange]]
request = { method = "GET", path = "/sim/cashdesk/v1/payments/{id}" }
response = { body = '{"state": "OPEN"}' }
provenance = "assumed"
source = "This test"
as_of = 2026-11-24
"""


def test_scenario_file_scripts_the_agency_of_a_test(run):
    done = run(
        CASHDESK
        + """
    pytestmark = pytest.mark.nagorik_scenario("open.toml")

    async def test_in_process(nagorik_platform, nagorik_clock):
        assert (await ask(nagorik_platform, nagorik_clock)).state is PaymentState.PENDING

    async def test_behind_the_router(nagorik_platform, nagorik_clock, nagorik_router):
        assert (await ask(nagorik_platform, nagorik_clock)).state is PaymentState.PENDING
        assert nagorik_router["GET /sim/cashdesk/v1/payments/{id}"].call_count == 1

    async def test_not_asked(nagorik_platform): ...
    """,
        open=SCENARIO,
    )
    assert done.outcomes == {
        "test_in_process": "PASSED",
        "test_behind_the_router": "PASSED",
        "test_not_asked": "FAILED",
    }
    assert "exchange 1 was asked for 0 of 1 times" in done.told_of("test_not_asked")


CANARIES = """
    import logging, sys, urllib.parse, warnings
    import pytest
    from nagorik.bangladesh import to_bangla_digits

    def test_log(nagorik_canaries):
        logging.getLogger("deep.inside").debug("for %s", nagorik_canaries.citizen.full_nid.value)

    def test_print(nagorik_canaries):
        print(to_bangla_digits(nagorik_canaries.citizen.birth_registration.value))

    def test_stderr(nagorik_canaries):
        sys.stderr.write(nagorik_canaries.token)

    def test_warning(nagorik_canaries):
        warnings.warn(nagorik_canaries.citizen.name.bn)

    def test_raised(nagorik_canaries):
        raise ValueError(nagorik_canaries.citizen.phone.e164)

    def test_cause(nagorik_canaries):
        try:
            raise KeyError(nagorik_canaries.citizen.phone.local[:5] + "-" + nagorik_canaries.citizen.phone.local[5:])
        except KeyError as error:
            raise RuntimeError from error

    @pytest.mark.xfail
    def test_expected_failure(nagorik_canaries):
        raise ValueError(urllib.parse.quote_plus(nagorik_canaries.citizen.name.en.lower()))

    @pytest.fixture
    def late(nagorik_canaries):
        yield
        print(nagorik_canaries.token)

    def test_teardown(late): ...

    def test_nothing(nagorik_canaries):
        print(nagorik_canaries.citizen, nagorik_canaries)
        logging.getLogger().error("called %s", "cashdesk")

    def test_in_hand(nagorik_canaries):
        with pytest.raises(AssertionError, match="^a canary came out in dict: NID number, token$"):
            nagorik_canaries.absent_from({"x": nagorik_canaries.citizen.smart_nid.value, "y": nagorik_canaries.token})
        nagorik_canaries.absent_from(LookupError(nagorik_canaries.citizen))
"""


def test_canary_that_comes_out_fails_the_test_and_is_not_shown(run):
    from nagorik_testing.canary import Canaries

    canaries = Canaries.seeded()
    done = run(CANARIES)
    told = {
        "test_log": "a log line: NID number",
        "test_print": "the section Captured stdout call: birth registration number",
        "test_stderr": "the section Captured stderr call: token",
        "test_warning": "a warning: name",
        "test_raised": "an exception: phone number",
        "test_cause": "an exception: phone number",
        "test_expected_failure": "an exception: name",
    }
    for test, place in told.items():
        assert done.outcomes[test] == "FAILED"
        assert f"a canary came out in {place}" in done.told_of(test)
    assert "1 error" in done.text
    assert done.outcomes["test_nothing"] == done.outcomes["test_in_hand"] == "PASSED"
    assert canaries.found_in(done.text) == ()
    assert "ended with ValueError" in done.told_of("test_raised")
