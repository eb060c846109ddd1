"""Documents from the counter to the agency and back: handed in, replaced, refused, fetched, exported, erased."""

import hashlib
import json
import os
import stat
import tracemalloc
from datetime import timedelta

import httpx
import pytest
from host_site import Desk, add_key, sealed

from nagorik import (
    Accepted,
    AgencyStatus,
    Deliverable,
    FetchedDeliverable,
    FieldProblem,
    FormPart,
    InputRejected,
    Text,
    WireModel,
)
from nagorik_host.store.kept_documents import kept_documents
from nagorik_platform import PluginConfiguration
from nagorik_testing.fixtures.documents import specimen_pdf, specimen_picture

pytestmark = pytest.mark.long

DEED, BETTER, PHOTO, LICENCE = specimen_pdf("DEED"), specimen_pdf("BETTER"), specimen_picture("a"), specimen_pdf("OK")
ALL = {
    "title": {"en": "A licence", "bn": "একটি লাইসেন্স"},
    "service": "office.licence",
    "applicant": {"name": {"en": "PORIKKHA NAGORIK 202"}, "birth_date": "1979-03-09"},
    "form": {"shop": "12"},
    "consent": {"fee_ceiling": {"poisha": 0, "currency": "BDT"}, "days": 365, "acting": "centre-0042/operator-7"},
}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Agency(httpx.AsyncBaseTransport):
    """Takes in what comes, piece by piece."""

    received = 0

    async def handle_async_request(self, request):
        async for piece in request.stream:
            self.received += len(piece)
        return httpx.Response(200, json={"number": "SHOP-1"})


class Filed(WireModel):
    number: str


class Office(Desk):
    """The licence office: a worker on simulated time, and what the agency sees and says."""

    def __init__(self, place, answers) -> None:
        self.agency = Agency()
        configuration = PluginConfiguration(
            settings={"base_url": "http://127.0.0.1:9"},
            egress=frozenset({"127.0.0.1"}),
            transport_factory=lambda: self.agency,
        )
        super().__init__(place, {"office": configuration})
        self.seen, self.refused, self.by_parts = [], set(), False
        self.says, self.gives = "in_review", ("application/pdf", b"")
        answers.SUBMIT, answers.STATUS, answers.DELIVERABLE = self.submit, self.status, self.fetch
        answers.CORRECTION = self.correct

    async def look(self, request, context):
        if self.by_parts:
            parts = [FormPart(document.kind, document) for document in request.documents]
            await context.http.write("file", "POST", "/files", parts=parts, expect=Filed)
            return
        found = {}
        for number, document in enumerate(request.documents):
            found[document.kind] = sha256(b"".join([piece async for piece in context.documents.open(document)]))
            if found[document.kind] in self.refused:
                text = Text(en="The stamp cannot be read.", bn="সিলটি পড়া যায় না।")
                raise InputRejected([FieldProblem(pointer=f"/documents/{number}", code="stamp", text=text)])
        self.seen.append(found)

    def status(self):
        issued = self.says == "issued"
        given = (Deliverable(kind="licence", delivery="download"),) if issued else ()
        return AgencyStatus(state=self.says, raw=self.says.upper(), deliverables=given, final=issued)

    async def submit(self, request, context):
        await self.look(request, context)
        return Accepted(reference="SHOP-1", status=self.status())

    async def correct(self, request, context):
        await self.look(request, context)
        self.says = "in_review"
        return self.status()

    async def fetch(self, request, context):
        document = await context.documents.put("licence", *self.gives)
        return FetchedDeliverable(deliverable=request.deliverable, document=document)

    def file(self, **papers: bytes):
        """An application's folder with its documents."""
        documents = [{"kind": kind, "file": self.paper(papers[kind], f"{kind} ১.pdf").name} for kind in papers]
        return self.paper(json.dumps(ALL | {"documents": documents}).encode(), "application.json")

    def paper(self, content: bytes, name: str = "later.pdf"):
        path = self.place / name
        path.write_bytes(content)
        return path


@pytest.fixture
def office(place, ready, answers):
    return Office(place, answers)


def applied(ready, path) -> str:
    return ready("apply", path, "--json").document["applications"][0]["application"]


def listed(ready, application) -> list[tuple[str, str, bool]]:
    documents = ready("documents", application, "--json").document["documents"]
    return [(one["kind"], one["sha256"], one["superseded"]) for one in documents]


