# ruff: noqa: E501, ISC004, S608 - whoever tampers writes SQL
"""Whoever can write the database and has no keys is found out, whatever they write.

Each tampering is SQL on a copy of a database in which everything has happened: applications that wait, are closed and
are erased, a form that was corrected, decisions, a restoration, a stop and messages.
"""

import asyncio
import shutil
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

import asyncpg
import pytest
from sqlalchemy import create_engine, insert, make_url, select, update

from nagorik import Text
from nagorik.values import Money, dhaka_date
from nagorik_host.engine.plugins import PLUGIN_CHANGED, accept, take_over
from nagorik_host.reconciliation.matching import BookEntry, DifferenceKind, PaymentDifference
from nagorik_host.store import open_database
from nagorik_host.store.audit import (
    AuditFinding,
    chains,
    changed_tables,
    make_anchor,
    read_anchors,
    verify_journals,
    verify_ledger,
)
from nagorik_host.store.cases import Decision, record_decision
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.payment_cases import add_case, case_id
from nagorik_host.store.restoration import mark_caught_up, mark_restored
from nagorik_host.store.retention import erase_application, rotate
from nagorik_host.store.schema import (
    applications,
    attempts,
    inbox,
    journal,
    payloads,
    payments,
)
from nagorik_host.store.suspensions import SuspensionRecord, suspend
from nagorik_host.texts import sentence
from nagorik_host.vault import Keyring, Vault

pytestmark = pytest.mark.long

COMPARED: dict[tuple[Any, ...], list[AuditFinding]] = {}
"""What comparing the tables of a file gave, by the definitions that the file holds."""
GATEWAY = "cashdesk.counter"
OF_AN_APPLICATION = (journal, payloads, attempts, payments)


@dataclass
class Scene:
    """A database in which everything has happened.

    Attributes:
        url: The database's.
        names: Ids of applications, by what has become of them.
        earlier: Rows of the application that waits as they were before it was filed, by table.
        form: The corrected application's form as it was before, sealed.
        unerased: The row and form of the erased application before.
        anchor: An anchor of its end.
    """

    url: str
    names: dict[str, str] = field(default_factory=dict)
    earlier: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    form: dict[str, Any] = field(default_factory=dict)
    unerased: dict[str, dict[str, Any]] = field(default_factory=dict)
    anchor: str = ""


async def rows_of(host, application):
    def read(transaction):
        execute = transaction.connection.execute
        own = execute(select(applications).where(applications.c.id == application)).mappings().all()
        found = {applications.name: [dict(row) for row in own]}
        for table in OF_AN_APPLICATION:
            there = execute(select(table).where(table.c.application == application)).mappings().all()
            found[table.name] = [dict(row) for row in there]
        return found

    return await host.database.run(read)


async def play(url: str, world, folder) -> Scene:
    """Let everything happen."""
    scene = Scene(url)
    at = world.clock.now()
    folder.mkdir(exist_ok=True)
    async with world.host(url) as host:
        said = Decision(at, "A. Rahman", "restored", "database", "The disk burned.")
        restored = partial(mark_restored, store=host.store, restoration=said, lease_now=world.machine.now())
        await host.database.run(restored)
        await host.database.run(partial(mark_caught_up, officer="A. Rahman", reason="All is in.", now=at))
        stop = SuspensionRecord("service", "nid.migration", Text(en="A fault", bn="ত্রুটি"), "A. Rahman", at)
        await host.database.run(lambda t: suspend(t, stop))
        decision = Decision(at, "A. Rahman", "stop", "service nid.migration", "A fault")
        await host.database.run(lambda t: record_decision(t, decision))
        scene.names |= {"closed": await world.apply(host, 1), "erased": await world.apply(host, 2)}
        await world.carry(host.worker())
        was = await rows_of(host, scene.names["erased"])
        scene.unerased = {name: was[name][0] for name in (applications.name, payloads.name)}
        await erase_application(
            host.database,
            host.store,
            FolderDocumentStore(folder, host.vault),
            scene.names["erased"],
            world.clock.now(),
        )
    async with world.host(url) as host:
        scene.names |= {"filed": await world.apply(host, 3), "other": await world.apply(host, 4)}
        worker = host.worker()
        await worker.run_until_idle()
        scene.earlier = await rows_of(host, scene.names["filed"])
        while not all(row.agency_reference for row in await filed(host, scene)):
            due = await worker.run_until_idle()
            world.clock.set(max(due, world.clock.now()))
        scene.names |= {"new": await world.apply(host, 5), "corrected": await world.apply(host, 6)}
        scene.form = (await rows_of(host, scene.names["corrected"]))[payloads.name][0]
        await host.act(scene.names["corrected"], "corrected", form={"reason": "lost"})
        await leave_messages(host)
        await host.database.run(partial(leave_case, vault=host.vault, now=world.clock.now()))
        scene.anchor = (await make_anchor(host.database, world.clock.now())).model_dump_json()
    return scene


