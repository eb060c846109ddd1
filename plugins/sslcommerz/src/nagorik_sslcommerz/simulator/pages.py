"""The payer's pages: where one pays, and what sends the browser back to the merchant, as the gateway has it."""

from collections.abc import Mapping
from html import escape
from typing import Final

from starlette.responses import HTMLResponse

from nagorik import Text
from nagorik_sslcommerz.simulator.sessions import SslCommerzSession
from nagorik_testing import PaymentPage, PaymentPageState, render_payment_page

GATEWAY: Final = Text(bn="এসএসএলকমার্জ", en="SSLCommerz")
PAYEE: Final = Text(bn="নাগরিক (নমুনা স্টোর)", en="Nagorik (specimen store)")
"""The one store that the simulator knows."""
MODELLED: Final = Text(
    bn="পাতাটি কল্পিত, এসএসএলকমার্জের আসল পাতা নয়।", en="The page is modelled and is not SSLCommerz' own."
)
_RETURN: Final = """<!doctype html>
<html lang="bn">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ফিরে যাচ্ছেন / Going back</title>
</head>
<body>
<main>
<p>{modelled_bn} / <span lang="en">{modelled_en}</span></p>
<form method="post" action="{action}">
{fields}
<button type="submit" id="return">ফিরে যান / <span lang="en">Go back</span></button>
</form>
</main>
<script>document.forms[0].submit()</script>
</body>
</html>
"""


def state_of(session: SslCommerzSession) -> PaymentPageState:
    """What a page that is opened now shows of a session."""
    if any(attempt.is_paid for attempt in session.attempts):
        return "paid"
    if session.ended is not None:
        return "expired" if session.ended == "EXPIRED" else "cancelled"
    return "failed" if session.attempts else "open"


def payment_page(session: SslCommerzSession, action: str) -> HTMLResponse:
    """The page on which the payer pays."""
    what = session.form["product_name"].partition(" / ")
    return render_payment_page(
        PaymentPage(
            gateway=GATEWAY,
            payee=PAYEE,
            amount=session.asked,
            reference=session.tran_id,
            state=state_of(session),
            action=action,
            modelled=MODELLED,
            purpose=Text(bn=what[0], en=what[2] or what[0]),
        )
    )


def returning_page(action: str, fields: Mapping[str, str]) -> HTMLResponse:
    """Has the payer's browser post ``fields`` to the merchant at ``action``; by a button where scripts are off."""
    hidden = (
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items()
    )
    written = _RETURN.format(
        action=escape(action), fields="\n".join(hidden), modelled_bn=MODELLED.bn, modelled_en=MODELLED.en
    )
    return HTMLResponse(written, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
