"""The fields that are the EC's own; those that most agencies have are in ``nagorik_toolkit.fields``."""

from typing import Annotated, Literal

from nagorik import Label
from nagorik_toolkit import Address, Line

BloodGroup = Literal["A+", "A-", "B+", "B-", "AB+", "AB-", "O+", "O-"]
Delivery = Annotated[
    Literal["regular", "urgent"],
    Label(
        en="Delivery",
        bn="সরবরাহের ধরন",
        help_en="Urgent costs more. It takes 30 working days, or 7 if urgent, a district office says.",
        help_bn="জরুরি হলে ফি বেশি। সাধারণত ৩০ কর্মদিবস, জরুরি হলে ৭ কর্মদিবস লাগে (জেলা নির্বাচন অফিসের তথ্য)।",
    ),
]


class HomeAddress(Address):
    """An address that a voter area can be found by."""

    union_or_ward: Annotated[
        Line,
        Label(
            en="Union or ward",
            bn="ইউনিয়ন বা ওয়ার্ড",
            help_en="In a municipality or city, the ward number.",
            help_bn="পৌরসভা বা সিটি করপোরেশন হলে ওয়ার্ড নম্বর।",
        ),
    ]
    home: Annotated[
        Line,
        Label(
            en="Village or road, and house",
            bn="গ্রাম বা রাস্তা এবং বাসা",
            help_en="As on the utility bill or holding-tax receipt.",
            help_bn="ইউটিলিটি বিল বা হোল্ডিং ট্যাক্সের রসিদে যেমন আছে।",
        ),
    ]
