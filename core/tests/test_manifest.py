"""A manifest is broken in one way at a time; each mutator's docstring is what the author must be told."""

import tomllib
from collections.abc import Callable
from datetime import date, time, timedelta
from importlib.metadata import version
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings, strategies as st

from nagorik.data_files import DataFileInvalid
from nagorik.manifest import (
    API_VERSION,
    Window,
    parse_manifest,
    validate_manifest,
)
from nagorik.operations import OPERATIONS, Family, Idempotency

TEXT = """
manifest_version = 1
id = "wasa"
requires_api = "1.0"
name = { en = "Water Supply Authority", bn = "পানি সরবরাহ কর্তৃপক্ষ" }
owners = [{ name = "Integration team", contact = "integration@wasa.example" }]
evidence = "modelled"
as_of = 2026-10-01
egress = ["api.wasa.example"]
settings = "config:Settings"
windows = [{ days = "sun-thu", open = "09:00", close = 17:00:00 }]
limits = { concurrency = 4, per_second = 10 }

[[services]]
id = "wasa.new-connection"
name = { en = "New water connection", bn = "নতুন পানির সংযোগ" }
form = "forms:ConnectionForm"
reads = ["eligibility", "quote", "find", "status"]
writes = { submit = "client-reference", advise-payment = "native" }
fees = "fees.toml#connection"
documents = ["holding-tax-receipt", "nid"]
processing = "P15D"

[[gateways]]
id = "wasa.pay"
name = { en = "Pay at the counter", bn = "কাউন্টারে পরিশোধ" }
reads = ["query-payment"]
writes = { start-payment = "none" }
"""

Document: TypeAlias = dict[str, Any]
Mutator: TypeAlias = Callable[[Document], object]


def document() -> Document:
    return tomllib.loads(TEXT)


def test_kind_of_paper_is_a_slug_or_a_table() -> None:
    given = document()
    given["services"][0]["documents"] = ["nid", {"kind": "deed", "required": True, "largest_bytes": 500}]
    (service,) = validate_manifest(given).services
    nid, deed = service.documents
    assert (nid.kind, nid.required, nid.largest_bytes, nid.label.en) == ("nid", False, 20_000_000, "nid")
    assert (service.document_kind("deed"), service.document_kind("visa")) == (deed, None)
    assert deed.required


def test_a_whole_manifest_is_read() -> None:
    manifest = parse_manifest(TEXT)
    (service,), (gateway,) = manifest.services, manifest.gateways
    assert (manifest.id, manifest.as_of, manifest.name.bn) == ("wasa", date(2026, 10, 1), "পানি সরবরাহ কর্তৃপক্ষ")
    assert manifest.windows[0].weekdays == {6, 0, 1, 2, 3}
    assert (manifest.windows[0].open, manifest.windows[0].close) == (time(9), time(17))
    assert service.processing == timedelta(days=15)
    assert [offer.id for offer in manifest.offers] == ["wasa.new-connection", "wasa.pay"]
    assert gateway.writes == {"start-payment": Idempotency.NONE}
    assert manifest.references == (("settings", "config:Settings"), ("services.0.form", "forms:ConnectionForm"))
    assert manifest.declared_hooks == {
        "nagorik_check_eligibility",
        "nagorik_quote_fees",
        "nagorik_find_submission",
        "nagorik_get_status",
        "nagorik_submit",
        "nagorik_advise_payment",
        "nagorik_query_payment",
        "nagorik_start_payment",
    }


def no_evidence(manifest: Document) -> None:
    """evidence: this field is required"""
    del manifest["evidence"]


def no_bangla(manifest: Document) -> None:
    """services.0.name.bn: this field is required"""
    del manifest["services"][0]["name"]["bn"]


def blank_bangla(manifest: Document) -> None:
    """name.bn: write at least one letter"""
    manifest["name"]["bn"] = " "


def nobody_answers(manifest: Document) -> None:
    """owners: write at least one"""
    manifest["owners"] = []


def nameless_owner(manifest: Document) -> None:
    """owners.0.name: write at least one letter"""
    manifest["owners"][0]["name"] = ""


def later_format(manifest: Document) -> None:
    """manifest_version: write one of 1"""
    manifest["manifest_version"] = 2


def format_as_flag(manifest: Document) -> None:
    """manifest_version: write manifest_version = 1"""
    manifest["manifest_version"] = True


def patch_version(manifest: Document) -> None:
    """requires_api: give a version as major.minor, such as 1.0"""
    manifest["requires_api"] = "1.0.3"


