"""What a benchmark of the host installs: small plugins, the platform that they make, and what a citizen hands in.

Each application takes two calls, may they apply and file it, and is refused at once, which is final.
"""

import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from nagorik import Applicant, ApplicationDraft, Consent, Operation
from nagorik.values import Money, PersonName
from nagorik_platform import PlatformSettings, PluginConfiguration
from nagorik_platform.registry import Admission

CALLS = 2
"""For each application."""
AGENCIES = 4
MANIFEST = """\
manifest_version = 1
id = "AGENCY"
requires_api = "1.0"
name = { en = "Bench", bn = "মাপ" }
owners = [{ name = "Bench", contact = "bench" }]
evidence = "modelled"
as_of = 2026-10-01
limits = { concurrency = PLACES, per_second = PER_SECOND }

[[services]]
id = "AGENCY.a"
name = { en = "Bench", bn = "মাপ" }
form = "forms:BenchForm"
reads = ["eligibility"]
writes = { submit = "native" }
"""
FORM = """\
from typing import Annotated

from nagorik import Form, Label


class BenchForm(Form):
    shop: Annotated[str, Label(en="Shop", bn="দোকান")]
"""
PLUGIN = """\
import time

from pydantic import AwareDatetime

from nagorik import (
    Accepted,
    AgencyStatus,
    ApplicationState,
    Criterion,
    EligibilityDecision,
    Text,
    WireModel,
    hookimpl,
)


class Standing(WireModel):
    number: str
    word: str
    since: AwareDatetime


@hookimpl
async def nagorik_check_eligibility(request, context):
    time.sleep(BLOCKED)
    await context.http.read("rules", "GET", "/rules", expect=Standing)
    passed = Criterion(id="open", verdict="pass", text=Text(en="Open to all.", bn="সবার জন্য খোলা।"))
    return EligibilityDecision(criteria=(passed,))


@hookimpl
async def nagorik_submit(request, context):
    time.sleep(BLOCKED)
    content = {"reference": request.client_reference}
    filed = await context.http.write("file", "POST", "/permits", json=content, expect=Standing)
    refused = AgencyStatus(state=ApplicationState.REJECTED, raw=filed.word, at=filed.since, final=True)
    return Accepted(reference=f"{filed.number}-{request.client_reference}", status=refused)

"""


@dataclass(frozen=True, slots=True)
class Group:
    """Four agencies that are alike.

    Attributes:
        name: What their ids begin with.
        places: Calls that each can bear at once.
        per_second: Requests that each can bear in a second.
        answer_seconds: How long each takes to answer.
        blocked_seconds: How long each call's plugin holds up the event loop, by a call that never waits.
    """

    name: str
    places: int = 4
    per_second: float = 10_000
    answer_seconds: float = 0.0
    blocked_seconds: float = 0.0

    @property
    def agencies(self) -> tuple[str, ...]:
        """Their ids."""
        return tuple(f"{self.name}{number}" for number in range(AGENCIES))

    @property
    def most(self) -> float:
        """Applications a second that they allow, by their pace and their places."""
        by_pace = self.per_second / CALLS
        by_places = self.places / (CALLS * self.answer_seconds) if self.answer_seconds else by_pace
        return AGENCIES * min(by_pace, by_places)

    def settings(self, url: str) -> PlatformSettings:
        """A platform of their plugins, with the agencies at ``url``."""
        plugins = {
            agency: PluginConfiguration(settings={"base_url": f"{url}/{agency}"}, egress=frozenset({"127.0.0.1"}))
            for agency in self.agencies
        }
        return PlatformSettings(plugins=plugins, admission=Admission(allow=frozenset(plugins)))

    def draft(self, number: int) -> ApplicationDraft:
        """What a citizen hands in, at each agency in turn."""
        service = f"{self.agencies[number % AGENCIES]}.a"
        applicant = Applicant(name=PersonName(en="PORIKKHA NAGORIK"), birth_date=date(2001, 2, 3))
        now = datetime.now(UTC)
        consent = Consent(
            id="consent-bench",
            service=service,
            operations=frozenset(Operation),
            fee_ceiling=Money.taka(0),
            given_at=now,
            expires_at=now + timedelta(days=400),
        )
        return ApplicationDraft(service=service, applicant=applicant, form={"shop": "A shop"}, consent=consent)


def install(site: Path, *groups: Group) -> None:
    """Write the plugins' distributions where Python finds them."""
    for group in groups:
        for agency in group.agencies:
            info, root = site / f"nagorik_{agency}-1.0.0.dist-info", site / f"nagorik_{agency}"
            info.mkdir()
            root.mkdir()
            manifest = MANIFEST.replace("AGENCY", agency)
            manifest = manifest.replace("PLACES", str(group.places)).replace("PER_SECOND", str(group.per_second))
            (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: nagorik-{agency}\nVersion: 1.0.0\n")
            (info / "entry_points.txt").write_text(f"[nagorik.plugins]\n{agency} = nagorik_{agency}.plugin\n")
            (root / "__init__.py").touch()
            (root / "plugin.toml").write_text(manifest, "utf-8")
            (root / "forms.py").write_text(FORM, "utf-8")
            step = f"    time.sleep({group.blocked_seconds})\n" if group.blocked_seconds else ""
            (root / "plugin.py").write_text(PLUGIN.replace("    time.sleep(BLOCKED)\n", step), "utf-8")
    sys.path.insert(0, str(site))
