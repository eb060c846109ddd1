"""Papers are of the kinds, types and sizes that a service takes; what is wrong names the paper in two languages."""

import hashlib
from collections.abc import AsyncIterator

import pytest
from pydantic import JsonValue, ValidationError

from nagorik.errors import AgencyUnavailable
from nagorik.manifest import DocumentKind, PublicService
from nagorik.model.application import DocumentReference
from nagorik.values.sentences import Text
from nagorik_platform.documents import document_problems, in_megabytes, is_as_kept, is_required

SERVICE = PublicService.model_validate(
    {
        "id": "shop.licence",
        "name": {"en": "A licence", "bn": "একটি লাইসেন্স"},
        "documents": [
            {
                "kind": "deed",
                "name": {"en": "Rent deed", "bn": "ভাড়ার দলিল"},
                "required": True,
                "media_types": ["application/pdf"],
                "largest_bytes": 1_500_000,
            },
            "photo",
        ],
    }
)


def paper(kind: str = "deed", media_type: str = "application/pdf", size: int = 1) -> DocumentReference:
    return DocumentReference(id="1", kind=kind, media_type=media_type, bytes=size, sha256="0" * 64)


def found(
    *papers: DocumentReference, service: PublicService = SERVICE, form: dict[str, JsonValue] | None = None
) -> list[tuple[str, str]]:
    return [(problem.pointer, problem.code) for problem in document_problems(service, papers, form or {})]


def test_papers_that_are_wanted_are_taken() -> None:
    assert found(paper(size=1_500_000), paper("photo", "image/jpeg", 20_000_000)) == []


@pytest.mark.parametrize(
    ("wrong", "code", "text"),
    [
        (
            paper("visa"),
            "document-of-unknown-kind",
            "Not a kind of paper that this service takes. It takes: deed, photo.",
        ),
        (paper(size=0), "document-empty", "Rent deed: the file is empty. Hand it in again."),
        (
            paper(size=1_500_001),
            "document-too-large",
            "Rent deed: larger than 1.5 MB. Scan it with a lower resolution and hand it in again.",
        ),
        (
            paper(media_type="image/png"),
            "document-of-another-type",
            "Rent deed: the file is no PDF, whatever it is called. Hand it in as PDF.",
        ),
        (
            paper("photo", "application/x-dosexec"),
            "document-of-another-type",
            "photo: the file is no PDF, JPEG or PNG, whatever it is called. Hand it in as PDF, JPEG or PNG.",
        ),
    ],
)
def test_what_is_wrong_with_a_paper_is_told_by_its_name(wrong: DocumentReference, code: str, text: str) -> None:
    (problem,) = document_problems(SERVICE, [paper(), wrong], {})
    assert (problem.pointer, problem.code, problem.text.en) == ("/documents/1", code, text)
    assert problem.text.bn != problem.text.en


def test_sizes_and_names_are_told_in_bangla() -> None:
    (problem,) = document_problems(SERVICE, [paper(size=1_500_001)], {})
    assert problem.text.bn.startswith("ভাড়ার দলিল: ১.৫ এমবি-এর বেশি বড়।")


def test_paper_that_is_missing_is_named() -> None:
    assert found(paper("photo", "image/png")) == [("/documents", "document-missing")]
    (problem,) = document_problems(SERVICE, [], {})
    assert problem.text == Text(
        en="Rent deed is missing. Nothing is paid or filed without it; hand it in.",
        bn="ভাড়ার দলিল নেই। এটি ছাড়া কোনো ফি দেওয়া বা আবেদন জমা করা হয় না; এটি জমা দিন।",
    )


CONDITIONAL = PublicService.model_validate(
    {
        "id": "shop.licence",
        "name": {"en": "A licence", "bn": "একটি লাইসেন্স"},
        "documents": [
            "photo",
            {"kind": "guardian-nid", "when": {"applicant": ["minor", "ward"]}},
            {"kind": "deed", "when": {"rented": [True], "floors": [1, 2]}},
        ],
    }
)


@pytest.mark.parametrize(
    ("form", "missing"),
    [
        ({}, []),
        ({"applicant": "adult"}, []),
        ({"applicant": "minor"}, ["guardian-nid"]),
        ({"applicant": "ward", "rented": True, "floors": 2}, ["guardian-nid", "deed"]),
        ({"rented": True}, []),
        ({"rented": True, "floors": 3}, []),
        ({"rented": True, "floors": 2.0}, ["deed"]),
        ({"rented": 1, "floors": True}, []),
        ({"rented": "true", "floors": 1}, []),
        ({"applicant": ["minor"]}, []),
        ({"applicant": None}, []),
    ],
)
def test_paper_is_required_where_the_form_says_what_the_manifest_names(
    form: dict[str, JsonValue], missing: list[str]
) -> None:
    assert [one.kind for one in CONDITIONAL.documents if is_required(one, form)] == missing
    assert found(service=CONDITIONAL, form=form) == [("/documents", "document-missing")] * len(missing)
    assert found(*(paper(kind) for kind in missing), service=CONDITIONAL, form=form) == []


@pytest.mark.parametrize("values", [[], "minor", [1.5], [None], {"a": 1}])
def test_condition_that_can_be_no_fields_value_is_refused(values: object) -> None:
    with pytest.raises(ValidationError):
        DocumentKind.model_validate({"kind": "deed", "when": {"applicant": values}})


def test_service_without_papers_takes_none() -> None:
    bare = SERVICE.model_copy(update={"documents": ()})
    assert found(paper(), service=bare) == [("/documents/0", "document-not-taken")]


@pytest.mark.parametrize(
    ("size", "told"),
    [(999, "0.9 kB"), (1_000, "1 kB"), (153_600, "153.6 kB"), (1_999_999, "1.9 MB"), (20_000_000, "20 MB")],
)
def test_size_is_told_as_no_more_than_it_is(size: int, told: str) -> None:
    assert in_megabytes(size).en == told


class Shelf:
    """A store with one document."""

    def __init__(self, content: bytes | None) -> None:
        self.content = content

    async def open(self, document: DocumentReference) -> AsyncIterator[bytes]:
        if self.content is None:
            raise KeyError(document.id)
        yield self.content

    async def put(self, kind: str, media_type: str, content: bytes) -> DocumentReference:
        raise NotImplementedError


async def test_what_a_plugin_says_it_kept_is_held_against_the_store() -> None:
    said = paper(size=3).model_copy(update={"sha256": hashlib.sha256(b"abc").hexdigest()})
    assert await is_as_kept(Shelf(b"abc"), said)
    assert not await is_as_kept(Shelf(b"abd"), said)
    assert not await is_as_kept(Shelf(b"abc"), said.model_copy(update={"bytes": 4}))
    with pytest.raises(AgencyUnavailable) as caught:
        await is_as_kept(Shelf(None), said)
    assert caught.value.because == "deliverable-unreadable"
