"""A folder with a host in it, for the tests of its commands."""

import importlib
import sys

import pytest
from command_site import Site
from host_site import agencies, applied, nagorik, place, price, ready, take_in, world, world_at

from nagorik import Criterion, EligibilityDecision, Text, Verdict

__all__ = ["agencies", "applied", "nagorik", "place", "ready", "take_in", "world", "world_at"]

MANIFEST = """\
manifest_version = 1
id = "office"
requires_api = "1.0"
name = { en = "Office of wells", bn = "কূপ দপ্তর" }
owners = [{ name = "Nagorik, host's tests", contact = "host@nagorik.example" }]
evidence = "modelled"
as_of = 2026-11-24

[[services]]
id = "office.well"
name = { en = "A well", bn = "একটি কূপ" }
form = "forms:WellForm"
reads = ["eligibility", "quote", "status"]
writes = { submit = "native", answer-correction = "native", withdraw = "native" }

[[services]]
id = "office.licence"
name = { en = "A licence", bn = "একটি লাইসেন্স" }
form = "forms:LicenceForm"
reads = ["eligibility", "status", "deliverable"]
writes = { submit = "native", answer-correction = "native" }
deliverables = ["licence"]
documents = [
  { kind = "deed", name = { en = "Rent deed", bn = "ভাড়ার দলিল" }, required = true, media_types = ["application/pdf"] },
  { kind = "photo", name = { en = "Photo", bn = "ছবি" } },
  { kind = "guardian-nid", name = { en = "Guardian's NID", bn = "অভিভাবকের এনআইডি" }, when = { shop = ["minor"] } },
]

[[services]]
id = "office.visit"
name = { en = "A visit", bn = "সাক্ষাৎ" }
form = "forms:LicenceForm"
reads = ["eligibility", "status", "slots"]
writes = { submit = "native", book-slot = "client-reference" }

[[gateways]]
id = "office.till"
name = { en = "The office's till", bn = "দপ্তরের কাউন্টার" }
reads = ["query-payment"]
writes = { start-payment = "native", refund-payment = "native" }
"""
FORMS = """\
from typing import Annotated

from nagorik import Form, Label


class WellForm(Form):
    depth: Annotated[str, Label(en="Depth in feet", bn="গভীরতা, ফুট")]
    plot: Annotated[str, Label(en="Plot number", bn="দাগ নম্বর")]


class LicenceForm(Form):
    shop: Annotated[str, Label(en="Shop", bn="দোকান")]
"""
PLUGIN = """\
import inspect

from nagorik import hookimpl

from nagorik_office import answers


async def given(name, *arguments):
    end = getattr(answers, name)
    if callable(end):
        end = end(*arguments)
    if inspect.isawaitable(end):
        end = await end
    if isinstance(end, Exception):
        raise end
    return end


@hookimpl
async def nagorik_check_eligibility(request, context):
    return await given("ELIGIBILITY", request.form)


@hookimpl
async def nagorik_quote_fees(request, context):
    return await given("QUOTE", context.clock.now(), request.stage)


@hookimpl
async def nagorik_submit(request, context):
    return await given("SUBMIT", request, context)


@hookimpl
async def nagorik_get_status(request, context):
    return await given("STATUS")


@hookimpl
async def nagorik_answer_correction(request, context):
    return await given("CORRECTION", request, context)


@hookimpl
async def nagorik_fetch_deliverable(request, context):
    return await given("DELIVERABLE", request, context)


@hookimpl
async def nagorik_list_slots(request, context):
    return await given("SLOTS", request)


@hookimpl
async def nagorik_book_slot(request, context):
    return await given("BOOK", request)


@hookimpl
async def nagorik_withdraw(request, context):
    return await given("WITHDRAWAL")


@hookimpl
async def nagorik_start_payment(request, context):
    return await given("START")


@hookimpl
async def nagorik_query_payment(request, context):
    return await given("QUERY")


@hookimpl
async def nagorik_refund_payment(request, context):
    return await given("REFUND")
"""
TEXT = Text(en="Anybody may apply.", bn="যে কেউ আবেদন করতে পারেন।")


@pytest.fixture
def answers(place, tmp_path_factory, monkeypatch):
    """An installed agency that answers what a test puts here."""
    directory = tmp_path_factory.mktemp("office")
    directory.rmdir()
    files = {"plugin.toml": MANIFEST, "forms.py": FORMS, "plugin.py": PLUGIN, "answers.py": ""}
    Site(directory).install("nagorik-office", "[nagorik.plugins]\noffice = nagorik_office.plugin\n", files)
    monkeypatch.syspath_prepend(str(directory))
    (place / "nagorik.toml").write_text(
        'keys_file = "keys.txt"\nallow = ["office"]\nretention_days = 1\n'
        "[plugins.office]\negress = ['127.0.0.1']\n[plugins.office.settings]\nbase_url = 'http://127.0.0.1:9'\n"
    )
    module = importlib.import_module("nagorik_office.answers")
    module.ELIGIBILITY = EligibilityDecision(criteria=(Criterion(id="all", verdict=Verdict.PASS, text=TEXT),))
    module.QUOTE = price
    yield module
    for name in [name for name in sys.modules if name.partition(".")[0] == "nagorik_office"]:
        del sys.modules[name]