def closed(ready, office) -> str:
    """An application with a deed, a better one and a licence, issued and done."""
    application = applied(ready, office.file(deed=DEED))
    assert ready("act", application, "corrected", "--document", f"deed={office.paper(BETTER)}").code == 0
    office.says = "issued"
    office.gives = ("application/pdf", LICENCE)
    office.work(timedelta(days=2))
    return application


def test_document_that_the_form_makes_necessary_is_named_at_the_counter_and_after_a_correction(ready, office):
    missing = ready("apply", office.file(photo=PHOTO))
    assert (missing.code, "documents: Rent deed is missing." in missing.err) == (2, True)
    path = office.file(deed=DEED)
    adult = path.read_text("utf-8")
    path.write_text(adult.replace('"shop": "12"', '"shop": "minor"'), "utf-8")
    refused = ready("apply", path)
    assert (refused.code, "documents: Guardian's NID is missing." in refused.err) == (2, True)
    assert "অভিভাবকের এনআইডি নেই।" in refused.err
    assert ready("applications", "list", "--json").document["applications"] == []
    path.write_text(adult, "utf-8")
    application = applied(ready, path)
    office.paper(b'{"shop": "minor"}', "minor.json")
    assert ready("act", application, "corrected", "--form", "minor.json").code == 0
    office.work(timedelta(minutes=1))
    told = ready("track", application, "--json").document
    assert (told["waits_for"]["code"], office.seen) == ("input-rejected", [])
    office.paper(BETTER)
    assert ready("act", application, "corrected", "--document", "guardian-nid=later.pdf").code == 0
    office.work(timedelta(minutes=1))
    assert [{"deed": sha256(DEED), "guardian-nid": sha256(BETTER)}] == office.seen


def test_papers_go_to_the_agency_and_are_listed_with_who_handed_them_in(ready, office):
    application = applied(ready, office.file(deed=DEED, photo=PHOTO))
    office.work(timedelta(minutes=1))
    assert [{"deed": sha256(DEED), "photo": sha256(PHOTO)}] == office.seen
    deed, photo = ready("documents", application, "--json").document["documents"]
    at = deed.pop("at")
    assert at == photo["at"]
    assert deed == {
        "number": 1,
        "kind": "deed",
        "name": {"en": "Rent deed", "bn": "ভাড়ার দলিল"},
        "media_type": "application/pdf",
        "bytes": len(DEED),
        "sha256": sha256(DEED),
        "source": "citizen",
        "by": "centre-0042/operator-7",
        "superseded": False,
    }
    shown = ready("documents", application).out
    assert "ভাড়ার দলিল · Rent deed" in shown
    told = ready("track", application).out
    assert "Papers were handed in: Rent deed, Photo. Acting for the citizen: centre-0042/operator-7." in told
    assert "কাগজপত্র জমা দেওয়া হয়েছে: ভাড়ার দলিল, ছবি।" in told


def test_correction_replaces_a_paper_and_keeps_the_old_one(ready, office):
    application = applied(ready, office.file(deed=DEED, photo=PHOTO))
    office.says = "correction_requested"
    office.work(timedelta(hours=1))
    result = ready(
        *("act", application, "corrected", "--document", f"deed={office.paper(BETTER)}"),
        *("--acting", "centre-0042/operator-8"),
    )
    assert result.code == 0
    office.work(timedelta(hours=1))
    assert office.seen[1:] == [{"deed": sha256(BETTER), "photo": sha256(PHOTO)}]
    assert listed(ready, application) == [
        ("deed", sha256(DEED), True),
        ("photo", sha256(PHOTO), False),
        ("deed", sha256(BETTER), False),
    ]
    assert ready("documents", application, "--json").document["documents"][2]["by"] == "centre-0042/operator-8"
    assert "superseded" in ready("documents", application).out
    assert ready("audit", "verify").code == 0


def test_refusal_of_a_paper_reaches_the_person_by_its_name_and_is_mended(ready, office):
    office.refused.add(sha256(DEED))
    application = applied(ready, office.file(photo=PHOTO, deed=DEED))
    office.work(timedelta(minutes=1))
    shown = ready("track", application).out
    assert "Rent deed: The stamp cannot be read." in shown
    assert "ভাড়ার দলিল: সিলটি পড়া যায় না।" in shown
    (refusal,) = ready("track", application, "--json").document["refusals"]
    assert refusal["fields"][0]["label"] == {"en": "Rent deed", "bn": "ভাড়ার দলিল"}
    assert ready("act", application, "corrected", "--document", f"deed={office.paper(BETTER)}").code == 0
    office.work(timedelta(minutes=1))
    assert [{"photo": sha256(PHOTO), "deed": sha256(BETTER)}] == office.seen
    assert "The stamp" not in str(ready("track", application, "--json").document["refusals"])


