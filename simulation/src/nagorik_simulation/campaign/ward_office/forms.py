"""What a citizen fills in."""

from typing import Annotated

from nagorik import Form, Label
from nagorik_toolkit import Mobile, OneLine


class CertificateForm(Form):
    """An application for a certificate."""

    address: Annotated[str, OneLine(200), Label(en="Address", bn="ঠিকানা")]
    mobile: Mobile
