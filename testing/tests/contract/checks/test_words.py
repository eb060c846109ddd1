"""What a citizen reads: faults of several kinds in each place where a text stands, and texts that are right."""

from pathlib import Path

import pytest

from nagorik.manifest import parse_manifest
from nagorik_platform.registry import PluginRecord, PluginSource, Registry
from nagorik_testing.contract.checks.words import WORDS
from nagorik_testing.contract.mutation.workbench import SCORE_FILE
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.verdict import CheckStatus
from nagorik_testing.simulator.base import Simulator

from .conftest import found

RULES = """
[[licence-age]]
value = 21
source = { title = "Act, on example.gov.bd", verified = false }

[[renewal-grace]]
duration = "P15D"
source = { title = "Circular of 3 June 2015", as_of = 2026-11-24, verified = false }

[[free-after]]
value = 10
source = { title = "Notice", verified = false }

[[arrears-interest]]
decimal = "6.25"
source = { title = "Act", verified = false }

[[photo-kilobytes]]
value = 150
source = { title = "Notice", verified = false }
"""
MANIFEST = """
manifest_version = 1
id = "permits"
requires_api = "1.0"
name = { en = "Permit office", bn = "অনুমতি দপ্তর" }
owners = [{ name = "Nagorik, contract suite", contact = "contract-suite@nagorik.example" }]
evidence = "modelled"
as_of = 2026-11-24
egress = ["permits.example"]

[[services]]
id = "permits.shop"
name = { en = "Shop permit", bn = "দোকানের অনুমতি" }
reads = ["status"]
"""
FEES = """
[licence]
title = { en = "Licence", bn = "লাইসেন্স" }

[[licence.tariffs]]
id = "today"
source = { title = "example.gov.bd", verified = false }
note = { en = "Tk 1,170 since the circular.", bn = "পরিপত্রের পর থেকে ১,১৭০ টাকা।" }
rows = [{ code = "fee", amount = "1170.00", text = { en = "Licence, 10 years", bn = "লাইসেন্স, ১০ বছর" } }]
"""


def messages(en: str, bn: str) -> dict[str, str]:
    return {"messages.toml": f'["office.says"]\nen = "{en}"\nbn = "{bn}"\n'}


def form(**texts: str) -> dict[str, str]:
    said = ", ".join(f"{name}={text!r}" for name, text in texts.items())
    return {"forms.py": f"AGE = 18\nLABEL = Label({said})\n"}


FILES = {"rules.toml": RULES, "fees.toml": FEES}
OPTION = 'Choices({{"{value}": Text(en="{en}", bn="{bn}")}})'