async def leave_messages(host):
    """Two messages of a gateway, of which one was read and says nothing."""
    for body in (b"1", b"2"):
        await host.database.run(partial(host.inbox.keep, offer=GATEWAY, headers={}, body=body))

    def end(transaction):
        identity, now = transaction.connection.scalar(select(inbox.c.id).limit(1)), host.clock.now()
        ended = {"due_at": None, "handled_at": now, "result": "callback-rejected"}
        transaction.connection.execute(update(inbox).where(inbox.c.id == identity).values(ended))
        transaction.record_row(inbox, identity, at=now)

    await host.database.run(end)


def leave_case(transaction, *, vault, now):
    """A case of a payment that a gateway has and this host has not."""
    theirs = BookEntry(reference="CD-000099", amount=Money.taka(345), day=dhaka_date(now))
    found = PaymentDifference(DifferenceKind.MISSING_HERE, None, theirs)
    day, identity = dhaka_date(now), case_id(vault, GATEWAY, found)
    add_case(transaction, vault, identity, found, gateway=GATEWAY, day=day, asked=False, now=now)


async def filed(host, scene):
    query = select(applications.c.agency_reference).where(
        applications.c.id.in_([scene.names["filed"], scene.names["other"]])
    )
    return await host.database.run(lambda t: t.connection.execute(query).all())


@pytest.fixture(scope="session")
def file_scene(sqlite_template, new_world, tmp_path_factory) -> Scene:
    folder = tmp_path_factory.mktemp("audit")
    shutil.copy(sqlite_template, folder / "scene.db")
    return asyncio.run(play(f"sqlite:///{folder}/scene.db", new_world(), folder / "documents"))


@pytest.fixture(scope="session")
def server_scene(new_ready_postgresql, new_world, tmp_path_factory) -> Scene:
    return asyncio.run(play(new_ready_postgresql(), new_world(), tmp_path_factory.mktemp("audit")))


@pytest.fixture(autouse=True)
def tables_compared_once(monkeypatch) -> None:
    """Compare the tables of files of the same definitions once: that is most of what an audit of a small file costs.

    It follows from the definitions alone, and most of those who tamper here write values.
    """

    def compared(transaction):
        connection = transaction.connection
        if connection.dialect.name != "sqlite":
            return changed_tables(transaction)
        definitions = connection.exec_driver_sql("SELECT type, name, tbl_name, sql FROM sqlite_master")
        made = tuple(map(tuple, definitions))
        if made not in COMPARED:
            COMPARED[made] = changed_tables(transaction)
        return COMPARED[made]

    monkeypatch.setattr(chains, "changed_tables", compared)


@pytest.fixture
def copy(file_scene, tmp_path) -> Scene:
    """The scene in a file of its own."""
    target = tmp_path / "copy.db"
    shutil.copy(str(make_url(file_scene.url).database), target)
    return replace(file_scene, url=f"sqlite:///{target}")


async def found_in(url: str, keyring: Keyring, anchors=()) -> Counter[str]:
    """The codes of all findings, each with its subject."""
    database, vault, found = await open_database(url), Vault(keyring), []
    try:
        async for verified in verify_journals(database, vault):
            found += verified.findings
        async for page in verify_ledger(database, vault, anchors=anchors):
            found += page.findings
    finally:
        await database.close()
    return Counter((finding.code, finding.subject) for finding in found)


