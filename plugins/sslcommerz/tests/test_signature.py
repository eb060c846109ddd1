"""What is signed in a notice, and what is not."""

import hashlib
from urllib.parse import urlencode

import pytest
from hypothesis import given, strategies as st

from nagorik_sslcommerz.signature import SIGNATURES, NotSigned, digest_of, signed_fields

PASSWORD = "specimen@ssl"
FIELDS = {
    "tran_id": "ORDER-1",
    "val_id": "261124100100specimen",
    "amount": "345.00",
    "currency": "BDT",
    "status": "VALID",
    "card_issuer": "SPECIMEN & SONS = BANK",
}


def signed(fields: dict[str, str], password: str = PASSWORD, **other: str) -> dict[str, str]:
    form = {**fields, "verify_key": ",".join(fields)}
    form |= {name: digest_of(fields, password, digest) for name, digest in SIGNATURES.items()}
    return {**form, **other}


def body(form: dict[str, str]) -> bytes:
    return urlencode(form).encode()


def test_signature_is_made_as_the_gateway_documents_it() -> None:
    password = hashlib.md5(PASSWORD.encode(), usedforsecurity=False).hexdigest()
    written = f"amount=345.00&currency=BDT&status=VALID&store_passwd={password}&tran_id=ORDER-1&val_id=V1"
    fields = {"val_id": "V1", "tran_id": "ORDER-1", "status": "VALID", "currency": "BDT", "amount": "345.00"}
    assert digest_of(fields, PASSWORD, SIGNATURES["verify_sign"]) == (
        hashlib.md5(written.encode(), usedforsecurity=False).hexdigest()
    )


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).filter(lambda text: "=" not in text)
NAMES = st.from_regex(r"[a-z_]{1,20}", fullmatch=True).filter(lambda name: not name.startswith(("verify", "store_p")))


@given(st.dictionaries(NAMES, TEXTS, max_size=8), TEXTS.filter(bool))
def test_whatever_is_signed_is_read_as_it_was(more: dict[str, str], password: str) -> None:
    fields = {**more, **FIELDS}
    assert signed_fields(body(signed(fields, password)), password) == fields


@given(st.sampled_from([*signed(FIELDS)]), TEXTS)
def test_no_field_can_be_altered(name: str, value: str) -> None:
    form = signed(FIELDS)
    if form[name] == value:
        return
    with pytest.raises(NotSigned):
        signed_fields(body({**form, name: value}), PASSWORD)


@given(st.data())
def test_no_byte_of_any_field_can_be_altered(data: st.DataObject) -> None:
    sent = body(signed(FIELDS))
    place = data.draw(st.integers(0, len(sent) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != sent[place]))
    altered = sent[:place] + bytes([other]) + sent[place + 1 :]
    try:
        read = signed_fields(altered, PASSWORD)
    except NotSigned:
        return
    assert read == FIELDS, "only another spelling of the very same fields is believed"


@pytest.mark.parametrize("left_out", ["tran_id", "amount", "currency", "status", "val_id"])
def test_what_decides_has_to_be_signed(left_out: str) -> None:
    rest = {name: value for name, value in FIELDS.items() if name != left_out}
    with pytest.raises(NotSigned, match="signed-fields"):
        signed_fields(body(signed(rest, **{left_out: FIELDS[left_out]})), PASSWORD)


def test_notice_without_money_needs_no_validation_id() -> None:
    fields = {name: value for name, value in FIELDS.items() if name != "val_id"} | {"status": "CANCELLED"}
    assert signed_fields(body(signed(fields)), PASSWORD)["status"] == "CANCELLED"


@pytest.mark.parametrize("status", ["valid", " VALID", "Valid\t", "validated ", "VALIDATED"])
def test_whatever_claims_money_needs_a_validation_id(status: str) -> None:
    fields = {name: value for name, value in FIELDS.items() if name != "val_id"} | {"status": status}
    for form in (signed(fields), signed(fields, val_id="V1"), signed({**fields, "val_id": " "})):
        with pytest.raises(NotSigned, match="signed-fields"):
            signed_fields(body(form), PASSWORD)