FAULTS = {
    "words/terms": [
        (messages("Go there.", "সেবাকেন্দ্রে যান।"), "messages.toml: office.says (bn)", "সেবা কেন্দ্র"),
        (messages("Apply anew.", "আবার আবেদন করুন।"), "messages.toml: office.says (en)", "“anew”: write again"),
        (messages("give the number.", "নম্বর দিন।"), "messages.toml", "“give” begins a sentence: write “Give”"),
        (form(bn="জন্ম তারিখ", en="Date of birth"), "forms.py:2 (bn)", "জন্মতারিখ"),
        (form(bn="কার্ড", en="Card", help_bn="পুনর্মুদ্রণের জন্য।"), "forms.py:2 (bn)", "রি-ইস্যু"),
        ({"simulator/course.toml": 'remarks = { WAIT = "দলিলাদি দিন" }'}, "remarks.WAIT (bn)", "কাগজপত্র"),
        ({"fees.toml": FEES.replace('bn = "লাইসেন্স"', 'bn = "বিনা মূল্যে"')}, "fees.toml: licence", "বিনামূল্যে"),
    ],
    "words/length": [
        (messages("A " + "very " * 23 + "long one.", "ছোট।"), "messages.toml: office.says (en)", "26 words"),
        (messages("Short.", "এটি " * 25 + "দীর্ঘ।"), "messages.toml: office.says (bn)", "26 words"),
        (messages("Short. " + "a {b} " * 13 + "end.", "ছোট।{b}"), "(en)", "“a X a X a …” has 27 words"),
        (form(bn="নাম", en="Name", help_en="So " * 26), "forms.py:2 (en)", "26 words"),
        ({"agency.py": f'modelled = "{"সব " * 26}কল্পিত। / All of it is."'}, "agency.py:1 (bn)", "27 words"),
    ],
    "words/letters": [
        (messages("Ask BRTA.", "BRTA অফিসে খোঁজ নিন।"), "office.says (bn)", "“BRTA”: write it in Bangla"),
        (messages("In 3 days.", "3 দিনে।"), "office.says (bn)", "“3”: write Bangla digits"),
        (messages("As on দাখিলা.", "দাখিলায় যেমন।"), "office.says (en)", "Bangla letters in an English text"),
        (form(bn="Given Name", en="Given name"), "forms.py:2 (bn)", "“Given”: write it"),
        ({"forms.py": OPTION.format(value="lost", en="Lost", bn="Lost")}, "forms.py:1 (bn)", "“Lost”"),
    ],
    "words/days-and-sums": [
        (messages("Until 2027-01-31.", "শেষ।"), "office.says (en)", "“2027-01-31”"),
        (messages("Over.", "২০২৭-০১-৩১ পর্যন্ত।"), "office.says (bn)", "“২০২৭-০১-৩১”"),
        (messages("Pay.", "১,১৭০.০০ ৳ দিন।"), "office.says (bn)", "“৳”: write a sum as ১,১৭০ টাকা"),
        (messages("Pay Tk 1,170.00 now.", "দিন।"), "(en)", "“Tk 1,170.00”: write a sum as Tk 1,170"),
        (messages("Pay 1170/=.", "দিন।"), "office.says (en)", "“0/=”"),
        ({"rules.toml": RULES.replace("Notice", "Notice of 2015-06-03")}, "free-after", "“2015-06-03”"),
    ],
    "words/figures": [
        (messages("You are not 21 yet.", "বয়স হয়নি।"), "(en)", "“not 21” repeats rules.toml: licence-age"),
        (messages("Older.", "বয়স ২১ বছর হতে হবে।"), "(bn)", "“২১ বছর” repeats rules.toml: licence-age"),
        (messages("From 18 to 21 years of age.", "বয়সসীমা আছে।"), "(en)", "licence-age"),
        (messages("Within fifteen days.", "পরে।"), "(en)", "“fifteen days” repeats rules.toml: renewal-grace"),
        (messages("Later.", "পনেরো দিনের মধ্যে।"), "(bn)", "“পনেরো দিন” repeats rules.toml: renewal-grace"),
        (messages("Free.", "দশ বছর পর।"), "(bn)", "“দশ বছর” repeats rules.toml: free-after"),
        (messages("Interest is 6.25 per cent.", "সুদ আছে।"), "(en)", "“6.25 per cent” repeats rules.toml: arrears"),
        (messages("Up to 150 KB.", "ছোট।"), "(en)", "“150 KB” repeats rules.toml: photo-kilobytes"),
        (messages("Pay Tk 1,170.", "দিন।"), "(en)", "“Tk 1,170” repeats fees.toml: fee"),
        (messages("Pay.", "১১৭০ টাকা দিন।"), "(bn)", "“১১৭০ টাকা” repeats fees.toml: fee"),
        (form(bn="বয়স", en="Age", help_en="At least 21 years old."), "forms.py:2 (en)", "licence-age"),
        ({"forms.py": OPTION.format(value="after", en="After 10 years", bn="পরে")}, "(en)", "free-after"),
    ],
}

