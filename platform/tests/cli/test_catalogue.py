import os
import subprocess
import sys
from typing import Any

import pytest
from rich.cells import cell_len


def test_plugins_tells_each_plugin(site: Any, nagorik: Any) -> None:
    site.plugin()
    result = nagorik("plugins", "--json")
    assert result.code == 0
    assert result.document == {
        "plugins": [
            {
                "id": "wasa",
                "name": {"en": "Water Authority", "bn": "পানি কর্তৃপক্ষ"},
                "distribution": "nagorik-wasa",
                "version": "1.0.0",
                "requires_api": "1.0",
                "evidence": "modelled",
                "state": "discovered",
                "services": ["wasa.connection"],
                "gateways": [],
                "quarantine": None,
                "kept_out_by": [],
            }
        ]
    }


def test_plugins_tells_why_one_is_kept_out(site: Any, nagorik: Any) -> None:
    site.plugin(api="9.0")
    (plugin,) = nagorik("plugins", "--json").document["plugins"]
    assert plugin["state"] == "quarantined"
    assert plugin["quarantine"]["code"] == "api-incompatible"
    shown = nagorik("plugins")
    assert shown.code == 0
    assert "wasa is kept out (api-incompatible): nagorik-wasa 1.0.0 was written for hook API 9.0" in shown.out


def test_plugin_without_a_readable_manifest_is_still_listed(site: Any, nagorik: Any) -> None:
    site.plugin(manifest="not toml")
    (plugin,) = nagorik("plugins", "--json").document["plugins"]
    assert (plugin["id"], plugin["name"], plugin["evidence"], plugin["services"]) == ("wasa", None, None, [])
    assert plugin["quarantine"]["code"] == "manifest-invalid"
    assert "wasa" in nagorik("plugins").out


def test_nothing_installed_is_said(site: Any, nagorik: Any) -> None:
    assert nagorik("plugins", "--json").document == {"plugins": []}
    assert "No plugin is installed." in nagorik("plugins").out
    assert nagorik("services", "--json").document == {"services": []}
    assert "No service is on offer." in nagorik("services").out


def test_columns_line_up_with_bangla_in_them(site: Any, nagorik: Any) -> None:
    site.plugin()
    lines = nagorik("plugins").out.splitlines()
    heading, row = lines[0], next(line for line in lines if line.startswith("wasa"))
    assert "পানি কর্তৃপক্ষ" in row
    for before, here in (("distribution", "nagorik-wasa"), ("evidence", "modelled"), ("state", "discovered")):
        assert cell_len(heading[: heading.index(before)]) == cell_len(row[: row.index(here)])


def test_services_lists_what_is_on_offer(site: Any, nagorik: Any) -> None:
    site.plugin()
    assert nagorik("services", "--json").document == {
        "services": [
            {
                "id": "wasa.connection",
                "kind": "service",
                "name": {"en": "New connection", "bn": "নতুন সংযোগ"},
                "plugin": "wasa",
                "state": "discovered",
                "suspended": None,
                "evidence": "modelled",
                "operations": [{"operation": "status", "writes": False, "idempotency": None}],
            }
        ]
    }
    shown = nagorik("services").out
    assert "wasa.connection" in shown
    assert "নতুন সংযোগ" in shown