def padded_version(manifest: Document) -> None:
    """requires_api: give a version as major.minor, such as 1.0"""
    manifest["requires_api"] = "v1.0"


def no_version(manifest: Document) -> None:
    """requires_api: give a version as major.minor, such as 1.0"""
    manifest["requires_api"] = "latest"


def loud_id(manifest: Document) -> None:
    """id: write lower-case ASCII words joined by hyphens, such as land-records"""
    manifest["id"] = "WASA"


def misspelt_field(manifest: Document) -> None:
    """window: there is no field window; did you mean windows?"""
    manifest["window"] = manifest.pop("windows")


def misspelt_service_field(manifest: Document) -> None:
    """services.0.document: there is no field document; did you mean documents?"""
    manifest["services"][0]["document"] = []


def misspelt_gateway_field(manifest: Document) -> None:
    """gateways.0.write: there is no field write; did you mean writes?"""
    manifest["gateways"][0]["write"] = {}


def foreign_field(manifest: Document) -> None:
    """limits.colour: there is no field colour"""
    manifest["limits"]["colour"] = "red"


def url_as_host(manifest: Document) -> None:
    """egress.0: write a host name alone in lower case, such as api.wasa.example: no scheme, port, path or wildcard"""
    manifest["egress"] = ["https://api.wasa.example"]


def empty_label(manifest: Document) -> None:
    """egress.0: write a host name alone in lower case, such as api.wasa.example: no scheme, port, path or wildcard"""
    manifest["egress"] = ["api..example"]


def host_with_newline(manifest: Document) -> None:
    """egress.0: write a host name alone in lower case, such as api.wasa.example: no scheme, port, path or wildcard"""
    manifest["egress"] = ["api.wasa.example\n"]


def number_as_date(manifest: Document) -> None:
    """as_of: write a date, such as 2026-11-24"""
    manifest["as_of"] = 20261001


def moment_as_date(manifest: Document) -> None:
    """as_of: write a date, such as 2026-11-24"""
    manifest["as_of"] = tomllib.loads("x = 2026-10-01T00:00:00Z")["x"]


def number_as_time(manifest: Document) -> None:
    """windows.0.open: write a time of day in quotes, such as '09:00'"""
    manifest["windows"][0]["open"] = 900


def time_with_zone(manifest: Document) -> None:
    """windows.0.open: write the time without a zone: it is Asia/Dhaka's"""
    manifest["windows"][0]["open"] = "09:00Z"


def window_backwards(manifest: Document) -> None:
    """windows.0: a window closes after it opens; write one that spans midnight as two windows"""
    manifest["windows"][0]["close"] = "08:00"


def unknown_day(manifest: Document) -> None:
    """windows.0.days: write days as sun-thu or sat,mon,wed with mon, tue, wed, thu, fri, sat, sun"""
    manifest["windows"][0]["days"] = "sunday"


def flag_as_count(manifest: Document) -> None:
    """limits.concurrency: Input should be a valid integer"""
    manifest["limits"]["concurrency"] = True


def endless_rate(manifest: Document) -> None:
    """limits.per_second: Input should be a finite number"""
    manifest["limits"]["per_second"] = float("inf")


def rate_beyond_any_agency(manifest: Document) -> None:
    """limits.per_second: Input should be less than or equal to 10000"""
    manifest["limits"]["per_second"] = 10_000.5


def rate_of_less_than_one_a_day(manifest: Document) -> None:
    """limits.per_second: Input should be greater than or equal to 0.000011574074074074073"""
    manifest["limits"]["per_second"] = 1 / 86_401


def no_rate(manifest: Document) -> None:
    """limits.per_second: Input should be greater than or equal to 0.000011574074074074073"""
    manifest["limits"]["per_second"] = 0


def number_as_flag(manifest: Document) -> None:
    """health: Input should be a valid boolean"""
    manifest["health"] = 1


def number_as_duration(manifest: Document) -> None:
    """services.0.processing: write an ISO 8601 duration in weeks, days, hours or minutes, such as P15D"""
    manifest["services"][0]["processing"] = 15


def negative_duration(manifest: Document) -> None:
    """services.0.processing: write an ISO 8601 duration in weeks, days, hours or minutes, such as P15D"""
    manifest["services"][0]["processing"] = "-P15D"


def duration_of_an_age(manifest: Document) -> None:
    """services.0.processing: write a duration of no more than 36500 days"""
    manifest["services"][0]["processing"] = "P999999999D"


