"""The form of the permit office, and broken ones."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from nagorik import Choices, Form, Label, Text
from nagorik.values import MobileNumber, NationalDataError, Nid, clean_line

NAME = Label(en="Name of the shop", bn="দোকানের নাম")
NID = Label(en="NID number", bn="এনআইডি নম্বর")
MOBILE = Label(en="Mobile number", bn="মোবাইল নম্বর")


def _one_line(value: str) -> str:
    try:
        return clean_line(value)
    except NationalDataError as error:
        raise error.for_pydantic() from None


Line = Annotated[str, StringConstraints(max_length=200), AfterValidator(_one_line)]


class Address(Form):
    road: Annotated[Line, Label(en="Road", bn="রাস্তা")]


class ShopForm(Form):
    nid: Annotated[Nid, NID]
    name: Annotated[Line, NAME]
    mobile: Annotated[MobileNumber, MOBILE]
    address: Annotated[Address, Label(en="Address", bn="ঠিকানা")]


class OwnedForm(ShopForm):
    birth_date: Annotated[date, Label(en="Date of birth", bn="জন্মতারিখ")]


class FamilyForm(ShopForm):
    father: Annotated[Line, Label(en="Father", bn="পিতা")]
    mother: Annotated[Line, Label(en="Mother", bn="মাতা")]
    opened: Annotated[date, Label(en="Opened on", bn="খোলার তারিখ")]
    note: Annotated[Line | None, Label(en="Note", bn="মন্তব্য")] = None
    licence: Annotated[Line | None, Label(en="Licence number", bn="লাইসেন্স নম্বর")] = None


class KindForm(FamilyForm):
    loud: Annotated[bool, Label(en="Loud", bn="উচ্চশব্দ")] = False


class OwnNoteForm(FamilyForm):
    """The form itself, and so the citizen, says what stands for a note that was not given."""

    @model_validator(mode="after")
    def _note_is_the_licence(self) -> Self:
        if self.note is None:
            self.__dict__["note"] = self.licence
        return self


class SizedForm(ShopForm):
    size: Annotated[Literal["small", "large"], Label(en="Size", bn="আকার")]
    opened_on: Annotated[date, Label(en="Opened on", bn="খোলার তারিখ")]
    loud: Annotated[bool | None, Label(en="Loud", bn="উচ্চশব্দ")] = None


class SentForm(SizedForm):
    post: Annotated[Address | None, Label(en="Address for the post", bn="ডাকের ঠিকানা")] = None


class ExpressForm(SizedForm):
    speed: Annotated[Literal["usual", "express"], Label(en="Speed", bn="গতি")] = "usual"


class StaffedForm(SizedForm):
    staff: Annotated[int, Field(ge=1, le=500), Label(en="People who work there", bn="কর্মরত মানুষ")] = 3


COLLECTION = Label(en="Collected", bn="সংগ্রহ")


class DeliveredForm(ShopForm):
    delivery: Annotated[Literal["urgent", "regular"], Label(en="Delivery", bn="বিতরণ")] = "urgent"
    collection: Annotated[Literal["download", "office"], COLLECTION] = "download"


class CollectedForm(DeliveredForm):
    """Asks whoever likes to say it where they collect it."""

    collection: Annotated[Literal["download", "office"] | None, COLLECTION] = None  # type: ignore[assignment]


class CollectedIfUrgent(CollectedForm):
    """Takes away of who is in no hurry where they collect it, which means nothing then."""

    @model_validator(mode="after")
    def _regular_is_not_collected(self) -> Self:
        if self.delivery == "regular":
            self.__dict__["collection"] = None
        return self


class NotedForm(DeliveredForm):
    note: Annotated[Line | None, Label(en="Note", bn="মন্তব্য")] = None


class ExplainedForm(NotedForm):
    """Wants to know why somebody is in no hurry."""

    why: Annotated[Line | None, Label(en="Why", bn="কারণ")] = None

    @model_validator(mode="after")
    def _regular_is_explained(self) -> Self:
        if self.delivery == "regular" and self.why is None:
            raise PydanticCustomError("shop", "wrong", {"en": "Say why.", "bn": "কারণ লিখুন।"})
        return self


class EitherParentForm(DeliveredForm):
    father: Annotated[Line | None, Label(en="Father", bn="পিতা")] = None
    mother: Annotated[Line | None, Label(en="Mother", bn="মাতা")] = None


class UrgentAtTheOffice(DeliveredForm):
    """The form itself says what goes with what."""

    @model_validator(mode="after")
    def _download_alone_is_regular(self) -> Self:
        if self.delivery == "regular" and self.collection != "download":
            raise PydanticCustomError("shop", "wrong", {"en": "Choose download.", "bn": "ডাউনলোড বেছে নিন।"})
        return self


WARES = Label(en="Wares, the most sold first", bn="পণ্য, বেশি বিক্রি আগে")


class WaresForm(ShopForm):
    wares: Annotated[tuple[Line, ...], WARES]


class WaresInNoOrder(ShopForm):
    wares: Annotated[frozenset[Line], WARES]


class Unlabelled(ShopForm):
    floor: str = ""


class OptionsExchanged(ShopForm):
    floor: Annotated[
        Literal["ground-floor", "upstairs", "roof"],
        Choices(
            {
                "ground-floor": Text(en="Upstairs", bn="ওপরতলা"),
                "upstairs": Text(en="On the ground floor", bn="নিচতলা"),
                "roof": Text(en="On the roof", bn="ছাদ"),
            }
        ),
        NAME,
    ] = "roof"


class OptionsExchangedInPart(ShopForm):
    """What the titles say is not word by word what the values do."""

    floor: Annotated[
        Literal["moved-upstairs", "widened", "shared-roof"],
        Choices(
            {
                "moved-upstairs": Text(en="A wider floor", bn="বড় তলা"),
                "widened": Text(en="A move within the house", bn="বাড়ির ভেতরে স্থানান্তর"),
                "shared-roof": Text(en="On the roof", bn="ছাদ"),
            }
        ),
        NAME,
    ] = "widened"


class FieldsExchanged(ShopForm):
    owner_name: Annotated[str, Label(en="Name of the tenant", bn="ভাড়াটিয়ার নাম")] = ""
    tenant_name: Annotated[str, Label(en="Name of the owner", bn="মালিকের নাম")] = ""


class NamedAlike(ShopForm):
    """Right: a title has a word of another's value, and nothing is exchanged."""

    tenant_name: Annotated[str, Label(en="Your name", bn="আপনার নাম")] = ""
    owner: Annotated[str, Label(en="Name of who the tenant rents from", bn="যাঁর কাছ থেকে ভাড়া নেওয়া")] = ""
    floor: Annotated[
        Literal["lost", "stolen"],
        Choices({"lost": Text(en="Missing", bn="পাওয়া যাচ্ছে না"), "stolen": Text(en="Lost to theft", bn="চুরি")}),
        NAME,
    ] = "lost"


