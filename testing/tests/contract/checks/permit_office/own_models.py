"""Forms and settings that break what a form or a setting breaks by itself; some are right, and come near."""

import unicodedata
from datetime import date, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, Secret, SecretBytes, SecretStr
from pydantic_core import PydanticCustomError

from nagorik import Form, Label
from nagorik.settings import AgencySettings
from nagorik.values import MobileNumber, to_ascii_digits
from nagorik_toolkit.bangladesh.dates import IsoDay
from permit_office.forms import MOBILE, NAME, NID, Address, Line, ShopForm, SizedForm
from permit_office.settings import PermitSettings


class UnmaskedKey(PermitSettings):
    merchant_key: str = "not-a-key-of-anyone"


class MaskedAtWill(PermitSettings):
    """Lets a secret be a text, too, which what comes from the environment then is."""

    signing_secret: SecretStr | str = "not-a-secret-of-anyone"


class PassphraseSettings(PermitSettings):
    passphrase: str = "not-a-secret-of-anyone"


class Account(BaseModel):
    user: str = "nobody"
    password: str = "not-a-secret-of-anyone"


class AccountSettings(PermitSettings):
    """Keeps the secret a table deeper."""

    account: Account = Account()


class SecretsByBranch(PermitSettings):
    tokens: dict[str, str] = Field(default={})


class MaskedOtherwise(PermitSettings):
    """Right: bytes, any value, and a list may be masked as well as a text; what is called after a secret is none."""

    signing_key: SecretBytes = SecretBytes(b"not-a-key-of-anyone")
    api_key: Secret[str] = Secret("not-a-key-of-anyone")
    tokens: tuple[SecretStr, ...] = ()
    token_path: str = "/oauth/token"
    token_lifetime: timedelta = timedelta(hours=1)
    secret_rotation_days: int = 90
    shipping: bool = True


class NeedsABranch(PermitSettings):
    """Wants what nobody sets."""

    branch: str


class ShortPasswords(PermitSettings):
    password: SecretStr = Field(max_length=8)


class Branch(BaseModel):
    token: SecretStr | None = None
    below: tuple["Branch", ...] = ()


class BranchSettings(PermitSettings):
    """Right: a branch has branches."""

    head_office: Branch = Branch()


class FewerSettings(AgencySettings):
    """Has no place for the password."""


class ManyDefaults(PermitSettings):
    """Right: what is not set has a default, and what is set may be held to something."""

    password: SecretStr = Field(min_length=8)
    branch: str = "main"
    pause: timedelta = timedelta(seconds=2)


def _ascii_digits(value: str) -> str:
    if not (value.isascii() and value.removeprefix("+").isdecimal()):
        raise PydanticCustomError("shop", "wrong", {"en": "Write digits.", "bn": "অঙ্ক লিখুন।"})
    return value


class PhoneAsText(ShopForm):
    """Takes a number for a text, of ASCII digits alone."""

    mobile: Annotated[str, AfterValidator(_ascii_digits), MOBILE]  # type: ignore[assignment]


class PhoneAsTyped(ShopForm):
    """Takes a number for a text, of any digits."""

    mobile: Annotated[Line, MOBILE]  # type: ignore[assignment]


class PhoneInAsciiText(ShopForm):
    """Right: keeps a number as text, in one kind of digits."""

    mobile: Annotated[str, BeforeValidator(to_ascii_digits), AfterValidator(_ascii_digits), MOBILE]  # type: ignore[assignment]


class StrictDates(SizedForm):
    opened_on: Annotated[date, Label(en="Opened on", bn="খোলার তারিখ")]


class ReadDates(SizedForm):
    """Right: reads a date in either script's digits."""

    opened_on: Annotated[IsoDay, Label(en="Opened on", bn="খোলার তারিখ")]


class CountedStaff(ReadDates):
    """A number that people write is taken in ASCII digits alone."""

    staff: Annotated[int, Field(ge=1, le=500), Label(en="People who work there", bn="কর্মরত মানুষ")] = 3


class MistakesDigits(ShopForm):
    """Takes ৪ for the digit that it looks like."""

    mobile: Annotated[
        MobileNumber,
        BeforeValidator(lambda value: value.translate(str.maketrans("৪", "8"))),
        MOBILE,
    ]


class RoadAsTyped(Address):
    road: Annotated[str, Label(en="Road", bn="রাস্তা")]


class AddressAsTyped(ShopForm):
    """Brings to one encoding what stands at the top of the form."""

    address: Annotated[RoadAsTyped, Label(en="Address", bn="ঠিকানা")]


def _composed(value: str) -> str:
    return unicodedata.normalize("NFC", value).replace("\u09a1\u09bc", "\u09dc")


class HalfComposed(ShopForm):
    """Puts one letter together, and forgets that there are three."""

    name: Annotated[str, AfterValidator(lambda value: value.replace("\u09dc", "\u09a1\u09bc")), NAME]
    address: Annotated[Address, Label(en="Address", bn="ঠিকানা")]


def _refuses_what_is_apart(value: str) -> str:
    if unicodedata.normalize("NFC", value) != value:
        raise PydanticCustomError("shop", "wrong", {"en": "Type it again.", "bn": "আবার লিখুন।"})
    return value


class RefusesOtherKeyboards(ShopForm):
    name: Annotated[str, AfterValidator(_refuses_what_is_apart), NAME]


class NoteAsTyped(ShopForm):
    """Keeps what few fill in as it was typed."""

    note: Annotated[str | None, Label(en="Note", bn="মন্তব্য")] = None


class ComposedByItself(ShopForm):
    """Right: puts letters together in its own way, and always the same."""

    name: Annotated[str, AfterValidator(_composed), NAME]


class NotAForm(BaseModel):
    name: str = ""


class Numbered(Form):
    nid: Annotated[str, NID] = ""