def test_one_service_is_told_in_full(site: Any, nagorik: Any) -> None:
    site.plugin()
    told = nagorik("services", "wasa.connection", "--on", "2026-11-24", "--json").document
    fees = told.pop("fees")
    assert told == {
        "id": "wasa.connection",
        "kind": "service",
        "name": {"en": "New connection", "bn": "নতুন সংযোগ"},
        "summary": {"en": "A pipe to the house.", "bn": "বাড়িতে পানির সংযোগ।"},
        "plugin": "wasa",
        "distribution": "nagorik-wasa",
        "version": "1.0.0",
        "state": "discovered",
        "suspended": None,
        "quarantine": None,
        "evidence": "modelled",
        "evidence_means": "invented for the simulator; not the agency's real interface",
        "operations": [{"operation": "status", "writes": False, "idempotency": None}],
        "form": None,
        "documents": [
            {
                "kind": "holding-tax-receipt",
                "name": None,
                "required": False,
                "when": {},
                "media_types": ["application/pdf", "image/jpeg", "image/png"],
                "largest_bytes": 20_000_000,
            }
        ],
        "processing": "P15D",
        "lookup_grace": "PT5M",
        "legal_basis": ["Water Supply Act 1996"],
        "life_event": None,
        "deliverables": ["water-connection"],
        "channels": ["counter", "online"],
        "asks": [],
    }
    tariffs = fees.pop("tariffs")
    assert fees == {
        "reference": "fees.toml#connection",
        "on": "2026-11-24",
        "charged": "circular-2020",
        "problem": None,
        "title": {"en": "New connection", "bn": "নতুন সংযোগ"},
        "currency": "BDT",
        "rounding": "whole-taka-half-up",
        "vat": {"rate": "0.15", "included": False, "per": "line"},
        "dimensions": {"delivery": ["regular", "urgent"]},
    }
    assert [(tariff["id"], tariff["standing"], tariff["effective_to"]) for tariff in tariffs] == [
        ("circular-2020", "effective", "2027-06-30"),
        ("local-page", "disputed", None),
    ]
    assert tariffs[0]["source"] == {"title": "Circular 7", "as_of": "2020-01-01", "verified": True}
    assert tariffs[0]["rows"][1] == {
        "code": "fee",
        "text": {"en": "Fee", "bn": "ফি"},
        "amount": "900.00",
        "stage": "application",
        "when": {"delivery": ["urgent"]},
        "times": None,
        "vat_exempt": False,
        "nature": "fee",
        "payee": None,
    }


def test_page_of_a_service_says_it_plainly(site: Any, nagorik: Any) -> None:
    site.plugin()
    shown = nagorik("services", "wasa.connection", "--on", "2026-11-24").out
    for part in (
        "invented for the simulator; not the agency's real interface",
        "Water Supply Act 1996",
        "P15D",
        "title Circular 7; as of 2020-01-01; verified yes",
        "disputed",
        "title A local office's page",
        "কোনো পরিপত্রের উল্লেখ নেই।",
        "900.00",
    ):
        assert part in shown


def test_day_outside_the_tariffs_is_said(site: Any, nagorik: Any) -> None:
    site.plugin()
    last, after = (
        nagorik("services", "wasa.connection", "--on", day, "--json").document["fees"]
        for day in ("2027-06-30", "2027-07-01")
    )
    assert (last["charged"], last["problem"]) == ("circular-2020", None)
    assert after["charged"] is None
    assert after["problem"] == "fee schedule connection has no tariff that is effective on 2027-07-01"
    assert "no tariff that is effective" in nagorik("services", "wasa.connection", "--on", "2027-07-01").out


@pytest.mark.parametrize(
    ("fees", "problem"),
    [
        ('fees = "absent.toml#x"', "absent.toml: not a readable file"),
        ('fees = "fees.toml#other"', "fees.toml: other: there is no such schedule"),
        ('fees = "plugin.toml#other"', "plugin.toml: "),
    ],
)
def test_fees_that_cannot_be_read_are_said(site: Any, nagorik: Any, fees: str, problem: str) -> None:
    site.plugin(fees=fees)
    told = nagorik("services", "wasa.connection", "--json").document["fees"]
    assert told["problem"].startswith(problem)
    assert "tariffs" not in told
    assert problem in nagorik("services", "wasa.connection").out


def test_service_without_fees_and_of_a_plugin_kept_out(site: Any, nagorik: Any) -> None:
    site.plugin(fees="", api="9.0")
    told = nagorik("services", "wasa.connection", "--json").document
    assert told["fees"] is None
    assert (told["state"], told["quarantine"]["code"]) == ("quarantined", "api-incompatible")
    shown = nagorik("services", "wasa.connection").out
    assert "api-incompatible" in shown
    assert "fees" not in shown


