"""The OpenAPI 3.1 document: what the framework writes, and what ``openapi.toml`` says of it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from nagorik.data_files import parse_document, read_data_file
from nagorik_portal.api.calls import REPLAYED
from nagorik_portal.api.problems import IDEMPOTENCY_KEY, ProblemLanguage, problem_of, problem_text

LANGUAGES: Final[tuple[ProblemLanguage, ...]] = ("bn", "en")


def document(app: FastAPI) -> dict[str, Any]:
    """The whole document, made once: with every problem, header and example that a caller meets."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    said = parse_document(read_data_file("nagorik_portal.api", "openapi.toml"), "openapi.toml")
    made = get_openapi(
        title=app.title, version=app.version, description=said["description"], routes=app.routes, servers=app.servers
    )
    schemas = made["components"]["schemas"]
    del schemas["HTTPValidationError"], schemas["ValidationError"]
    schemas |= said["schemas"]
    problems = {f"Problem{status}": _problem(int(status), code) for status, code in said["problem"].items()}
    made["components"] |= {"headers": said["headers"], "responses": problems}
    for path, item in made["paths"].items():
        for method, operation in item.items():
            _complete(path, method, operation, said)
    app.openapi_schema = made | {"webhooks": said["webhooks"]}
    return app.openapi_schema


def _complete(path: str, method: str, operation: dict[str, Any], said: Mapping[str, Any]) -> None:
    """Add to an operation what the framework does not know of it."""
    name, responses, parameters = operation["operationId"], operation["responses"], operation.get("parameters", [])
    headers = {one["name"] for one in parameters if one["in"] == "header"}
    is_keyed, is_conditional, is_raw = IDEMPOTENCY_KEY in headers, "If-Match" in headers, name in said["raw"]
    is_authorised, has_body = "security" in operation, "requestBody" in operation or is_raw
    if is_raw:
        binary = {"schema": {"type": "string", "format": "binary"}}
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": binary}}
    if name in said["request"]:
        examples = {language: {"value": _body(said, name, language)} for language in LANGUAGES}
        operation["requestBody"]["content"]["application/json"]["examples"] = examples
    done = responses[next(code for code in responses if code.startswith("2"))]
    shown = [*said["shows"].get(name, ()), *([REPLAYED] if is_keyed else []), *(["ETag"] if is_conditional else [])]
    references = {one: {"$ref": f"#/components/headers/{one}"} for one in shown}
    done |= {"headers": references, **said["response"].get(name, {})}
    statuses = (
        (True, (500, 503)),
        (is_authorised, (401, 403)),
        (is_authorised or is_raw, (429,)),
        (has_body, (413,)),
        (has_body and not is_raw, (415,)),
        (has_body or is_keyed, (400,)),
        (has_body or bool(parameters), (422,)),
        (is_conditional, (412, 428)),
        (is_keyed or method in {"put", "delete"} or name == "list_slots", (409,)),
        (is_keyed or "{application}" in path, (410,)),
        ("{" in path or method == "post", (404,)),
        (name in said["asks_agencies"], (502, 504)),
    )
    responses.pop("422", None)
    for status in (status for so, listed in statuses if so for status in listed):
        responses[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}


def _problem(status: int, code: str) -> dict[str, Any]:
    headers = ["Content-Language", *(["Retry-After"] if status in {429, 503} else [])]
    examples = {one: {"value": problem_of(code, status, problem_text(code), one)} for one in LANGUAGES}
    content = {"schema": {"$ref": "#/components/schemas/ProblemView"}, "examples": examples}
    return {
        "description": HTTPStatus(status).phrase,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        "content": {"application/problem+json": content},
    }


def _body(said: Mapping[str, Any], name: str, language: str) -> dict[str, Any]:
    """An example of a request, put together from the tables that it names."""
    body: dict[str, Any] = {}
    for member, value in said["request"][name].items():
        found = said["example"][value][language] if value in said["example"] else value
        body |= found if member == "all" else {member: found}
    return body