def test_signed_fields_are_not_cut_at_another_place() -> None:
    genuine = {**FIELDS, "bank_tran_id": "B1"}
    form = signed(genuine)
    forged = {name: value for name, value in form.items() if name != "bank_tran_id"}
    forged |= {"amount": "345.00&bank_tran_id=B1", "verify_key": ",".join(FIELDS)}
    assert [digest_of({**FIELDS, "amount": forged["amount"]}, PASSWORD, each) for each in SIGNATURES.values()] == [
        form[name] for name in SIGNATURES
    ], "the gateway's own signature is right for it"
    with pytest.raises(NotSigned, match="two-fields-in-one"):
        signed_fields(body(forged), PASSWORD)


@pytest.mark.parametrize("name", [*signed(FIELDS)])
def test_field_that_comes_twice_is_refused(name: str) -> None:
    form = signed(FIELDS)
    for twice in (
        body(form) + body({"": ""})[1:] + f"&{name}={form[name]}".encode(),
        body({name: "x"}) + b"&" + body(form),
    ):
        with pytest.raises(NotSigned, match="repeated-field"):
            signed_fields(twice, PASSWORD)


@pytest.mark.parametrize("missing", [*SIGNATURES, "verify_key"])
def test_message_without_a_signature_is_refused(missing: str) -> None:
    form = {name: value for name, value in signed(FIELDS).items() if name != missing}
    with pytest.raises(NotSigned):
        signed_fields(body(form), PASSWORD)
    with pytest.raises(NotSigned):
        signed_fields(body({**form, missing: ""}), PASSWORD)


@pytest.mark.parametrize(
    "named", ["verify_key", "verify_sign", "verify_sign_sha2", "store_passwd", "amount,amount", "absent", " amount"]
)
def test_list_of_signed_fields_names_what_can_be_signed(named: str) -> None:
    form = signed(FIELDS)
    with pytest.raises(NotSigned, match="signed-fields"):
        signed_fields(body({**form, "store_passwd": "x", "verify_key": f"{form['verify_key']},{named}"}), PASSWORD)


def test_another_stores_signature_is_refused() -> None:
    with pytest.raises(NotSigned, match="signature"):
        signed_fields(body(signed(FIELDS, "another-password")), PASSWORD)


def test_unsigned_field_is_not_read() -> None:
    assert "subscription_id" not in signed_fields(body(signed(FIELDS, subscription_id="7")), PASSWORD)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        *((sent, "not-a-form") for sent in (b"{}", b"a", b"a=\xff", b"a=%ff", b"<html>", b"&" * 1000, b"a=1&b")),
        (b"a=1&a=2", "repeated-field"),
        (b"", "signed-fields"),
        (b"a=1;b=2", "signed-fields"),
        (body({**FIELDS, "verify_key": ",".join(FIELDS)}), "signature"),
    ],
)
def test_what_is_no_signed_form_is_refused(sent: bytes, code: str) -> None:
    with pytest.raises(NotSigned, match=f"^{code}$"):
        signed_fields(sent, PASSWORD)


@pytest.mark.parametrize("fields", [FIELDS, {name: FIELDS[name] for name in FIELDS if name != "card_issuer"}])
def test_what_decides_is_enough(fields: dict[str, str]) -> None:
    assert signed_fields(body(signed(fields)), PASSWORD) == fields


def test_message_has_two_hundred_fields_at_most() -> None:
    form = signed(FIELDS)
    full = form | {f"more_{number}": "" for number in range(200 - len(form))}
    assert signed_fields(body(full), PASSWORD) == FIELDS
    with pytest.raises(NotSigned, match="not-a-form"):
        signed_fields(body(full | {"one_more": ""}), PASSWORD)