@pytest.mark.parametrize("way", ["act", "apply"])
@pytest.mark.parametrize("whose", ["application", "agency"])
def test_paper_that_is_somebody_elses_is_refused_at_its_place(ready, office, way, whose):
    other = closed(ready, office) if whose == "agency" else applied(ready, office.file(deed=DEED))
    office.says = "in_review"

    async def hand_in(host):
        stored = await host.database.run(
            lambda transaction: kept_documents(transaction, host.store.read(transaction, other))
        )
        stolen = next(one.reference for one in stored if (one.source == "agency") is (whose == "agency"))
        own = await office.documents.put("deed", "application/pdf", BETTER)
        draft = await host.database.run(
            lambda transaction: host.store.draft(transaction, host.store.read(transaction, other))
        )
        papers = (own, stolen.model_copy(update={"kind": "photo"}))
        if way == "apply":
            await host.apply(draft.model_copy(update={"documents": papers}), client_reference="COUNTER-0009")
            return
        mine = await host.apply(draft.model_copy(update={"documents": ()}), client_reference="COUNTER-0009")
        await host.act(mine, "corrected", documents=papers)

    with pytest.raises(InputRejected) as caught:
        office.run(hand_in)
    (problem,) = caught.value.fields
    assert (problem.pointer, problem.code) == ("/documents/1", "document-of-another-application")
    assert problem.text.bn != problem.text.en
    assert ready("audit", "documents", "--json").document["missing"] == {}


def test_same_kind_twice_replaces_all_of_it(ready, office):
    application = applied(ready, office.file(deed=DEED))
    pages = [office.paper(content, f"{number}.pdf") for number, content in enumerate((BETTER, LICENCE))]
    given = [word for page in pages for word in ("--document", f"deed={page}")]
    assert ready("act", application, "corrected", *given).code == 0
    assert [one for one in listed(ready, application) if not one[2]] == [
        ("deed", sha256(BETTER), False),
        ("deed", sha256(LICENCE), False),
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("corrected",), "corrected needs --form, --document or both"),
        (("withdraw", "--document", "deed=later.pdf"), "corrected needs --form, --document or both"),
        (("corrected", "--document", "deed"), "write --document KIND=FILE"),
        (("corrected", "--document", "deed=absent.pdf"), "Rent deed: there is no such file"),
        (("corrected", "--document", "deed=."), "write --document KIND=FILE"),
        (("corrected", "--document", "visa=later.pdf"), "It takes: deed, photo, guardian-nid."),
        (("corrected", "--document", "photo=later.pdf", "--document", "deed=pipe"), "Rent deed: there is no such"),
        (("corrected", "--acting", "centre-1", "--form", "form.json"), "--acting takes the id"),
        (("corrected", "--document", "deed=later.pdf", "--acting", "A. Rahman"), "--acting takes the id"),
    ],
)
def test_paper_that_cannot_be_handed_in_changes_nothing(ready, office, words, told):
    application = applied(ready, office.file(deed=DEED))
    os.mkfifo(office.place / "pipe")
    office.paper(BETTER)
    result = ready("act", application, *words)
    assert result.code == 2
    assert told in result.err
    assert listed(ready, application) == [("deed", sha256(DEED), False)]
    assert len(sealed(office.place)) == 1


def test_document_that_comes_too_late_is_not_kept(ready, office):
    application = applied(ready, office.file(deed=DEED))
    office.work(timedelta(minutes=1))
    result = ready("act", application, "corrected", "--document", f"deed={office.paper(BETTER)}")
    assert (result.code, "too-late-to-correct" in result.err) == (2, True)
    assert len(sealed(office.place)) == 1


def test_large_document_is_sent_without_being_in_memory(ready, office):
    size = 18_000_000
    office.by_parts = True
    application = applied(ready, office.file(deed=DEED, photo=PHOTO + os.urandom(size)))
    tracemalloc.start()
    try:
        office.work(timedelta(minutes=1))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert ready("track", application, "--json").document["state"] == "in_review"
    assert office.agency.received > size
    assert peak < size // 2


