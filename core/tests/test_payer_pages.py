"""Where a payer's browser may be sent."""

import pytest
from pydantic import ValidationError

from nagorik import PaymentStarted
from nagorik.payer_pages import is_page_of

HOSTS = ("pay.example", "bank.example.bd")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "http://pay.example/",
        "https://payer@pay.example/",
        "https://pay.example\\@evil.example/",
        "https://pay.example:0/",
        "https://pay.example:99999/",
        "https://pay.example/ x",
        "https://pay.example/\n",
        "https://বিকাশ.example/",
        "https:///page",
        "https://[1]/",
        "//pay.example/",
        "HTTPS://pay.example/",
        f"https://pay.example/{'x' * 2_000}",
    ],
)
def test_what_is_no_page_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        PaymentStarted(pay_at=url)
    assert url not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "base_url", "leads"),
    [
        ("https://pay.example/p?token=a+b(x)*#y", "https://api.example", True),
        ("https://PAY.example:443/", "https://api.example", True),
        ("https://sandbox.pay.example/", "https://api.example", True),
        ("https://api.example/pay", "https://api.example", True),
        ("https://api.example:8443/pay", "https://api.example:8443/v1", True),
        ("https://pay.example:8443/", "https://api.example", False),
        ("https://api.example:8443/", "https://api.example", False),
        ("https://notpay.example/", "https://api.example", False),
        ("https://pay.example.evil.example/", "https://api.example", False),
        ("https://evil.example/?pay.example", "https://api.example", False),
        ("http://127.0.0.1:8001/pay", "http://127.0.0.1:8000", True),
        ("http://[::1]:8001/pay", "http://localhost:8000", True),
        ("http://127.0.0.1:8001/pay", "https://api.example", False),
        ("https://localhost/pay", "https://api.example", False),
        ("https://pay.example/", "http://127.0.0.1:8000", True),
        ("https://evil.example/", "http://127.0.0.1:8000", False),
    ],
)
def test_page_is_the_gateways_own(url: str, base_url: str, *, leads: bool) -> None:
    page = PaymentStarted(pay_at=url).pay_at
    assert page == url
    assert is_page_of(page, HOSTS, base_url) is leads
