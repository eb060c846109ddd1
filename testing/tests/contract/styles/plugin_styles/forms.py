"""The form of a stall."""

from typing import Annotated

from nagorik import Form, Label
from nagorik.values import Nid
from nagorik_toolkit import OneLine


class StallForm(Form):
    nid: Annotated[Nid, Label(en="NID number", bn="এনআইডি নম্বর")]
    stall: Annotated[str, OneLine(80), Label(en="Name of the stall", bn="দোকানের নাম")]
    market: Annotated[str, OneLine(80), Label(en="Market", bn="বাজার")]
