"""``nagorik inbox``: what came, by offer, result and age, and nothing of what it says."""

from datetime import timedelta
from functools import partial

from nagorik_host.commands import running
from nagorik_host.store.schema import inbox

SAID = "what-it-says"


def put(world, *, result=None, age=timedelta(0), offer="nid.reissue") -> str:
    """Keep a message as it stands in a host's database; its id."""
    at = running.CLOCK.now() - age
    identity = f"message-{offer}-{result}"

    def write(transaction, vault):
        key, wrapped = vault.make_data_key(identity)
        row = {
            "id": identity,
            "offer": offer,
            "message": identity,
            "received_at": at,
            "due_at": None if result else at,
            "data_key": wrapped,
            "sealed": key.seal(SAID.encode(), "message"),
            "handled_at": at if result else None,
            "result": result,
        }
        transaction.connection.execute(inbox.insert().values(**row))
        transaction.record_row(inbox, identity, at=at)

    world.run(lambda host: host.database.run(partial(write, vault=host.vault)))
    return identity


def test_messages_are_listed_by_result_and_offer(ready, world):
    old = put(world, result="plugin-fault", age=timedelta(days=40))
    new = put(world, offer="nid.correction")
    told = ready("inbox", "list", "--json").document
    assert told["numbers"] == {"plugin-fault": 1, "waiting": 1}
    assert [one["id"] for one in told["messages"]] == [new, old]
    for words, found in (
        (("--result", "waiting"), [new]),
        (("--offer", "nid.reissue"), [old]),
        (("--offer", "nid.reissue", "--result", "waiting"), []),
    ):
        assert [one["id"] for one in ready("inbox", "list", "--json", *words).document["messages"]] == found
    shown = ready("inbox", "list")
    assert old in shown.out
    assert SAID not in shown.out


def test_messages_are_read_again(ready, world):
    failed, taken = put(world, result="plugin-fault"), put(world, result="taken")
    assert ready("inbox", "retry").code == 2
    assert ready("inbox", "retry", taken).code == 2
    assert ready("inbox", "retry", "nobody").code == 2
    assert ready("inbox", "retry", "--result", "plugin-fault", "--json").document == {"messages": 1}
    (waiting,) = ready("inbox", "list", "--result", "waiting", "--json").document["messages"]
    assert (waiting["id"], waiting["is_readable"]) == (failed, True)
    assert ready("inbox", "retry", failed).code == 2
    assert ready("audit", "verify").code == 0
