"""What a citizen fills in at the office."""

from nagorik import Form


class OfficeForm(Form):
    word: str
