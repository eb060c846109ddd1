"""What a citizen fills in at the invented office."""

from typing import Annotated

from nagorik import Form, Label
from nagorik_toolkit import Mobile, OneLine


class ApplicationForm(Form):
    """An application for a licence."""

    address: Annotated[str, OneLine(200), Label(en="Address of the premises", bn="প্রাঙ্গণের ঠিকানা")]
    mobile: Mobile