def months_as_duration(manifest: Document) -> None:
    """services.0.processing: write an ISO 8601 duration in weeks, days, hours or minutes, such as P15D"""
    manifest["services"][0]["processing"] = "P1M"


def form_as_file(manifest: Document) -> None:
    """services.0.form: write module:Name with the module relative to the plugin's package, such as forms:Form"""
    manifest["services"][0]["form"] = "forms.py"


def fees_outside_the_package(manifest: Document) -> None:
    """services.0.fees: write file.toml#schedule, such as fees.toml#connection"""
    manifest["services"][0]["fees"] = "../fees.toml#connection"


def unknown_class(manifest: Document) -> None:
    """services.0.writes.submit: write one of 'safe', 'native', 'client-reference' or 'none'"""
    manifest["services"][0]["writes"]["submit"] = "often"


def nowhere_to_apply(manifest: Document) -> None:
    """services.0.channels: write at least one"""
    manifest["services"][0]["channels"] = []


def foreign_service(manifest: Document) -> None:
    """the file: service desa.new-connection must begin with the plugin's id and a dot"""
    manifest["services"][0]["id"] = "desa.new-connection"


def service_without_prefix(manifest: Document) -> None:
    """services.0.id: write <plugin id>.<slug> in lower-case ASCII, such as wasa.new-connection"""
    manifest["services"][0]["id"] = "new-connection"


def service_of_a_longer_id(manifest: Document) -> None:
    """the file: service wasa-dhaka.new-connection must begin with the plugin's id and a dot"""
    manifest["services"][0]["id"] = "wasa-dhaka.new-connection"


def same_service_twice(manifest: Document) -> None:
    """the file: service wasa.new-connection is declared twice"""
    manifest["services"].append(manifest["services"][0])


def service_and_gateway_alike(manifest: Document) -> None:
    """the file: service wasa.new-connection is declared twice"""
    manifest["gateways"][0]["id"] = "wasa.new-connection"


def nothing_offered(manifest: Document) -> None:
    """the file: a plugin offers at least one service or gateway"""
    del manifest["services"], manifest["gateways"]


def write_as_read(manifest: Document) -> None:
    """services.0: operation withdraw is a write: list it under writes with its class"""
    manifest["services"][0]["reads"].append("withdraw")


def read_as_write(manifest: Document) -> None:
    """services.0: operation slots is a read: list it under reads"""
    manifest["services"][0]["writes"]["slots"] = "none"


def read_twice(manifest: Document) -> None:
    """services.0: an operation is listed twice under reads"""
    manifest["services"][0]["reads"].append("status")


def payment_of_a_service(manifest: Document) -> None:
    """services.0: operation start-payment does not belong to a service"""
    manifest["services"][0]["writes"]["start-payment"] = "none"


def status_of_a_gateway(manifest: Document) -> None:
    """gateways.0: operation status does not belong to a gateway"""
    manifest["gateways"][0]["reads"].append("status")


def health_of_a_service(manifest: Document) -> None:
    """services.0: operation health does not belong to a service"""
    manifest["services"][0]["reads"].append("health")


def repeated_withdrawal(manifest: Document) -> None:
    """services.0: operation withdraw always has an effect, so its class cannot be safe"""
    manifest["services"][0]["writes"]["withdraw"] = "safe"


def submission_without_form(manifest: Document) -> None:
    """services.0: a service that can be submitted names its form"""
    del manifest["services"][0]["form"]


def unfindable_submission(manifest: Document) -> None:
    """services.0: submit is findable by client reference, so find must be listed under reads"""
    manifest["services"][0]["reads"].remove("find")


def unfindable_payment_advice(manifest: Document) -> None:
    """services.0: advise-payment: a lost answer is looked up, so find or status must be listed under reads"""
    manifest["services"][0] |= {"reads": [], "writes": {"advise-payment": "client-reference"}}


def payment_that_nobody_can_ask_for(manifest: Document) -> None:
    """gateways.0: a gateway offers at least start-payment and query-payment"""
    manifest["gateways"][0]["reads"] = []


MUTATORS: tuple[Mutator, ...] = tuple(
    value
    for value in list(globals().values())
    if callable(value) and getattr(value, "__annotations__", {}).get("manifest") is Document and value.__doc__
)


