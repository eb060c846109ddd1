"""The plugins of ``examples/plugins``, imported where they lie: nothing is installed for it."""

import ast
import asyncio
import importlib
import json
import os
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from preloaded_command import run_command

from nagorik import (
    AgencyRejected,
    ApplicationState,
    CredentialsRejected,
    FeeDue,
    InputRejected,
    Money,
    NagorikError,
    PaymentReceipt,
    RateLimited,
)
from nagorik_testing import InjectedResponse, ServiceDesk, SimulatedClock, Simulator, SyntheticCitizens
from nagorik_testing.contract.drift import Drift, compare
from nagorik_testing.contract.recording import Recording, known_words, record_run
from nagorik_testing.contract.subject import Subject
from nagorik_testing.fixtures.canaries import canary_values, count_leaks
from nagorik_testing.simulator.exchanges import dump_exchanges, load_exchanges
from nagorik_testing.validation.checks import validate_path
from nagorik_testing.validation.findings import Severity

pytestmark = pytest.mark.long

ROOT: Final = Path(__file__).resolve().parent.parent
LICENSING: Final = ROOT / "examples" / "plugins" / "licensing"
PACKAGE: Final = LICENSING / "src" / "nagorik_licensing"
PUBLIC: Final = {"nagorik", "nagorik_toolkit", "nagorik_toolkit.formats.xml"}
"""What a plugin's code takes from the libraries; its simulator takes from ``nagorik_testing`` besides."""

Desk = ServiceDesk[Any]


