"""The OpenAPI document, and what schemathesis finds when it holds the API to it."""

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from openapi_spec_validator import OpenAPIV31SpecValidator

# Beside its defaults: what stands in the way of data that the document allows, each shown by a test of its own.
ALSO_EXPECTED = (409, 412, 422, 428, 429)
SETTINGS = """\
seed = 35
max-time = {budget}
request-timeout = 30
[generation]
max-examples = {examples}
[checks]
enabled = true
max_response_time = 30
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "403", "404", "5xx", {also}]
[auth.wfc]
path = "{people}"
peers = ["one", "other"]
"""


@asynccontextmanager
async def serving(app):
    """Serve on a free port of this machine."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it says so by no event
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


# Seconds, after which nothing more is tried, and the most cases of an operation in a phase.
BUDGETS = [(25, 5), pytest.param(900, 200, marks=pytest.mark.proof)]


@pytest.mark.parametrize(("seconds", "examples"), BUDGETS)
async def test_the_api_is_as_its_document_says(api, tmp_path, seconds, examples):
    keys = {"one": api.http, "other": api.other}
    people = [
        {"name": name, "fixedHeaders": [{"name": "Authorization", "value": client.headers["Authorization"]}]}
        for name, client in keys.items()
    ]
    (tmp_path / "people.json").write_text(json.dumps({"schemaVersion": "0.2.0", "auth": people}))
    also = ", ".join(f'"{status}"' for status in ALSO_EXPECTED)
    settings = SETTINGS.format(budget=seconds, examples=examples, also=also, people=tmp_path / "people.json")
    (tmp_path / "schemathesis.toml").write_text(settings)
    async with serving(api.app) as address:
        run = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("st"),
            *("--config-file", str(tmp_path / "schemathesis.toml"), "run", f"{address}/v1/openapi.json"),
            *("--checks", "all", "--no-color", "--continue-on-failure"),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await run.communicate()
    assert run.returncode == 0, said.decode()


async def test_document_is_valid_and_names_every_problem(api):
    document = (await api.anonymous.get("/v1/openapi.json")).json()
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")
    bodies = 0
    for item in document["paths"].values():
        for operation in item.values():
            assert operation["summary"]
            assert operation["description"]
            for status, response in operation["responses"].items():
                if not status.startswith("2"):
                    assert response == {"$ref": f"#/components/responses/Problem{status}"}
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            examples = content.get("examples", {})
            assert set(examples) in (set(), {"bn", "en"})
            bodies += bool(examples)
    assert bodies >= 12
    assert document["components"]["securitySchemes"]["machineKey"]["scheme"] == "bearer"
    for name, response in document["components"]["responses"].items():
        problem = response["content"]["application/problem+json"]
        assert problem["schema"] == {"$ref": "#/components/schemas/ProblemView"}, name
        assert set(problem["examples"]) == {"bn", "en"}