def written_to(url: str, *statements) -> int:
    """What whoever has the file can do: no foreign keys, no types, no keys. How many rows they wrote."""
    engine, written = create_engine(url), 0
    with engine.begin() as connection:
        for statement in statements:
            if isinstance(statement, str):
                written += connection.exec_driver_sql(statement).rowcount
            else:
                written += connection.execute(*statement).rowcount
    engine.dispose()
    return written


async def test_nothing_is_found_where_nothing_was_changed(copy, keyring):
    assert await found_in(copy.url, keyring, anchors=read_anchors(copy.anchor)) == {}


OPEN = "id = '{filed}'"
OF = "application = '{filed}'"
ALL_OF_IT = [f"DELETE FROM {table.name} WHERE {OF}" for table in OF_AN_APPLICATION]
CUT = "(SELECT max(entry) FROM journal WHERE application = '{filed}')"

MADE_UP = (
    "INSERT INTO applications SELECT {}, service, plugin, plugin_version, state, gateway, owner, 'made-up', "
    "agency_reference, hold_party, hold_code, operation, opened_at, updated_at, closed_at, due_at, "
    "lease_until, erased_at, target_plugin, lease, revision, entries, chain, data_key, "
    "progress, blocked FROM applications WHERE id = '{{filed}}'"
)

