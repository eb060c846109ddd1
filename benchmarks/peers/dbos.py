"""A worker of the peer ``dbos``: the same two calls for each application, as the steps of a durable workflow.

Run by ``benchmarks/host.py --peer dbos`` with the Python of an environment in which DBOS is installed. It says
``ready`` once it has carried some applications and has none in hand, works off its share from the line ``begin``,
says ``done``, and after the line ``end`` tells how much CPU time the work has cost it.

A workflow is started by the process that carries it to its end, which is the least that DBOS can do: nothing is
claimed from a queue, and no pace is kept.
"""

import argparse
import asyncio
import json
import sys
import time

import httpx
from dbos import DBOS, SetWorkflowID

WARM = 8


def main() -> None:
    """Work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True, help="the database's")
    parser.add_argument("--agency", action="append", required=True, help="the URL of one; may be repeated")
    parser.add_argument("--applications", type=int, required=True)
    parser.add_argument("--in-flight", type=int, required=True)
    parser.add_argument("--name", required=True)
    arguments = parser.parse_args()
    config = {
        "name": "bench",
        "executor_id": arguments.name,
        "application_version": "1",
        "system_database_url": arguments.url,
        "run_admin_server": False,
        "log_level": "ERROR",
    }
    DBOS(config=config)
    asyncio.run(_work(arguments))


async def _work(arguments: argparse.Namespace) -> None:
    async with httpx.AsyncClient() as client:

        async def check(agency: str) -> object:
            answer = await client.get(f"{agency}/rules")
            answer.raise_for_status()
            return json.loads(answer.content)

        async def file(agency: str, reference: str) -> object:
            answer = await client.post(f"{agency}/permits", json={"reference": reference})
            answer.raise_for_status()
            return json.loads(answer.content)

        async def carry(agency: str, reference: str) -> object:
            await check_step(agency)
            return await file_step(agency, reference)

        check_step, file_step, workflow = DBOS.step()(check), DBOS.step()(file), DBOS.workflow()(carry)

        async def carry_all(count: int, what: str) -> None:
            numbers = iter(range(count))

            async def one_after_another() -> None:
                for number in numbers:
                    reference = f"{arguments.name}-{what}-{number}"
                    with SetWorkflowID(reference):
                        await workflow(arguments.agency[number % len(arguments.agency)], reference)

            await asyncio.gather(*(one_after_another() for _ in range(arguments.in_flight)))

        DBOS.launch()
        await carry_all(WARM, "warm")
        print("ready", flush=True)
        _expect("begin")
        began = time.process_time()
        await carry_all(arguments.applications, "bench")
        print("done", flush=True)
        _expect("end")
        print(json.dumps(time.process_time() - began), flush=True)
    DBOS.destroy()


def _expect(word: str) -> None:
    if sys.stdin.readline().strip() != word:
        raise SystemExit(f"expected the line {word}")


if __name__ == "__main__":
    main()
