"""The page that sends a payer back to the merchant: a form that the browser posts, as the gateway has it."""

from collections.abc import Mapping
from html import escape
from typing import Final

from starlette.responses import HTMLResponse

from nagorik_sslcommerz.simulator.sessions import SslCommerzSession

_PAGE: Final = """<!doctype html>
<html lang="bn">
<meta charset="utf-8">
<title>ফিরে যাচ্ছেন / Going back</title>
<p>এটি কল্পিত এসএসএলকমার্জ। / This SSLCommerz is simulated.</p>
<form method="post" action="{action}">
{fields}
<button type="submit" id="return">ফিরে যান / Go back</button>
</form>
<script>document.forms[0].submit()</script>
</html>
"""


def returning_page(action: str, fields: Mapping[str, str]) -> HTMLResponse:
    """Has the payer's browser post ``fields`` to the merchant at ``action``; by a button where scripts are off."""
    hidden = (
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items()
    )
    return HTMLResponse(_PAGE.format(action=escape(action), fields="\n".join(hidden)))


def payment_page(session: SslCommerzSession, action: str) -> HTMLResponse:
    """The page on which the payer pays."""
    acts = "".join(f'<button name="act" value="{act}">{act}</button>' for act in ("pay", "fail", "cancel"))
    return HTMLResponse(f'<form method="post" action="{escape(action)}">{session.asked.plain()} {acts}</form>')