RIGHT = {
    "words/terms": [
        messages("Ask the service centre.", "রি-ইস্যু (পুনর্মুদ্রণ) করতে সেবা কেন্দ্রে খোঁজ নিন।"),
        messages("the police station", "থানা"),
        messages("“ ”", "“ ”"),
        messages("{what} is missing. iOS too.", "{what} নেই। তত দিন।"),
        messages("An officer licenses it.", "উপজেলা নির্বাচন অফিসার রিক্রুটিং এজেন্সিকে অনুমতি দেন।"),
    ],
    "words/length": [
        messages("A " + "very " * 22 + "long one. And more.", "এটি " * 24 + "দীর্ঘ। আর ছোট।"),
        messages("Is it {a}? " * 20 + "Yes!", "এটি কি {a}? " * 20),
        messages("– " * 40 + "So.", "nagorik act ID corrected --document KIND=FILE " * 1 + "দিন।"),
    ],
    "words/letters": [
        messages("In PDF, as “ঢাকা মেট্রো-গ-১২”.", "PDF দিন; রক্তের গ্রুপ A+ বা AB-, নম্বর A00000000।"),
        messages("{sentence}", "{sentence}"),
        {"agency.py": 'modelled = "কল্পিত, আসল ইন্টারফেস নয়। Modelled; not the real interface."'},
        {"agency.py": 'modelled = "সবই কল্পিত / All of it is invented"'},
        # A score quotes the plugin's code, a title in Bangla among it.
        {SCORE_FILE: 'diff = ["-  \\"express\\": Text(en=\\"Express\\", bn=\\"জরুরি\\")"]'},
        messages("On epassport.gov.bd.", "epassport.gov.bd-এ “Given Name” লেখা ঘরে।"),
        {"forms.py": OPTION.format(value="A+", en="A+", bn="A+")},
    ],
    "words/days-and-sums": [
        messages("Until 31 January 2027. Tk 1,170.", "৩১ জানুয়ারি ২০২৭। ১,১৭০.৫০ টাকা।"),
        messages("Such as 31/01/1990.", "যেমন ৩১/০১/১৯৯০, কিংবা “1990-01-31”।"),
        messages("Number 2027-01-3154 and 1999-2000.", "নম্বর ২০২৭-০১-৩১৫৪।"),
    ],
    "words/figures": [
        messages("You are not {least} yet.", "বয়স {least} বছর হতে হবে।"),
        messages("Of 21 digits, on 15 January.", "২১টি অঙ্ক, ১৫ জানুয়ারি।"),
        messages("A passport of 48 pages.", "৫ বছরের পাসপোর্ট।"),
        messages("Within 21 days or 15 years.", "২১ দিন বা ১৫ বছর।"),
        {"forms.py": 'LABEL = Label(en="Age", bn="বয়স", help_en=f"At least {AGE} years old.")'},
        {"forms.py": OPTION.format(value="ten-years", en="Ten years", bn="দশ বছর")},
        {"simulator/course.toml": 'remarks = { WAIT = "দশ বছর পর" }'},
        FILES,
    ],
}


class UnaskedOffice(Simulator):
    """Its texts are read where they are written."""

    plugin_id = "permits"


def subject_of(folder: Path, files: dict[str, str]) -> Subject:
    """A plugin without a form whose files lie in a folder."""
    for name, content in {**FILES, **files}.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(content, "utf-8")
    manifest = parse_manifest(MANIFEST.encode())
    record = PluginRecord(PluginSource("permits", "permit-office", "1.0", "office"), "office", folder, manifest)
    return Subject(Registry([record]), manifest, UnaskedOffice)


@pytest.mark.parametrize(
    ("check", "files", "place", "told"), [(check, *fault) for check, faults in FAULTS.items() for fault in faults]
)
async def test_fault_is_told_with_its_place_and_what_to_write(check, files, place, told, tmp_path):
    (finding,) = await found(check, subject_of(tmp_path, files))
    assert finding.status is CheckStatus.FAILED
    assert place in finding.got
    assert told in finding.got


@pytest.mark.parametrize(("check", "files"), [(check, files) for check, right in RIGHT.items() for files in right])
async def test_good_text_is_no_fault(check, files, tmp_path):
    (finding,) = await found(check, subject_of(tmp_path, files))
    assert (finding.status, finding.got) == (CheckStatus.PASSED, "")


def test_every_check_has_several_faults_and_a_text_that_is_right():
    for check in WORDS:
        assert len(FAULTS[check.id]) >= 5
        assert len(RIGHT[check.id]) >= 3


@pytest.mark.parametrize("check", [check.id for check in WORDS])
async def test_file_that_cannot_be_read_proves_nothing(check, tmp_path):
    for name, content in (("rules.toml", "[[a"), ("forms.py", "def"), ("gone.py", None)):
        folder = tmp_path / name.replace(".", "-")
        folder.mkdir()
        if content is None:
            (folder / name).symlink_to("nowhere")
        (finding,) = await found(check, subject_of(folder, {name: content} if content else {}))
        assert finding.status is CheckStatus.NOT_REACHED
        assert name in finding.got


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("Untitled", "the options of floor have no titles: ground-floor, upstairs"),
        ("UntitledWithin", "the options of floors have no titles: ground-floor, upstairs"),
        ("OwnTitles", None),
        ("Plated", None),
    ],
)
async def test_option_has_a_title_in_words(kind, told, permit_office):
    (finding, _) = await found("catalogue/form-labels", permit_office(service={"form": f"forms:{kind}"}))
    assert finding.got == (told or "")
    assert finding.failed is (told is not None)


async def test_text_that_only_the_running_form_says_is_read(permit_office):
    (finding,) = await found("words/terms", permit_office(service={"form": "forms:Joined"}))
    assert "Joined.kept (bn), 'ডাক খরচ': “ডাক খরচ”: write ডাক মাশুল" in finding.got
