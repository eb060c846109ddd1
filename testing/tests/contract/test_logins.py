"""Which requests obtain a token, by the words in their paths."""

import pytest

from nagorik_testing.contract.rig import is_login


@pytest.mark.parametrize(
    "path",
    ["/login", "/auth/login", "/oauth/token", "/v1.2.0-beta/tokenized/checkout/token/grant", "/documents/{token}"],
)
def test_a_word_of_the_path_says_so(path: str) -> None:
    assert is_login(f"POST {path}")


@pytest.mark.parametrize("path", ["/tokenized/checkout/create", "/authority/receipts", "/logins-of-today"])
def test_a_part_of_a_word_does_not(path: str) -> None:
    assert not is_login(f"POST {path}")


def test_what_is_read_is_no_login() -> None:
    assert not is_login("GET /tax-tokens/{reference}/documents/tax-token")
