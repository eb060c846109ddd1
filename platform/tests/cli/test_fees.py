from typing import Any

import pytest

from nagorik_platform.fees.sentences import NOT_PUBLISHED

FORMS = """\
from typing import Annotated, Literal

from nagorik import Choices, Form, Label, Text

Delivery = Annotated[
    Literal["regular", "urgent"],
    Choices({"regular": Text(en="Regular", bn="সাধারণ"), "urgent": Text(en="Urgent", bn="জরুরি")}),
    Label(en="Delivery", bn="সরবরাহ"),
]


class ConnectionForm(Form):
    owner: str
    delivery: Delivery
"""
PRICING = """\
from nagorik import FeeDue
from nagorik_toolkit.fees import FeeBasis, read_schedules

FEES = read_schedules(__package__)
print("a plugin that talks")


def basis(service, form, on):
    return FeeBasis.of_fields(FEES["connection"], form, due=FeeDue.BEFORE_SUBMISSION)
"""
QUOTING = """\
from nagorik.hookspecs import hookimpl


@hookimpl
async def nagorik_quote_fees(request, context):
    raise AssertionError("nobody asks for a quote here")
"""


def install(
    site: Any,
    *,
    pricing: str = PRICING,
    fees: str = 'fees = "fees.toml#connection"',
    reads: str = '["quote"]',
    basis: str = 'basis = "pricing:basis"\n',
    **options: Any,
) -> None:
    root = site.plugin(
        fees=f'form = "forms:ConnectionForm"\n{fees}',
        files={"forms.py": FORMS, "pricing.py": pricing, "plugin.py": QUOTING},
        **options,
    )
    manifest, schedule = root / "plugin.toml", root / "fees.toml"
    manifest.write_text(manifest.read_text("utf-8").replace('reads = ["status"]', f"reads = {reads}"), "utf-8")
    text = schedule.read_text("utf-8")
    schedule.write_text(text.replace('rounding = "whole', f'{basis}rounding = "whole', 1), "utf-8")


def lines_of(result: Any) -> list[str]:
    return [line.rstrip() for line in result.out.splitlines()]


def test_price_is_told_line_by_line_in_both_languages(site: Any, nagorik: Any) -> None:
    install(site)
    result = nagorik("fees", "wasa.connection", "--set", "delivery=জরুরি", "--on", "24/11/2026")
    assert result.code == 0
    assert lines_of(result) == [
        "wasa.connection  নতুন সংযোগ · New connection",
        "২৪ নভেম্বর ২০২৬ তারিখের প্রকাশিত ফি। কোনো সংস্থার কাছে জানতে চাওয়া হয়নি।",
        "Published fees on 24 November 2026. No agency was asked.",
        "",
        "সরবরাহ · Delivery: জরুরি · Urgent",
        "আবেদন জমার আগে দিতে হয়।",
        "To be paid before the application is filed.",
        "ফি, খাত অনুযায়ী:",
        "The fee, line by line:",
        "  ফি · Fee: ৯০০ টাকা · Tk 900 + ভ্যাট · VAT ১৩৫ টাকা · Tk 135",
        "  ডাক · Postage: ৬০ টাকা · Tk 60",
        "  মোট · Total: ১,০৯৫ টাকা · Tk 1,095 (এর মধ্যে ভ্যাট · of it VAT ১৩৫ টাকা · Tk 135)",
        "  উৎস · source: Circular 7, ১ জানুয়ারি ২০২০ · 1 January 2020 (যাচাই করা · verified)",
    ]
    assert "a plugin that talks" not in result.out


def test_what_is_missing_is_named_with_its_choices(site: Any, nagorik: Any) -> None:
    install(site)
    assert lines_of(nagorik("fees", "wasa.connection", "--on", "2026-11-24"))[-2:] == [
        "The price depends on more; nagorik services prints all rates. Say with --set:",
        "  delivery (সরবরাহ · Delivery): regular (সাধারণ · Regular), urgent (জরুরি · Urgent)",
    ]