@pytest.mark.parametrize("mutate", MUTATORS, ids=lambda mutate: mutate.__name__)
def test_refuses_and_says_why(mutate: Mutator) -> None:
    manifest = document()
    mutate(manifest)
    with pytest.raises(DataFileInvalid) as raised:
        validate_manifest(manifest)
    assert (mutate.__doc__ or "") in {str(problem) for problem in raised.value.problems}


def test_says_everything_that_is_wrong_at_once() -> None:
    manifest = document()
    for mutate in (no_evidence, url_as_host, no_bangla):
        mutate(manifest)
    with pytest.raises(DataFileInvalid) as raised:
        validate_manifest(manifest)
    assert [problem.location for problem in raised.value.problems] == ["evidence", "egress.0", "services.0.name.bn"]
    assert str(raised.value).startswith("plugin.toml: evidence: this field is required; egress.0: write a host name")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff", "plugin.toml: save the file as UTF-8"),
        (b"id = ", "plugin.toml: not valid TOML: Invalid value (at end of document)"),
        (b"x = " + b"[" * 100_000, "plugin.toml: nested too deeply"),
    ],
)
def test_refuses_what_is_no_toml(content: bytes, message: str) -> None:
    with pytest.raises(DataFileInvalid) as raised:
        parse_manifest(content)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("days", "numbers"),
    [
        ("mon", {0}),
        ("sun-thu", {6, 0, 1, 2, 3}),
        ("sat,mon, wed", {5, 0, 2}),
        ("fri-fri", {4}),
        ("mon-sun", {0, 1, 2, 3, 4, 5, 6}),
    ],
)
def test_days_of_a_window(days: str, numbers: set[int]) -> None:
    assert Window(days=days, open=time(9), close=time(0)).weekdays == numbers


@pytest.mark.parametrize("days", ["", "-", "sun-", "-thu", "mon;tue", "Mon", "mon--tue", "mon,"])
def test_days_that_are_none(days: str) -> None:
    with pytest.raises(ValueError, match="write days as sun-thu"):
        Window(days=days, open=time(9), close=time(17))


def test_the_version_of_the_hooks_is_that_of_the_distribution() -> None:
    assert version("nagorik").startswith(f"{API_VERSION}.")


def test_this_core_serves_the_version_it_offers() -> None:
    assert validate_manifest({**document(), "requires_api": API_VERSION}).id == "wasa"


@settings(deadline=None)
@given(
    first=st.from_regex(r"[a-z][a-z0-9]{0,3}(-[a-z0-9]{1,3})?", fullmatch=True),
    second=st.from_regex(r"[a-z][a-z0-9]{0,3}(-[a-z0-9]{1,3})?", fullmatch=True),
    slug=st.from_regex(r"[a-z0-9]{1,3}(-[a-z0-9]{1,3})?", fullmatch=True),
)
def test_two_plugins_can_never_claim_one_service(first: str, second: str, slug: str) -> None:
    claim = {"services": [{**document()["services"][0], "id": f"{first}.{slug}"}], "gateways": []}
    assert validate_manifest({**document(), "id": first, **claim}).services[0].id == f"{first}.{slug}"
    if first != second:
        with pytest.raises(DataFileInvalid):
            validate_manifest({**document(), "id": second, **claim})


def test_every_operation_of_a_service_has_a_place() -> None:
    for operation, spec in OPERATIONS.items():
        if spec.family is Family.SERVICE:
            manifest = document()
            service = manifest["services"][0]
            if spec.writes:
                service["writes"][operation.value] = "none"
            elif operation.value not in service["reads"]:
                service["reads"].append(operation.value)
            assert spec.hook in validate_manifest(manifest).declared_hooks


def test_a_service_asks_only_others_and_each_once() -> None:
    asking = document()
    asking["services"][0]["asks"] = ["passport.verification", "nid.verification"]
    assert validate_manifest(asking).services[0].asks == ("passport.verification", "nid.verification")
    for asks, told in (
        (["wasa.other"], "asks names wasa.other of the plugin itself"),
        (["nid.verification"] * 2, "listed twice under asks"),
        (["nid"], "write <plugin id>.<slug>"),
    ):
        asking["services"][0]["asks"] = asks
        with pytest.raises(DataFileInvalid) as caught:
            validate_manifest(asking)
        assert told in str(caught.value)


def test_only_a_submit_without_effect_is_askable() -> None:
    asked = document()
    assert not validate_manifest(asked).services[0].askable
    asked["services"][0]["writes"]["submit"] = "safe"
    assert validate_manifest(asked).services[0].askable
