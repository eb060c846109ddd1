"""The OpenAPI 3.1 document: what the framework writes, with every problem, header and example that a caller meets."""

from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from nagorik.data_files import parse_document, read_data_file
from nagorik_portal.api.calls import REPLAYED
from nagorik_portal.api.models import ProblemView
from nagorik_portal.api.problems import IDEMPOTENCY_KEY, PROBLEM_JSON, problem_of, problem_text

DESCRIPTION: Final = """\
Applications of citizens to agencies, from the catalogue to what was issued.

- **Keys.** Send `Authorization: Bearer ngk_…`. A key acts for one centre: what another centre took in does not exist
  for it.
- **Once.** A POST with an effect needs an `Idempotency-Key`. Send the same request with the same key as often as you
  like: it has its effect once, and the response shows the state now, with `Idempotent-Replayed: true`. Keys are kept
  for 30 days.
- **Revisions.** What is changed has an `ETag`. PUT, and a POST that changes an application, needs it as `If-Match`:
  428 without, 412 where something else changed it first. A repeated request with its old key needs no new revision.
- **Languages.** Texts of the platform come in Bangla and English. Problems come in the language of `Accept-Language`,
  Bangla by default.
- **Lists** go on with `after`, the `next` of the page before; a page has at most 200 rows.
- **Privacy.** An id of an application, a draft or a document may stand in an address; nothing else of a citizen may.
"""
_STRINGS: Final = {"type": "string"}
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_HEADERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "ETag": {"description": "The revision.", "schema": {"type": "string", "pattern": '^"[0-9]+"$'}},
    "Location": {"description": "The address of what was made.", "schema": _STRINGS},
    REPLAYED: {"description": "The key was used before; nothing was done now.", "schema": {"enum": ["true"]}},
    "Link": {"description": 'The next page, as `rel="next"`.', "schema": _STRINGS},
    "Retry-After": {
        "description": "Seconds after which to come again.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "Content-Language": {"description": "The problem's language.", "schema": {"enum": ["bn", "en"]}},
}
_ASKS_AGENCIES: Final = frozenset({"check_eligibility", "quote", "quote_draft", "list_slots"})
_RAW: Final = frozenset({"hand_in_document", "receive_callback", "receive_notice"})
_WITH_ETAG: Final = frozenset({"show_application", "show_draft", "save_draft", "show_case", "begin_draft"})
_CONTENT: Final[Mapping[str, Mapping[str, Any]]] = {
    "download": {"*/*": _BINARY},
    "show_form": {"application/schema+json": {"schema": {"type": "object"}}},
    "metrics": {"text/plain": {"schema": _STRINGS}},
}
_MADE: Final[Mapping[str, tuple[str, str, str]]] = {
    "apply": ("show_application", "application", "application"),
    "submit_draft": ("show_application", "application", "application"),
    "begin_draft": ("show_draft", "draft", "id"),
}
"""What can be read next: the operation, its parameter, and the member that has its value."""


def document(app: FastAPI) -> dict[str, Any]:
    """The whole document, made once."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    made = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, servers=app.servers
    )
    schemas = made["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = ProblemView.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= {**problem.pop("$defs"), "ProblemView": problem}
    responses = {f"Problem{status}": _problem(int(status), texts) for status, texts in _examples()["problem"].items()}
    made["components"] |= {"headers": dict(_HEADERS), "responses": responses}
    for path, item in made["paths"].items():
        for method, operation in item.items():
            _complete(path, method, operation)
    sent = {"content": {"application/cloudevents+json": {"schema": {"$ref": "#/components/schemas/CloudEvent"}}}}
    received = {"post": {"requestBody": sent, "responses": {"200": {"description": "Received."}}}}
    made["webhooks"] = {"application-changed": received}
    app.openapi_schema = made
    return made


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Add to an operation what the framework does not know of it."""
    name, responses, parameters = operation["operationId"], operation["responses"], operation.get("parameters", [])
    headers = {one["name"].lower() for one in parameters if one["in"] == "header"}
    is_keyed, is_conditional = IDEMPOTENCY_KEY.lower() in headers, "if-match" in headers
    is_authorised, has_body = "security" in operation, "requestBody" in operation or name in _RAW
    if name in _RAW:
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": _BINARY}}
    elif has_body and (examples := dict(_bodies(name))):
        operation["requestBody"]["content"]["application/json"]["examples"] = examples
    done = next(code for code in responses if code.startswith("2"))
    makes = done == "201" and name != "hand_in_document"
    has_etag = name in _WITH_ETAG or (is_keyed and name != "hand_in_document")
    shown = {
        REPLAYED: is_keyed,
        "Location": makes,
        "ETag": has_etag,
        "Link": name in {"list_applications", "list_events"},
    }
    responses[done]["headers"] = {one: {"$ref": f"#/components/headers/{one}"} for one, so in shown.items() if so}
    if name in _MADE:
        target, parameter, member = _MADE[name]
        link = {"operationId": target, "parameters": {parameter: f"$response.body#/{member}"}}
        responses[done]["links"] = {target: link}
    responses[done] |= {"content": _CONTENT[name]} if name in _CONTENT else {}
    statuses = {
        400: has_body,
        401: is_authorised,
        403: is_authorised,
        404: "{" in path or method == "post",
        409: is_keyed or method in {"put", "delete"} or name == "list_slots",
        410: "{application}" in path or is_keyed,
        412: is_conditional,
        413: has_body,
        415: has_body and name not in _RAW,
        422: has_body or bool(parameters),
        428: is_conditional,
        429: is_authorised or name in _RAW,
        500: True,
        502: name in _ASKS_AGENCIES,
        503: True,
        504: name in _ASKS_AGENCIES,
    }
    responses.pop("422", None)
    for status in (status for status, so in statuses.items() if so):
        responses[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}


def _problem(status: int, code: str) -> dict[str, Any]:
    headers = ["Content-Language", *(["Retry-After"] if status in {429, 503} else [])]
    text = problem_text(code)
    examples = {
        language: {"value": problem_of(code, status, detail)}
        for language, detail in (("bn", text.bn), ("en", text.en))
    }
    return {
        "description": HTTPStatus(status).phrase,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/ProblemView"}, "examples": examples}},
    }


def _bodies(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """An example of a request in each language, put together from the tables that it names."""
    tables = _examples()
    for language in ("bn", "en") if name in tables["request"] else ():
        body: dict[str, Any] = {}
        for member, value in tables["request"][name].items():
            found = tables[value][language] if value in tables else value
            body |= found if member == "all" else {member: found}
        yield language, {"value": body}


@cache
def _examples() -> Mapping[str, Any]:
    return parse_document(read_data_file("nagorik_portal.api", "examples.toml"), "examples.toml")
