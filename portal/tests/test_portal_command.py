"""``nagorik portal``: operators, keys and subscriptions from a terminal; secrets are shown once and never typed."""

import io
import sys

import pytest

from nagorik_portal.actors import ROLES, SCOPES

OPERATOR = "centre-0042/operator-7"


@pytest.fixture
def portal(ready, monkeypatch):
    """Runs ``nagorik portal`` with what stands in standard input."""

    def run(*words, given=""):
        monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        return ready("portal", *words)

    return run


def test_an_operator_is_added_disabled_and_replaced(portal):
    added = portal("add-operator", OPERATOR, "--name", "Desk 7", given="a long synthetic phrase\n")
    assert added.code == 0, added.err
    listed = portal("list", "--json").document["list"]
    assert [(one["id"], one["name"], one["ended_at"]) for one in listed] == [(OPERATOR, "Desk 7", None)]
    assert set(listed[0]["scopes"].split(",")) == ROLES["operator"]
    assert portal("disable", OPERATOR).code == 0
    assert portal("list", "--json").document["list"][0]["ended_at"] is not None
    assert OPERATOR in portal("list").out
    again = ("add-operator", OPERATOR, "--name", "Desk 8")
    assert portal(*again, given="another synthetic phrase\n").code == 0
    (replaced,) = portal("list", "--json").document["list"]
    assert (replaced["name"], replaced["ended_at"]) == ("Desk 8", None)
    short = portal(*again, given="short\n")
    assert (short.code, "12 to 200" in short.err) == (2, True)


def test_a_key_is_shown_once_and_disabled(portal):
    words = ("make-key", "centre-0042/app-shop", "--name", "Shop", "--scope", "view", "--scope", "events")
    key = portal(*words, "--service", "nid.reissue", "--days", "30", "--json").document["key"]
    assert key.startswith("ngk_")
    listed = portal("list", "--json")
    assert key not in listed.out
    first = listed.document["list"][0]
    assert (first["actor"], first["scopes"], first["services"]) == (
        "centre-0042/app-shop",
        "events,view",
        "nid.reissue",
    )
    assert set(first["scopes"].split(",")) < set(SCOPES)
    assert portal("disable", first["id"]).code == 0
    assert portal("disable", first["id"]).code == 2


def test_a_subscription_is_made_and_ended(portal):
    refused = portal("subscribe", "centre-0042", "http://portal.example/secret-path")
    assert (refused.code, "secret-path" in refused.err) == (2, False)
    made = portal("subscribe", "centre-0042", "https://portal.example/secret-path", "--json").document
    assert (made["public_key"][:5], made["secret"][:6]) == ("whpk_", "whsec_")
    assert "secret-path" not in portal("unsubscribe", made["subscription"]).out
    assert portal("unsubscribe", made["subscription"]).code == 2