class Untitled(ShopForm):
    floor: Annotated[Literal["ground-floor", "upstairs"], NAME] = "upstairs"


class UntitledWithin(ShopForm):
    floors: Annotated[tuple[Literal["ground-floor", "upstairs"], ...], NAME] = ()


class OwnTitles(ShopForm):
    """Right: what people write so in both languages is its own title."""

    blood_group: Annotated[Literal["A+", "AB-"], NAME] = "A+"
    pages: Annotated[Literal["48", "64"], NAME] = "48"


class Plated(ShopForm):
    """Right: shows a plate, which has Bangla letters, in the English help, too."""

    plate: Annotated[
        Line | None,
        Label(
            en="Number plate",
            bn="নম্বর প্লেট",
            help_en="Such as “ঢাকা মেট্রো-গ-১২-৩৪৫৬”.",
            help_bn="যেমন ঢাকা মেট্রো-গ-১২-৩৪৫৬।",
        ),
    ] = None


POSTAGE = " ".join(("ডাক", "খরচ"))


class Joined(ShopForm):
    kept: Annotated[Line | None, Label(en="Postage", bn=POSTAGE)] = None


class OptionsCalledOtherwise(ShopForm):
    """Right: what an option is called need not be its value, and may hold another's."""

    floor: Annotated[
        Literal["roof", "upstairs", "roof-and-upstairs"],
        Choices(
            {
                "roof": Text(en="Highest, above upstairs", bn="ছাদ"),
                "upstairs": Text(en="First storey", bn="ওপরতলা"),
                "roof-and-upstairs": Text(en="Roof and upstairs", bn="ছাদ ও ওপরতলা"),
            }
        ),
        NAME,
    ] = "roof"


class Crashing(ShopForm):
    name: Annotated[str, BeforeValidator(lambda value: value.strip()), NAME]


def _echo(value: object) -> object:
    if isinstance(value, str) and len(value) < 60:
        return value
    raise PydanticCustomError("shop", "wrong", {"en": f"{value} is no name", "bn": f"{value} নাম নয়"})


class Echoing(ShopForm):
    name: Annotated[str, BeforeValidator(_echo), NAME]


def _ascii(value: object) -> object:
    if isinstance(value, str) and not value.isascii():
        raise PydanticCustomError("shop", "wrong", {"en": "Write digits.", "bn": "অঙ্ক লিখুন।"})
    return value


class AsciiOnly(ShopForm):
    mobile: Annotated[MobileNumber, BeforeValidator(_ascii), MOBILE]


class AsTyped(ShopForm):
    name: Annotated[str, NAME]


def _tidy(value: object) -> object:
    if isinstance(value, dict):
        value["road"] = "রাস্তা"
    return value


class Tidying(ShopForm):
    address: Annotated[Address, BeforeValidator(_tidy), Label(en="Address", bn="ঠিকানা")]