def test_json_has_stable_keys(site: Any, nagorik: Any) -> None:
    install(site)
    told = nagorik("fees", "wasa.connection", "--set", "delivery=regular", "--on", "2026-11-24", "--json").document
    assert told == {
        "service": "wasa.connection",
        "name": {"en": "New connection", "bn": "নতুন সংযোগ"},
        "summary": {"en": "A pipe to the house.", "bn": "বাড়িতে পানির সংযোগ।"},
        "on": "2026-11-24",
        "answer": "priced",
        "sentence": None,
        "choice": [
            {
                "dimension": "delivery",
                "value": "regular",
                "label": {"en": "Delivery", "bn": "সরবরাহ"},
                "title": {"en": "Regular", "bn": "সাধারণ"},
            }
        ],
        "payments": [
            {
                "stage": "application",
                "due": "before-submission",
                "currency": "BDT",
                "lines": [
                    {
                        "code": "fee",
                        "text": {"en": "Fee", "bn": "ফি"},
                        "amount": "450.00",
                        "vat": "68.00",
                        "nature": "fee",
                        "payee": None,
                    },
                    {
                        "code": "post",
                        "text": {"en": "Postage", "bn": "ডাক"},
                        "amount": "60.00",
                        "vat": "0.00",
                        "nature": "fee",
                        "payee": None,
                    },
                ],
                "vat": "68.00",
                "total": "578.00",
                "unpriced": [],
                "tariff": {
                    "id": "circular-2020",
                    "standing": "effective",
                    "effective_from": "2020-01-01",
                    "effective_to": "2027-06-30",
                    "source": {"title": "Circular 7", "as_of": "2020-01-01", "verified": True},
                    "note": None,
                },
            }
        ],
        "agency_adds": False,
        "missing": [],
        "unchecked": [],
        "charges": [],
    }


def test_choice_without_a_price_says_so(site: Any, nagorik: Any) -> None:
    install(site)
    file = site.directory / "nagorik_wasa" / "fees.toml"
    text = file.read_text("utf-8").replace(
        ', amount = "60", vat_exempt', ', amount = "60", when = { delivery = "regular" }, vat_exempt'
    )
    dead = 'standing = "disputed"\neffective_from = 2010-01-01\neffective_to = 2010-12-31'
    text = text.replace('when = { delivery = "urgent" }', 'when = { delivery = "regular" }, stage = "later"')
    file.write_text(text.replace('standing = "disputed"', dead), "utf-8")
    lines = lines_of(nagorik("fees", "wasa.connection", "--on", "2026-11-24", "--set", "delivery=urgent"))
    assert lines[4:] == [NOT_PUBLISHED.bn, NOT_PUBLISHED.en, "বাড়িতে পানির সংযোগ।", "A pipe to the house."]


def test_day_without_a_tariff_is_told_in_a_sentence(site: Any, nagorik: Any) -> None:
    install(site)
    for day, en, bn in (
        ("31/12/2019", "the first one known holds from 1 January 2020", "প্রথম জানা ফি ১ জানুয়ারি ২০২০ থেকে"),
        ("2027-07-01", "the last one known held until 30 June 2027", "শেষ জানা ফি ৩০ জুন ২০২৭ পর্যন্ত"),
    ):
        result = nagorik("fees", "wasa.connection", "--set", "delivery=urgent", "--on", day)
        assert (result.code, en in result.out, bn in result.out) == (0, True, True)
        assert "fault" not in result.out + result.err


