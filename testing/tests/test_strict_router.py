"""What respx lets pass and the strict router does not."""

import itertools

import httpx
import pytest
import respx

from nagorik_testing import AnswerLost, SimulatedClock, Slow
from nagorik_testing.strict_router import StrictRouter
from nagorik_testing.strict_transport import late
from nagorik_testing.unsatisfied import Unsatisfied

AGENCY = "https://registry.example"


@pytest.fixture
def router():
    return StrictRouter(base_url=AGENCY)


@pytest.fixture
async def client(router):
    async with httpx.AsyncClient(base_url=AGENCY, transport=router.transport(), timeout=10) as client:
        yield client


async def test_unexpected_request_fails_the_test_though_the_code_swallows_it(router, client):
    with pytest.raises(Unsatisfied):
        await client.get("/people/1990991000012345?token=hunter2")
    with pytest.raises(Unsatisfied) as caught:
        router.finish()
    assert str(caught.value) == "GET /people/•••: no route expects it"


def test_repeated_pattern_is_refused_which_respx_takes_for_a_replacement(router):
    router.get("/files")
    with pytest.raises(Unsatisfied, match="is declared twice"):
        router.get("/files")
    plain = respx.Router(base_url=AGENCY)
    assert plain.get("/files") is plain.get("/files"), "respx: the check above has become unnecessary"


def test_repeated_name_is_refused(router):
    router.get("/files", name="files")
    with pytest.raises(Unsatisfied, match=r"^files: is declared twice"):
        router.get("/others", name="files")


async def test_route_without_an_answer_has_none(router, client):
    router.get("/files", name="files")
    with pytest.raises(Unsatisfied, match=r"^files: has no answer"):
        await client.get("/files")


async def test_script_ends_with_an_assertion(router, client):
    router.get("/files", name="files").mock(side_effect=[httpx.Response(200), httpx.Response(404)])
    assert [(await client.get("/files")).status_code for _ in range(2)] == [200, 404]
    router.finish()
    with pytest.raises(Unsatisfied):
        await client.get("/files")
    with pytest.raises(Unsatisfied, match=r"^files: was called after the last of its 2 answers$"):
        router.finish()


async def test_rest_of_a_script_fails_the_test(router, client):
    router.get("/files", name="files").mock(side_effect=[httpx.Response(200), httpx.Response(404)])
    await client.get("/files")
    with pytest.raises(Unsatisfied, match=r"^files: 1 of its answers were not asked for$"):
        router.finish()


async def test_endless_script_is_no_rest(router, client):
    router.get("/files").mock(side_effect=(httpx.Response(200) for _ in itertools.count()))
    await client.get("/files")
    router.finish()


async def test_route_that_is_never_called_fails_the_test_unless_it_is_optional(router):
    router.get("/spare").optional().respond(200)
    router.finish()
    router.get("/files/1990991000012345").respond(200)
    with pytest.raises(Unsatisfied, match=r"/files/•••.*: was never called"):
        router.finish()


async def test_swallowed_assertion_of_a_side_effect_fails_the_test(router, client):
    def refuse(request):
        raise AssertionError("no client reference")

    router.post("/files").mock(side_effect=refuse)
    with pytest.raises(AssertionError):
        await client.post("/files")
    with pytest.raises(Unsatisfied, match="no client reference"):
        router.finish()


async def test_body_that_no_client_can_read_fails_the_test(router, client):
    router.get("/files").mock(side_effect=lambda request: httpx.Response(200, content=iter([b"1"])))
    with pytest.raises(Unsatisfied, match=r"^GET /files: its answer needs a body of bytes"):
        await client.get("/files")


def test_nothing_is_let_through(router):
    with pytest.raises(ValueError, match="lets no request through"):
        router.get("/files").pass_through()


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [(httpx.ConnectTimeout, 2.0), (httpx.PoolTimeout, 4.0), (httpx.ReadTimeout, 10.0), (httpx.WriteTimeout, 3.0)],
)
async def test_timeout_takes_as_long_as_its_limit(router, client, kind, seconds):
    router.get("/files").mock(side_effect=kind)
    with pytest.raises(kind):
        await client.get("/files", timeout=httpx.Timeout(connect=2.0, pool=4.0, read=10.0, write=3.0))
    assert router.clock.monotonic() == seconds


@pytest.mark.parametrize(("seconds", "elapsed"), [(9.5, 9.5), (10.0, 10.0), (10.5, 10.0), (90.0, 10.0)])
async def test_late_answer_meets_the_read_limit(router, client, seconds, elapsed):
    router.get("/files").mock(return_value=late(seconds, httpx.Response(200)))
    if seconds > 10:
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/files")
    else:
        assert (await client.get("/files")).status_code == 200
    assert router.clock.monotonic() == elapsed


async def test_handler_that_lets_time_pass_meets_the_read_limit(router, client):
    async def slow(request):
        await router.clock.sleep(11)
        return httpx.Response(200)

    router.get("/files").mock(side_effect=slow)
    with pytest.raises(httpx.ReadTimeout):
        await client.get("/files")


@pytest.mark.parametrize(("told", "fits"), [("4", True), ("5", False), ("3", False)])
async def test_body_has_the_length_that_its_header_tells(router, client, told, fits):
    router.get("/files").respond(200, headers={"content-length": told}, content=b"1234")
    if fits:
        assert (await client.get("/files")).content == b"1234"
    else:
        with pytest.raises(httpx.RemoteProtocolError, match=f"bytes came of a body of {told}"):
            await client.get("/files")


async def test_head_has_no_body_to_measure(router, client):
    router.head("/files").respond(200, headers={"content-length": "4"})
    assert (await client.head("/files")).headers["content-length"] == "4"


async def test_block_finishes_the_router():
    with pytest.raises(Unsatisfied), StrictRouter() as router:
        router.get("/files")


async def test_failure_of_a_block_tells_what_was_swallowed():
    async def fail():
        with StrictRouter(base_url=AGENCY) as router:
            async with httpx.AsyncClient(base_url=AGENCY, transport=router.transport()) as client:
                with pytest.raises(Unsatisfied):
                    await client.get("/files")
            raise LookupError

    with pytest.raises(LookupError) as caught:
        await fail()
    assert caught.value.__notes__ == ["the strict router met:\nGET /files: no route expects it"]


async def test_simulator_is_reached_through_counted_routes(registry):
    router = StrictRouter(clock=registry.clock, base_url=AGENCY)
    router.forward(registry)
    registry.faults.add("GET /files/{number}", AnswerLost(how="silent"), first=2)
    registry.faults.add("GET /files/{number}", Slow(seconds=11), first=3)
    async with httpx.AsyncClient(base_url=AGENCY, transport=router.transport(), timeout=10) as client:
        assert (await client.post("/files", json={"clientReference": "x"})).status_code == 201
        assert (await client.get("/files/F-1")).json()["state"] == "filed"
        for elapsed in (10.0, 20.0):
            with pytest.raises(httpx.ReadTimeout):
                await client.get("/files/F-1")
            assert registry.clock.monotonic() == elapsed
    router.finish()
    assert router["POST /files"].call_count == 1
    assert router["GET /files/{number}"].call_count == 3


def test_clock_is_the_routers_own_unless_it_is_given():
    clock = SimulatedClock()
    assert StrictRouter(clock=clock).clock is clock