# The name of each tampering, the SQL, and the code of what is found.
TAMPERINGS = {
    # An application as a whole
    "application deleted from every table": (
        [*ALL_OF_IT, f"DELETE FROM applications WHERE {OPEN}"],
        "application-missing",
    ),
    "all rows deleted but the ledger's": (
        [f"DELETE FROM {table.name}" for table in (*OF_AN_APPLICATION, applications)],
        "application-missing",
    ),
    "an application made up from another": (
        [MADE_UP.format("'00000000-0000-4000-8000-000000000000'")],
        "application-unknown",
    ),
    # Erasure
    "data_key NULL, erased_at set, journal cut to entry 1, chain its link": (
        [
            f"DELETE FROM journal WHERE {OF} AND entry > 1",
            "UPDATE applications SET data_key = NULL, erased_at = 1, entries = 1, chain ="
            f" (SELECT link FROM journal WHERE {OF} AND entry = 1) WHERE {OPEN}",
        ],
        "application-rolled-back",
    ),
    "closed application crypto-erased": (
        ["UPDATE applications SET data_key = NULL, erased_at = 1 WHERE id = '{closed}'"],
        "row-differs",
    ),
    "state of an erased application": (
        ["UPDATE applications SET state = 'rejected' WHERE id = '{erased}'"],
        "row-differs",
    ),
    # The form
    "form deleted": ([f"DELETE FROM payloads WHERE {OF}"], "draft-differs"),
    "form of another application": (
        [f"UPDATE payloads SET draft = (SELECT draft FROM payloads WHERE application = '{{other}}') WHERE {OF}"],
        "draft-differs",
    ),
    # Payments
    "payment's sum": ([f"UPDATE payments SET poisha = poisha + 1 WHERE {OF}"], "payments-differ"),
    "payment deleted": ([f"DELETE FROM payments WHERE {OF}"], "payments-differ"),
    "payment made up": (
        [
            f"INSERT INTO payments SELECT 'made-up', application, gateway, stage, quote, state, "
            f"poisha, currency, taken_poisha, opened_at, updated_at, captured_at, captured_known_at, "
            f"refund_requested_at, refund_ordered_at, refunded_at, refunded_known_at, acting, centre "
            f"FROM payments WHERE {OF}"
        ],
        "payments-differ",
    ),
    # Calls
    "call's result": ([f"UPDATE attempts SET result = 'interrupted' WHERE {OF}"], "attempts-differ"),
    "call deleted": ([f"DELETE FROM attempts WHERE {OF}"], "attempts-differ"),
    # What was erased is not taken in again
    "erased reference deleted": (["DELETE FROM erased_references"], "erased-references-differ"),
    # What people did, and messages
    "decision rewritten": (["UPDATE decisions SET officer = 'B. Karim'"], "decisions-differ"),
    "decision deleted": (["DELETE FROM decisions"], "decisions-differ"),
    "suspension lifted": (["DELETE FROM suspensions"], "suspensions-differ"),
    "restoration made up": (
        ["INSERT INTO restorations VALUES (1, 'B. Karim', 'none', NULL)"],
        "restorations-differ",
    ),
    "case rewritten": (["UPDATE payment_cases SET poisha = 1"], "payment-cases-differ"),
    "case deleted": (["DELETE FROM payment_cases"], "payment-cases-differ"),
    "message rewritten": (["UPDATE inbox SET result = 'taken'"], "inbox-differ"),
    "message deleted": (["DELETE FROM inbox"], "inbox-differ"),
    # The row's columns
    **{
        f"{column} of a row": ([f"UPDATE applications SET {column} = {value} WHERE {OPEN}"], "row-differs")
        for column, value in {"state": "'another'", "plugin_version": "'another'", "opened_at": "1"}.items()
    },
    "two citizens' agency references swapped": (
        [
            "UPDATE applications SET agency_reference = (SELECT a.agency_reference FROM applications a WHERE a.id ="
            " CASE applications.id WHEN '{filed}' THEN '{other}' ELSE '{filed}' END) WHERE id IN ('{filed}', '{other}')"
        ],
        "row-differs",
    ),
    "blocked as by an upgrade": (
        [f"UPDATE applications SET blocked = 'plugin-changed', due_at = NULL WHERE {OPEN}"],
        "row-differs",
    ),
    "due to nobody": ([f"UPDATE applications SET due_at = NULL WHERE {OPEN}"], "row-differs"),
    "in nobody's hands for ever": (
        [f"UPDATE applications SET lease = 'nobody', due_at = NULL WHERE {OPEN}"],
        "held-by-nobody",
    ),
    "in the hands of a worker that is made up": (
        [
            "INSERT INTO workers (id, name, started_at, beat_at, lease_until, key_names) VALUES ('made-up', 'made-up', 1, 1, 9000000000000000, 'first')",
            "UPDATE applications SET lease = 'made-up', due_at = NULL, revision = revision + 1, lease_until ="
            f" CAST(strftime('%s', 'now') AS INTEGER) * 1000000 + 1800000000 WHERE {OPEN}",
        ],
        "held-by-nobody",
    ),
    # The journal
    "journal's tail cut with head and count rewritten": (
        [
            f"DELETE FROM journal WHERE {OF} AND entry = {CUT}",
            f"UPDATE applications SET entries = {CUT}, chain = (SELECT link FROM journal WHERE {OF} AND entry = {CUT})"
            f" WHERE {OPEN}",
        ],
        "application-rolled-back",
    ),
    "outline edited": ([f"UPDATE journal SET outline = '{{{{}}}}' WHERE {OF} AND entry = 2"], "journal-broken"),
    "journal of another application": (
        [
            f"DELETE FROM journal WHERE {OF}",
            "INSERT INTO journal SELECT '{filed}', entry, at, kind, outline, sealed, link FROM journal WHERE"
            " application = '{other}'",
        ],
        "journal-broken",
    ),
    "data key of another application": (
        [
            f"UPDATE applications SET data_key = (SELECT data_key FROM applications WHERE id = '{{other}}') WHERE {OPEN}"
        ],
        "key-broken",
    ),
    # The ledger
    "record deleted": (
        [
            "DELETE FROM ledger WHERE subject = '{closed}' AND number = (SELECT min(number) FROM ledger WHERE subject ="
            " '{closed}')"
        ],
        "ledger-broken",
    ),
    "record rewritten": (["UPDATE ledger SET content = '{{}}' WHERE subject = '{closed}'"], "ledger-broken"),
    "records of an application deleted with it": (
        [
            *ALL_OF_IT,
            f"DELETE FROM applications WHERE {OPEN}",
            "DELETE FROM ledger WHERE subject = '{filed}'",
        ],
        "ledger-broken",
    ),
    "end of a chain cut": (
        [
            "DELETE FROM ledger WHERE writer > 0 AND number = (SELECT max(l.number) FROM ledger l WHERE l.writer ="
            " ledger.writer)"
        ],
        "payment-cases-differ",
    ),
    "chain deleted": (["DELETE FROM ledger WHERE writer > 0"], "application-unknown"),
    "chain made up": (
        ["INSERT INTO ledger SELECT 4711, number, at, kind, subject, content, link FROM ledger WHERE writer = 1"],
        "ledger-broken",
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_tampering_is_found_by_name(copy, keyring, name):
    statements, code = TAMPERINGS[name]
    assert written_to(copy.url, *(statement.format(**copy.names) for statement in statements))
    found = await found_in(copy.url, keyring)
    assert code in {one for one, _ in found}
    assert all(sentence("audit", one) for one, _ in found)
    touched = {what for what in copy.names if any(f"{{{what}}}" in statement for statement in statements)}
    if touched:
        # Nothing is said of a neighbour.
        untouched = {identity for what, identity in copy.names.items() if what not in touched}
        assert untouched.isdisjoint(subject for _, subject in found)


ON_A_SERVER = [
    "application deleted from every table",
    "journal's tail cut with head and count rewritten",
    "record rewritten",
]


@pytest.fixture
def server_copy(server_scene, new_ready_postgresql) -> Scene:
    name = str(make_url(server_scene.url).database)
    return replace(server_scene, url=new_ready_postgresql(name))


async def write_to_server(url: str, statements) -> None:
    """What whoever is a superuser can do: no foreign keys, and no keys."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET session_replication_role = replica")
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("name", ON_A_SERVER)
async def test_tampering_is_found_on_a_server(server_copy, keyring, name):
    statements, code = TAMPERINGS[name]
    assert await found_in(server_copy.url, keyring, anchors=read_anchors(server_copy.anchor)) == {}
    await write_to_server(server_copy.url, [statement.format(**server_copy.names) for statement in statements])
    assert code in {one for one, _ in await found_in(server_copy.url, keyring)}


# What the database does by itself

PROGRAM = "CREATE TRIGGER late AFTER UPDATE OF due_at ON applications BEGIN UPDATE applications SET due_at = 1; END"


async def test_trigger_that_no_host_has_made_is_found(copy, keyring):
    written_to(copy.url, PROGRAM)
    assert await found_in(copy.url, keyring) == {("foreign-program", "database/trigger"): 1}


# Tables that are not as the host made them

CHANGED_TABLES = {
    "column added": ("ALTER TABLE applications ADD COLUMN note TEXT", "applications"),
    "index dropped": ("DROP INDEX ix_applications_due", "applications"),
    "table dropped": ("DROP TABLE outages", "outages"),
}


@pytest.mark.parametrize("change", CHANGED_TABLES)
async def test_table_that_is_not_as_the_host_made_it_is_found(copy, keyring, change):
    statement, table = CHANGED_TABLES[change]
    written_to(copy.url, statement)
    database = await open_database(copy.url)
    found = {(one.code, one.subject) for one in await database.snapshot(changed_tables)}
    await database.close()
    assert found == {("schema-differs", f"database/{table}")}


# What is put back from a copy


async def test_application_that_is_put_back_to_an_older_copy_is_found(copy, keyring):
    rows = copy.earlier
    gone = [f"DELETE FROM {table.name} WHERE {OF}".format(**copy.names) for table in OF_AN_APPLICATION]
    back = [(insert(table), rows[table.name]) for table in (applications, *OF_AN_APPLICATION) if rows[table.name]]
    written_to(copy.url, *gone, f"DELETE FROM applications WHERE {OPEN}".format(**copy.names), *back)
    found = await found_in(copy.url, keyring)
    assert ("application-rolled-back", copy.names["filed"]) in found


async def test_form_from_before_its_correction_is_found(copy, keyring):
    name = copy.names["corrected"]
    written_to(copy.url, f"DELETE FROM payloads WHERE application = '{name}'", (insert(payloads), copy.form))
    assert await found_in(copy.url, keyring) == {("draft-differs", name): 1}


@pytest.mark.parametrize("with_form", [False, True])
async def test_data_that_were_erased_and_are_back_are_found(copy, keyring, with_form):
    name, before = copy.names["erased"], copy.unerased
    back = [(insert(payloads), before["payloads"])] if with_form else []
    written_to(
        copy.url,
        f"DELETE FROM applications WHERE id = '{name}'",
        (insert(applications), before["applications"]),
        *back,
    )
    assert ("erasure-undone", name) in await found_in(copy.url, keyring)
    row = {**before["applications"], "revision": before["applications"]["revision"] + 1}
    written_to(copy.url, f"DELETE FROM applications WHERE id = '{name}'", (insert(applications), row))
    assert ("erasure-undone", name) in await found_in(copy.url, keyring)


# Anchors


async def test_database_that_was_put_back_as_a_whole_is_no_continuation(copy, keyring, tmp_path, new_world):
    world = new_world()
    shutil.copy(str(make_url(copy.url).database), tmp_path / "older.db")
    async with world.host(copy.url) as host:
        await world.apply(host, 21)
        later = await make_anchor(host.database, world.clock.now())
    anchors = [*read_anchors(copy.anchor), later]
    assert await found_in(copy.url, keyring, anchors=anchors) == {}
    found = await found_in(f"sqlite:///{tmp_path}/older.db", keyring, anchors=anchors)
    assert found == {("anchor-missed", "ledger"): 1}


async def test_end_of_a_chain_that_was_cut_is_no_continuation(copy, keyring):
    (anchor,) = read_anchors(copy.anchor)
    # Of the last change, with its record.
    written_to(copy.url, "DELETE FROM payment_cases", "DELETE FROM ledger WHERE kind = 'payment_cases'")
    assert await found_in(copy.url, keyring) == {}
    assert await found_in(copy.url, keyring, anchors=[anchor]) == {("anchor-missed", "ledger"): 1}


def test_anchors_are_read_line_by_line(file_scene):
    assert len(read_anchors(f"{file_scene.anchor}\n\n{file_scene.anchor}\n")) == 2
    for text in (f"{file_scene.anchor}\n{{}}", "\n"):
        with pytest.raises(ValueError, match=r"anchor|Anchor"):
            read_anchors(text)


async def test_anchor_of_the_same_length_and_another_link_is_missed(copy, keyring):
    (anchor,) = read_anchors(copy.anchor)
    database, vault = await open_database(copy.url), Vault(keyring)
    other = anchor.model_copy(
        update={"heads": {one: (number, link[::-1]) for one, (number, link) in anchor.heads.items()}}
    )
    pages = verify_ledger(database, vault, anchors=[anchor, other])
    codes = [one.code async for page in pages for one in page.findings]
    await database.close()
    assert codes == ["anchor-missed"]


# What hosts do is no finding


async def test_new_keys_upgrades_and_officers_are_no_finding(copy, new_world):
    world = new_world()
    world.clock.advance(timedelta(days=1))
    rung = {"second": b"2" * 32, **world.keyring.wrapping}
    async with world.host(copy.url) as host:
        at = world.clock.now()
        now_blocked = partial(take_over, installed={"nid": "nagorik-nid 99.0.0"}, now=at)
        assert [one.taken_over for one in await host.database.run(now_blocked)] == [False]
        assert await found_in(copy.url, world.keyring) == {}
        rows = await host.database.run(lambda t: t.connection.execute(select(applications.c.blocked)).all())
        assert PLUGIN_CHANGED in {row.blocked for row in rows}
        await host.take_over()
        assert await found_in(copy.url, world.keyring) == {}
        await host.database.run(partial(accept_release, now=at))
        assert await found_in(copy.url, world.keyring) == {}
        assert (await rotate(host.database, Vault(Keyring(world.keyring.index, rung)))).wrapped_anew > 0
    assert await found_in(copy.url, Keyring(world.keyring.index, rung)) == {}


def accept_release(transaction, *, now):
    query = select(applications.c.plugin_version).where(applications.c.closed_at.is_(None)).limit(1)
    accept(transaction, "nid", transaction.connection.scalar(query), "nagorik-nid 99.0.0", now)