def test_unknown_service_is_told_with_the_nearest(site: Any, nagorik: Any) -> None:
    site.plugin()
    result = nagorik("services", "wasa.conection")
    assert (result.code, result.out) == (2, "")
    assert result.err == "nagorik: there is no service wasa.conection; did you mean wasa.connection?\n"
    assert "nagorik services lists what there is" in nagorik("services", "x.y").err


def test_manifest_cannot_steer_the_terminal(site: Any, nagorik: Any) -> None:
    site.plugin(
        extra='[[gateways]]\nid = "wasa.pay"\nname = { en = "[red]Pay\\u001b[31m", bn = "টাকা" }\n'
        'reads = ["query-payment"]\nwrites = { start-payment = "none" }'
    )
    shown = nagorik("services")
    assert "\x1b" not in shown.out
    assert "[red]Pay[31m" in shown.out
    assert "\x1b" not in nagorik("services", "wasa.pay").out
    (pay,) = [item for item in nagorik("services", "--json").document["services"] if item["kind"] == "gateway"]
    assert pay["id"] == "wasa.pay"


def test_catalogue_imports_no_plugin_and_no_http_client(site: Any) -> None:
    site.plugin(files={"plugin.py": "raise ValueError\n"})
    code = (
        "import sys; from nagorik_platform.cli import main; code = main(sys.argv[1:]);"
        "loaded = {'httpx', 'tenacity', 'nagorik_wasa'} & set(sys.modules);"
        "raise SystemExit(code or len(loaded))"
    )
    environment = {**os.environ, "PYTHONPATH": str(site.directory), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-c", code, "services", "wasa.connection"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"wasa" in done.stdout


SUSPENDING = """
from datetime import UTC, datetime

from nagorik import Text
from nagorik_platform.cli.host_reports import Suspension


def suspended():
    reason = Text(en="The agency moves house.", bn="সংস্থা দপ্তর বদলাচ্ছে।")
    yield Suspension({kind!r}, {name!r}, reason, datetime(2026, 11, 24, 4, 0, tzinfo=UTC))
"""
ENTRY = "[nagorik.suspensions]\nhost = some_host.stops:suspended\n"


@pytest.mark.parametrize(("kind", "name"), [("service", "wasa.connection"), ("plugin", "wasa")])
def test_what_a_host_has_suspended_is_shown_as_such(site: Any, nagorik: Any, kind: str, name: str) -> None:
    site.plugin()
    site.plugin("desa", fees="")
    site.install("some-host", ENTRY, {"stops.py": SUSPENDING.format(kind=kind, name=name)})
    told = {one["id"]: one["suspended"] for one in nagorik("services", "--json").document["services"]}
    assert told["desa.connection"] is None
    assert told["wasa.connection"]["since"] == "2026-11-24T04:00:00+00:00"
    (line,) = [line for line in nagorik("services").out.splitlines() if line.startswith("wasa.connection")]
    assert line.split()[-1] == "suspended"
    shown = nagorik("services", "wasa.connection").out
    assert "since 2026-11-24T04:00:00+00:00; reason The agency moves house. · সংস্থা দপ্তর বদলাচ্ছে।" in shown
    assert "suspended" not in nagorik("services", "desa.connection").out


@pytest.mark.parametrize(
    "source", ["raise ValueError('s3cret')\n", "def suspended():\n    raise ValueError('s3cret')\n"]
)
def test_host_that_cannot_tell_is_named_and_the_services_are_shown(site: Any, nagorik: Any, source: str) -> None:
    site.plugin()
    site.install("some-host", ENTRY, {"stops.py": source})
    result = nagorik("services")
    assert (result.code, "wasa.connection" in result.out) == (0, True)
    assert "some-host 1.0.0" in result.err
    assert "s3cret" not in result.err