@pytest.fixture(scope="module")
def licensing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What pip would leave behind of the plugin, in a folder of its own, beside the sources on ``sys.path``."""
    folder, project = tmp_path_factory.mktemp("site"), tomllib.loads((LICENSING / "pyproject.toml").read_text())
    name, version = project["project"]["name"], project["project"]["version"]
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n")
    groups = project["project"]["entry-points"].items()
    points = (
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in named.items()) for group, named in groups
    )
    (info / "entry_points.txt").write_text("\n".join(points))
    (info / "RECORD").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PACKAGE.parent))
        patch.syspath_prepend(str(folder))
        yield folder
    for module in [module for module in sys.modules if module.partition(".")[0] == PACKAGE.name]:
        del sys.modules[module]
    importlib.invalidate_caches()


@pytest.fixture
def desk(licensing: Path) -> Desk:
    module = importlib.import_module("nagorik_licensing.simulator")
    return ServiceDesk.before(module.LicensingSimulator(clock=SimulatedClock()))


def test_contract_grants_the_plugin_the_top_level_and_says_what_gold_takes(licensing: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(licensing), str(PACKAGE.parent)])}

    done = run_command(
        "contract", "licensing", "--on", "2026-11-26", "--json", folder=tmp_path, environment=environment
    )

    (report,) = json.loads(done.stdout)["plugins"]
    assert done.returncode == 0
    assert (report["level"], report["tier"], report["counts"]["failed"]) == ("L4 delivery", "silver", 0)
    (why,) = report["short_of_gold"]
    assert why.startswith("no mutation score is kept in mutation-score.toml; ")
    assert (report["counts"]["waived"], report["mutation_score"]) == (0, None)


def recorded(simulator: type[Simulator]) -> tuple[Recording, Subject]:
    office = importlib.import_module("nagorik_licensing.simulator").LicensingSimulator
    subject = replace(Subject.installed(office), simulator=simulator)
    return asyncio.run(record_run(subject)), subject


def changes_since(before: Recording, simulator: type[Simulator], folder: Path) -> set[tuple[Drift, str, str]]:
    """What is another now, by kind, operation and place."""
    kept = folder / "licensing.toml"
    kept.write_text(dump_exchanges(before.exchanges), "utf-8")
    now, subject = recorded(simulator)
    found = compare(
        load_exchanges(kept),
        now.exchanges,
        called=now.called,
        failed=now.failed,
        words=known_words(subject),
        codec=subject.simulator.codec,
    )
    return {(change.drift, change.operation, change.place) for change in found}


def test_answers_in_xml_are_recorded_without_anybody_and_what_has_changed_is_found(
    licensing: Path, tmp_path: Path
) -> None:
    office: type[Simulator] = importlib.import_module("nagorik_licensing.simulator").LicensingSimulator

    class Renamed(office):  # type: ignore[misc, valid-type]
        async def app(self, scope: Any, receive: Any, send: Any) -> None:
            async def altered(message: Any) -> None:
                if message["type"] == "http.response.start":
                    kept = [each for each in message["headers"] if each[0] != b"content-length"]
                    message = {**message, "headers": kept}
                else:
                    body = message["body"].replace(b"<valid-until>", b"<ends>").replace(b"</valid-until>", b"</ends>")
                    message = {**message, "body": body}
                await send(message)

            await super().app(scope, receive, altered)

    usual, _ = recorded(office)
    written = dump_exchanges(usual.exchanges)
    assert count_leaks(written, canary_values(SyntheticCitizens().citizen(4242))) == 0
    assert "<token>&lt;token-1&gt;</token>" in written
    assert changes_since(usual, office, tmp_path) == set()
    found = changes_since(usual, Renamed, tmp_path)
    assert {(Drift.FIELD_GONE, "login", "$.valid-until"), (Drift.FIELD_NEW, "login", "$.ends")} <= found


def test_plugin_is_valid(licensing: Path) -> None:
    found = validate_path(LICENSING, on=date(2026, 11, 26), run=True)
    assert [finding for finding in found if finding.severity is not Severity.NOTE] == []


def test_everybody_is_told_that_the_office_is_invented(licensing: Path) -> None:
    for file in (PACKAGE / "plugin.toml", PACKAGE / "simulator.py", PACKAGE / "__init__.py", LICENSING / "README.md"):
        assert "models no real agency" in " ".join(file.read_text("utf-8").split()), file.name
    manifest = tomllib.loads((PACKAGE / "plugin.toml").read_text("utf-8"))
    assert "no real agency" in manifest["name"]["en"]
    assert "কোনো আসল সংস্থা নয়" in manifest["name"]["bn"]


def test_code_takes_public_names_of_contract_and_toolkit_alone() -> None:
    for file in PACKAGE.glob("*.py"):
        allowed = PUBLIC | ({"nagorik_testing"} if file.name == "simulator.py" else set())
        modules = {
            node.module
            for node in ast.walk(ast.parse(file.read_text("utf-8")))
            if isinstance(node, ast.ImportFrom) and node.module is not None
        }
        taken = {module for module in modules if module.partition(".")[0].startswith("nagorik")}
        assert {module for module in taken if not module.startswith(PACKAGE.name)} <= allowed, file.name


def test_simulator_is_short() -> None:
    assert len((PACKAGE / "simulator.py").read_text("utf-8").splitlines()) < 150


async def test_second_fee_is_demanded_after_the_inspection(desk: Desk) -> None:
    draft = desk.draft()
    first = await desk.platform.quote_fees(draft)
    await desk.file(draft)
    waiting = await desk.status(draft)
    await desk.pay(draft)
    inspected = await desk.until(draft, "লাইসেন্স ফি বকেয়া")
    second = await desk.platform.quote_fees(draft, stage="licence", agency_reference=desk.reference)
    receipt = PaymentReceipt(
        payment="RECEIPT-2",
        quote=second.id,
        stage=second.stage,
        gateway="till.counter",
        reference="RECEIPT-2",
        amount=second.total,
        captured_at=desk.now,
        payer_name=draft.applicant.name.en,
    )
    told = await desk.platform.advise_payment(draft, desk.references, receipt)
    licensed = await desk.status(draft)

    assert (first.total, first.due) == (Money.taka(100), FeeDue.BEFORE_SUBMISSION)
    assert (second.total, second.due) == (Money.taka(1200), FeeDue.AFTER_SUBMISSION)
    assert (waiting.state, waiting.payment_confirmed) == (ApplicationState.SUBMITTED, False)
    assert (inspected.state, inspected.fee_due) == (ApplicationState.APPROVED, "licence")
    assert told.confirmed
    assert (licensed.state, licensed.final) == (ApplicationState.ISSUED, True)
    assert (await desk.fetch(draft, licensed.deliverables[0])).startswith(b"%PDF-")


async def test_inspection_may_refuse_the_licence(desk: Desk) -> None:
    draft = desk.draft()
    desk.simulator.script.set(desk.references.client_reference, "refuse")
    await desk.file(draft)
    await desk.pay(draft)

    refused = await desk.until(draft, "নামঞ্জুর")

    assert (refused.state, refused.final) == (ApplicationState.REJECTED, True)
    assert refused.reason is not None


async def test_bangla_digits_and_the_time_in_dhaka_are_read(desk: Desk) -> None:
    desk.simulator.clock.set(datetime(2026, 11, 26, 9, 4, 5, tzinfo=UTC))
    draft = desk.draft()
    await desk.file(draft)

    status = await desk.status(draft)

    assert desk.reference is not None
    assert (desk.reference.isascii(), desk.reference[:2], len(desk.reference)) == (True, "L-", 8)
    assert status.at == datetime(2026, 11, 26, 9, 4, 5, tzinfo=UTC)


async def test_papers_arrive_as_what_they_are(desk: Desk) -> None:
    await desk.file(desk.draft())

    arrived = [(paper.name, paper.media_type) for paper in desk.simulator.ledger.papers()]

    assert arrived == [("premises-plan", "application/pdf"), ("premises-photo", "image/png")]


async def test_session_that_has_ended_costs_one_login(desk: Desk) -> None:
    draft = desk.draft()
    await desk.file(draft)
    desk.simulator.tokens.revoke_all()  # sooner than the office said
    await desk.status(draft)
    desk.simulator.clock.advance(timedelta(minutes=25))  # as it said
    await desk.status(draft)

    seen = [request.operation for request in desk.simulator.ledger.requests()]
    show, login = "GET /applications/{number}", "POST /login"
    assert seen == [login, "POST /applications", show, login, show, login, show]


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ({"code": "FIELD-REFUSED", "field": "mobile"}, InputRejected),
        ({"code": "FIELD-REFUSED", "field": "amount"}, InputRejected),
        ({"code": "NOT-LET-IN", "field": "signature"}, CredentialsRejected),
        ({"code": "TOO-MANY-LOGINS", "field": "login"}, RateLimited),
        ({"code": "NO-SUCH-FILE", "field": "number"}, AgencyRejected),
    ],
)
async def test_error_with_status_200_means_what_it_says(
    desk: Desk, said: dict[str, str], means: type[NagorikError]
) -> None:
    # The client tries again what the office was too busy for.
    desk.simulator.faults.add("POST /applications", InjectedResponse(status=200, document=dict(said)), count=10)

    with pytest.raises(means) as caught:
        await desk.file(desk.draft())

    if isinstance(caught.value, InputRejected):
        pointers = ["/form/mobile"] if said["field"] == "mobile" else []
        assert [problem.pointer for problem in caught.value.fields] == pointers
    assert desk.simulator.ledger.effects("application") == ()


async def test_request_that_another_key_signed_is_not_heard(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("nagorik_licensing.simulator")
    monkeypatch.setitem(module.SECRETS, "signing_key", "another-key")

    with pytest.raises(CredentialsRejected):
        await desk.file(desk.draft())

    assert {request.operation for request in desk.simulator.ledger.requests()} == {"POST /login"}


async def test_licence_fee_that_differs_from_the_schedule_is_asked_of_nobody(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("nagorik_licensing.simulator")
    draft = desk.draft()
    await desk.file(draft)
    await desk.pay(draft)
    await desk.until(draft, "লাইসেন্স ফি বকেয়া")
    monkeypatch.setitem(module.FEES, "FEE_DUE", ("pay-licence", Money.taka(1500)))

    with pytest.raises(NagorikError) as caught:
        await desk.platform.quote_fees(draft, stage="licence", agency_reference=desk.reference)

    assert caught.value.code == "contract-violation"


QUOTED: Final = re.compile(
    r'^```[a-z]+ title="(?P<file>[^"]+)" not-run\n(?P<block>.*?)^```$', re.MULTILINE | re.DOTALL
)


def test_tutorial_quotes_the_files_as_they_are() -> None:
    page = (ROOT / "docs" / "tutorials" / "agency-without-json.md").read_text("utf-8")
    quoted = [(found["file"], found["block"]) for found in QUOTED.finditer(page)]

    changed = [file for file, block in quoted if block not in (PACKAGE / file).read_text("utf-8")]

    assert changed == []
    files = {"plugin.toml", "access.py", "wire.py", "statuses.toml", "plugin.py", "fees.toml", "simulator.py"}
    assert {file for file, _ in quoted} == files
