"""What a person reads of a price that is not known, and of what was given wrongly, in both languages."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from nagorik.model.fee import LineNature
from nagorik.values import to_bangla_digits
from nagorik.values.sentences import LONGEST_TEXT, Text, cut
from nagorik_platform.fees.typed_words import FieldChoice
from nagorik_toolkit.fees import Dimension

NOT_PUBLISHED: Final = Text(
    en="The price is not known here; ask the agency. It says the price after you begin an application, before"
    " anything is paid.",
    bn="ফি এখানে জানা নেই; সংস্থায় জেনে নিন। আবেদন শুরু করলে, টাকা দেওয়ার আগেই, সংস্থা ফি জানায়।",
)
NO_FEE: Final = Text(
    en="Nothing is paid for this service on this platform; no fee of it is known here.",
    bn="এই প্ল্যাটফর্মে এই সেবার জন্য কিছু দিতে হয় না; এর কোনো ফি এখানে জানা নেই।",
)

NATURES: Final[Mapping[LineNature, Text]] = MappingProxyType(
    {
        LineNature.FEE: Text(en="fee", bn="ফি"),
        LineNature.TAX: Text(en="tax", bn="কর"),
        LineNature.VAT: Text(en="VAT", bn="ভ্যাট"),
        LineNature.PENALTY: Text(en="penalty", bn="জরিমানা"),
        LineNature.GATEWAY_CHARGE: Text(en="payment service's charge", bn="পেমেন্ট সেবার চার্জ"),
        LineNature.CENTRE_CHARGE: Text(en="service centre's charge", bn="সেবা কেন্দ্রের চার্জ"),
    }
)
"""What a kind of money is called, in the order in which a receipt lists them."""


def named_with_nature(text: Text, nature: LineNature) -> Text:
    """What a line is for, with what kind of money it is where that is no fee: ``Late fee (penalty)``."""
    if nature is LineNature.FEE:
        return text
    named = NATURES[nature]
    return Text(
        bn=f"{cut(text.bn, LONGEST_TEXT - len(named.bn) - 3)} ({named.bn})",
        en=f"{cut(text.en, LONGEST_TEXT - len(named.en) - 3)} ({named.en})",
    )


def choice_text(choice: FieldChoice) -> Text:
    """A value with what it is called: ``urgent (Urgent)``."""
    word = str(choice.value).lower() if isinstance(choice.value, bool) else str(choice.value)
    if choice.title is None:
        return Text(bn=to_bangla_digits(word), en=word)
    return Text(bn=f"{word} ({choice.title.bn})", en=f"{word} ({choice.title.en})")


def with_choices(text: Text, choices: Sequence[FieldChoice]) -> Text:
    """A sentence with all that can be chosen after it."""
    if not choices:
        return text
    named = [choice_text(choice) for choice in choices]
    bn, en = ", ".join(one.bn for one in named), ", ".join(one.en for one in named)
    return Text(bn=f"{text.bn} বেছে নিন: {bn}।", en=f"{text.en} Choose one of: {en}.")


def value_not_in_schedule(dimension: Dimension) -> Text:
    """Of a dimension's value that its schedule does not have."""
    name, choices = dimension.dimension, [FieldChoice(label) for label in dimension.labels]
    text = Text(bn=f"{name}: এই মান তালিকায় নেই।", en=f"{name}: the schedule does not have this value.")
    return with_choices(text, choices)


def unknown_name(position: int, name: str, known: Sequence[str]) -> Text:
    """Of a name that is no field and no dimension, with the one that is most like it.

    It goes by its position among what was given, from 1 on: it may be a person's number, and is not repeated.
    """
    bn = f"{to_bangla_digits(str(position))} নম্বর --set: এমন কোনো ঘর নেই"
    en = f"--set, number {position}: There is no such field"
    for likely in get_close_matches(name, known, n=1):
        return Text(bn=f"{bn}; {likely} বোঝাতে চেয়েছেন?", en=f"{en}; did you mean {likely}?")
    listed = ", ".join(known)
    return Text(bn=f"{bn}; আছে: {listed or 'একটিও না'}।", en=f"{en}; there is {listed or 'no field of a price'}.")


TOO_LARGE: Final = Text(
    en="The price for these numbers is larger than any sum that can be paid. Check the numbers.",
    bn="এই সংখ্যাগুলোর ফি এত বেশি যে তা দেওয়া সম্ভব নয়। সংখ্যাগুলো মিলিয়ে দেখুন।",
)