@pytest.mark.parametrize(
    ("reads", "answer", "en", "bn"),
    [
        ('["quote"]', "agency-only", "The price is not known here", "ফি এখানে জানা নেই"),
        ('["status"]', "no-fee", "Nothing is paid for this service", "এই প্ল্যাটফর্মে এই সেবার জন্য কিছু দিতে হয় না"),
    ],
)
def test_service_without_a_schedule_says_so_with_what_its_manifest_says(
    site: Any, nagorik: Any, reads: str, answer: str, en: str, bn: str
) -> None:
    install(site, fees="", reads=reads)
    result = nagorik("fees", "wasa.connection")
    assert (result.code, en in result.out, bn in result.out) == (0, True, True)
    assert "A pipe to the house." in result.out
    assert nagorik("fees", "wasa.connection", "--json").document["answer"] == answer
    unknown = nagorik("fees", "wasa.connection", "--set", "delivery=urgent")
    assert (unknown.code, "There is no such field" in unknown.err) == (2, True)


def test_field_that_a_check_waits_for_is_named_beside_the_price(site: Any, nagorik: Any) -> None:
    checked = PRICING.replace("due=", "checks=(lambda: form.owner,), due=")
    install(site, pricing=checked)
    words = ("fees", "wasa.connection", "--set", "delivery=regular", "--on", "2026-11-24")
    shown = nagorik(*words).out
    assert "Whether you can apply for this also depends on other details. To check, say with --set:\n" in shown
    assert "\n  owner (owner · owner): …\n" in shown
    assert "তা আরও কিছু তথ্যের ওপর নির্ভর করে। যাচাই করতে --set দিয়ে জানান:" in shown
    assert "Whether you can" not in nagorik(*words, "--set", "owner=nobody").out


def test_amount_that_counts_nothing_is_a_payment_of_nothing(site: Any, nagorik: Any) -> None:
    install(site)
    file = site.directory / "nagorik_wasa" / "fees.toml"
    text = file.read_text("utf-8").replace("dimensions = { delivery", 'dimensions = { days = ["0+"], delivery')
    for amount in ('"450"', '"900"', '"60"'):
        text = text.replace(f"amount = {amount}", f'amount = {amount}, times = "days"')
    file.write_text(text, "utf-8")
    words = (
        "fees",
        "wasa.connection",
        "--set",
        "delivery=regular",
        "--set",
        "days=0",
        "--on",
        "2026-11-24",
        "--json",
    )
    result = nagorik(*words)
    [payment] = result.document["payments"]
    assert (result.code, payment["lines"], payment["vat"], payment["total"]) == (0, [], "0.00", "0.00")


def test_service_that_is_free_says_so_with_its_source(site: Any, nagorik: Any) -> None:
    install(site)
    file = site.directory / "nagorik_wasa" / "fees.toml"
    text = file.read_text("utf-8")
    for amount in ('"450"', '"900"', '"60"'):
        text = text.replace(f"amount = {amount}", 'amount = "0"')
    file.write_text(text, "utf-8")
    shown = nagorik("fees", "wasa.connection", "--set", "delivery=regular", "--on", "2026-11-24").out
    for part in ("মোট · Total: ০ টাকা · Tk 0", "উৎস · source: Circular 7,"):
        assert part in shown