def test_deliverable_is_fetched_listed_exported_and_erased_with_all_others(ready, office):
    application = closed(ready, office)
    assert ready("track", application, "--json").document["state"] == "closed"
    *_, licence = ready("documents", application, "--json").document["documents"]
    assert (licence["kind"], licence["source"], licence["by"]) == ("licence", "agency", None)
    exported = ready("documents", application, "--export", "3", "লাইসেন্স.pdf", "--json").document
    assert exported["exported"] == {"file": "লাইসেন্স.pdf", "kind": "licence", "sha256": sha256(LICENCE)}
    file = office.place / "লাইসেন্স.pdf"
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (LICENCE, 0o600)
    again = ready("documents", application, "--export", "3", "লাইসেন্স.pdf")
    assert (again.code, "a file of this name is there" in again.err) == (2, True)
    assert ready("documents", application, "--export", "4", "x").code == 2
    assert len(sealed(office.place)) == 3
    assert ready("erase", application).code == 0
    assert sealed(office.place) == []
    assert ready("documents", application).code == 2


def test_document_that_is_gone_or_damaged_is_not_exported(ready, office):
    application = applied(ready, office.file(deed=DEED))
    (kept,) = sealed(office.place)
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert ready("documents", application, "--export", "1", "deed.pdf").code == 3
    kept.unlink()
    result = ready("documents", application, "--export", "1", "deed.pdf")
    assert (result.code, "restore the folder from a backup" in result.err) == (3, True)
    assert not (office.place / "deed.pdf").exists()


def test_deliverable_that_is_not_what_it_is_called_is_not_kept(ready, office):
    application = applied(ready, office.file(deed=DEED))
    office.says = "issued"
    office.gives = ("application/pdf", b"<html>please log in</html>")
    office.work(timedelta(hours=2))
    assert [kind for kind, *_ in listed(ready, application)] == ["deed"]
    assert len(sealed(office.place)) == 1


@pytest.mark.parametrize("words", [("erase", "ID"), ("erase", "--closed-for", "1"), ("keys", "rotate")])
def test_nothing_is_done_while_the_folder_of_the_papers_is_elsewhere(ready, office, monkeypatch, words):
    application = closed(ready, office)
    add_key(ready, office.place)
    folder = office.place / "nagorik-documents"
    away = folder.rename(office.place / "moved")
    later = office.clock.now() + timedelta(days=9)
    monkeypatch.setattr("nagorik_host.commands.keys.now", lambda: later)
    result = ready(*(application if word == "ID" else word for word in words))
    assert (result.code, "the documents' folder is not there" in result.err) == (2, True)
    away.rename(folder)
    assert ready("documents", application, "--export", "3", "licence.pdf").code == 0
    assert ready(*(application if word == "ID" else word for word in words)).code == 0


@pytest.mark.parametrize("by_parts", [False, True])
@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_copy_that_cannot_be_read_is_a_case_that_blames_neither_agency_nor_plugin(ready, office, damage, by_parts):
    office.by_parts = by_parts
    applications, whole = [], {}
    for number in range(6):  # as many as an agency is taken to be down for, or a plugin kept out
        given = json.loads(office.file(deed=DEED + b"%d" % number).read_text("utf-8"))
        path = office.paper(json.dumps(given | {"client_reference": f"COUNTER-{number}"}).encode(), "one.json")
        applications.append(applied(ready, path))
        if number == 4:
            whole = {copy: copy.read_bytes() for copy in sealed(office.place)}
    for copy, content in whole.items():
        copy.unlink()
        if damage == "changed":
            copy.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    office.work(timedelta(minutes=1))
    assert ready("track", applications[5], "--json").document["state"] == "in_review"
    cases = ready("cases", "list", "--json").document["items"]
    assert [(one["hold"], one["blocked"]) for one in cases] == [("document-unreadable", None)] * 5
    told = ready("track", applications[0], "--json").document
    assert (told["state"], told["unreachable"], told["waits_for"]["code"]) == ("ready", None, "document-unreadable")
    page = ready("track", applications[0]).out
    assert "Rent deed: the copy that is kept here is missing or damaged, so that nothing was sent." in page
    assert "ভাড়ার দলিল: এখানে রাখা কপিটি নেই বা নষ্ট হয়েছে" in page
    for blame in ("reach", "nothing is lost", "mended release", "did not accept", "You need not do anything now."):
        assert blame not in page

    office.paper(BETTER)
    assert ready("act", applications[0], "corrected", "--document", "deed=later.pdf").code == 0
    for copy, content in whole.items():
        copy.write_bytes(content)
    office.work(timedelta(hours=1))
    assert ready("cases", "list", "--json").document["items"] == []
    for application in applications:
        told = ready("track", application, "--json").document
        assert (told["state"], told["waits_for"], told["refusals"]) == ("in_review", None, [])
