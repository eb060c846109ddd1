"""Nothing personal leaves with an error: not in its text, its chain, its traceback, its notes, or a log line."""

import logging
import traceback

import pytest

from nagorik.errors import NagorikError

pytestmark = pytest.mark.asyncio

ENDS = {
    "a foreign exception": "raise TypeError(f'no {NID}')",
    "a chain of them": "try:\n    int(NID + 'x')\nexcept ValueError as error:\n    raise TypeError(NID) from error",
    "an error with a cause": "raise AgencyRejected('x') from TypeError(NID)",
    "an error raised while handling": "try:\n    int(NID + 'x')\nexcept ValueError:\n    raise RateLimited()",
    "a fault with a cause": "raise PluginFault('x', plugin='wasa') from TypeError(NID)",
    "an unknown outcome with a cause": "raise OutcomeUnknown(step='x', because='y') from TypeError(NID)",
    "an error with a note": "error = AgencyUnavailable()\nerror.add_note(NID)\nraise error",
    "an error in a group": "raise ExceptionGroup(NID, [AgencyUnavailable()]) from TypeError(NID)",
    "an exit": "sys.exit(f'{NID}')",
    "a wrong result": "return NID",
    "an error of its own": "class Mine(AgencyRejected):\n    code = NID\nraise Mine(NID)",
    "an error with arguments": "error = AgencyUnavailable()\nerror.args = (NID,)\nraise error",
    "a violation that quotes": "raise ContractViolation(f'no such citizen: {NID}')",
    "a step that names": "raise OutcomeUnknown(step=f'file-{NID}', because='y')",
    "a pointer that names": "raise InputRejected(["
    "FieldProblem(pointer=f'/{NID}', code='x', text=Text(en='N', bn='না'))])",
    "a field's code that names": "raise InputRejected(["
    "FieldProblem(pointer='/x', code=f'x-{NID}', text=Text(en='N', bn='না'))])",
    "a fault that names": "raise PluginFault('x', plugin='wasa', exception=f'E{NID}', where=NID)",
    "a setting that names": "raise SettingsRejected([NID], plugin='wasa', reasons={'x': NID})",
    "a code that is not its class's": "error = AgencyRejected('x')\nerror.code = NID\nraise error",
    "an exception whose type names": "raise type(f'E{NID}', (Exception,), {})()",
    "a wrong result whose type names": "return type(f'R{NID}', (), {})()",
    "a step of a request": "await context.http.read(f'find-{NID}', 'GET', '/a', expect=object)",
    "an error with other places": "error = AgencyUnavailable()\nerror.service = error.agency = NID\nraise error",
}


@pytest.mark.parametrize("operation", ["submit", "get_status"])
@pytest.mark.parametrize("body", ENDS.values(), ids=ENDS)
async def test_an_error_shows_nothing_personal(world, body, operation, structlog_output, caplog):
    world.install(hooks={f"nagorik_{operation}": body})
    platform = world.platform()
    with caplog.at_level(logging.DEBUG), pytest.raises(NagorikError) as caught:
        await getattr(platform, operation)(world.draft(), world.references)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    shown = [str(error), repr(error), repr(error.args), str(error.to_problem()), str(error.message.bn)]
    shown += traceback.format_exception(error)
    shown += [repr(value) for frame in _frames(error) for value in frame.values()]
    shown += [caplog.text, str(structlog_output)]
    assert world.NID not in "\n".join(shown)
    files = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
    assert not any("nagorik_wasa" in file for file in files)


def _frames(error):
    """What a tool that keeps locals sees, from the platform's first frame on."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return [frame.f_locals for frame in frames if "nagorik" in frame.f_code.co_filename.rpartition("/src/")[2]]


async def test_an_agencys_client_quiets_the_libraries_below_it(world):
    logger = logging.getLogger("httpcore")
    before = logger.level
    logger.setLevel(logging.NOTSET)
    try:
        world.install()
        await world.platform().get_status(world.draft(), world.references)
        assert logger.level == logging.WARNING
    finally:
        logger.setLevel(before)