def test_total_with_a_cost_of_unknown_amount_is_the_least(site: Any, nagorik: Any) -> None:
    install(site)
    file = site.directory / "nagorik_wasa" / "fees.toml"
    file.write_text(file.read_text("utf-8").replace('amount = "60"', 'amount = "unknown"'), "utf-8")
    words = ("fees", "wasa.connection", "--set", "delivery=regular", "--on", "2026-11-24")
    shown = nagorik(*words).out
    for part in (
        "ডাক · Postage: কত তা এখানে জানা নেই; সংস্থায় জেনে নিন · amount not known here; ask the agency",
        "মোট, কমপক্ষে · Total, at least: ৫১৮ টাকা · Tk 518 (",
    ):
        assert part in shown
    [payment] = nagorik(*words, "--json").document["payments"]
    assert (payment["total"], payment["unpriced"]) == ("518.00", [{"en": "Postage", "bn": "ডাক"}])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--set", "delivery"), "write --set as FIELD=VALUE, such as --set delivery=urgent"),
        (("--set", "19900000000000042=7"), "write --set as FIELD=VALUE"),
        (("--set", "delivery="), "write --set as FIELD=VALUE"),
        (
            ("--set", "delivery=urgent", "--set", "delivery=regular"),
            "--set gives a field twice; keep one",
        ),
        (("--set", "delivry=urgent"), "--set, number 1: There is no such field; did you mean delivery?"),
        (("--set", "BX0123456=48"), "--set, number 1: There is no such field; there is delivery, owner."),
        (("--set", "BX0123456=48", "--set", "BX0123456=48"), "--set gives a field twice"),
        (("--set", "delivery=soon"), "Choose one of: regular (Regular), urgent (Urgent)."),
        (("--set", "delivery=soon"), "বেছে নিন: regular (সাধারণ), urgent (জরুরি)।"),
        (("--on", "24 Nov 2026"), "argument --on: not a date such as 2026-11-24 or 24/11/2026"),
        (("--on", "31/02/2026"), "argument --on: not a date such as"),
    ],
)
def test_wrong_words_are_told_and_no_value_is_repeated(
    site: Any, nagorik: Any, words: tuple[str, ...], told: str
) -> None:
    install(site)
    result = nagorik("fees", "wasa.connection", *words)
    assert (result.code, result.out) == (2, "")
    assert told in result.err
    assert "soon" not in result.err
    assert "19900000000000042" not in result.err
    assert "BX0123456" not in result.err


def test_unknown_service_a_gateway_and_no_plugin_at_all_are_told(site: Any, nagorik: Any) -> None:
    nothing = nagorik("fees", "wasa.connection")
    assert (nothing.code, nothing.err) == (
        2,
        "nagorik: there is no service wasa.connection; nagorik services lists what there is\n",
    )
    install(
        site,
        extra='[[gateways]]\nid = "wasa.pay"\nname = { en = "Pay", bn = "টাকা" }\n'
        'reads = ["query-payment"]\nwrites = { start-payment = "none" }',
    )
    near = nagorik("fees", "wasa.conection")
    assert (near.code, near.err) == (
        2,
        "nagorik: there is no service wasa.conection; did you mean wasa.connection?\n",
    )
    gateway = nagorik("fees", "wasa.pay")
    assert (gateway.code, gateway.err) == (
        2,
        "nagorik: there is no service wasa.pay; nagorik services lists what there is\n",
    )


def test_plugin_that_is_kept_out_is_told_with_the_reason(site: Any, nagorik: Any) -> None:
    install(site, api="9.0")
    result = nagorik("fees", "wasa.connection")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("nagorik: wasa.connection is not to be had (api-incompatible): nagorik-wasa 1.0.0 ")


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        ({"fees": 'fees = "fees.toml#other"'}, 3, "the fees of wasa.connection cannot be read: fees.toml: other"),
        ({"pricing": f"{PRICING}    raise ValueError('s3cret')\n".replace("    return", "    _ =")}, 3, "connection"),
        ({"basis": 'basis = "pricing:absent"\n'}, 3, "connection"),
    ],
)
def test_broken_plugin_is_told_in_one_line_each(
    site: Any, nagorik: Any, options: dict[str, str], code: int, told: str
) -> None:
    install(site, **options)
    result = nagorik("fees", "wasa.connection", "--on", "2026-11-24")
    assert (result.code, result.out) == (code, "")
    assert told in result.err
    assert "s3cret" not in result.err


def test_schedule_without_a_basis_is_asked_by_the_forms_fields_of_its_dimensions(site: Any, nagorik: Any) -> None:
    install(site, basis="")
    told = nagorik("fees", "wasa.connection", "--set", "delivery=urgent", "--on", "2026-11-24", "--json").document
    assert [(one["total"], one["due"]) for one in told["payments"]] == [("1095.00", None)]
