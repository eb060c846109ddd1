"""A plugin's own reader and model may do anything; errors show its words only where they are codes, and are ours."""

import traceback

import httpx
import pytest
from pydantic import field_validator
from pydantic_core import PydanticCustomError

from nagorik import AgencyRejected, ContractViolation, PluginFault, WireModel
from nagorik.operations import Idempotency
from nagorik_platform.agency_client.bodies import ResponseMismatch
from nagorik_toolkit.formats.xml import XmlModel, element

REFERENCE = Idempotency.CLIENT_REFERENCE
NID = "1990123456789"


class Wire(WireModel):
    a: int = 0


class Base:
    format = "lines"
    accept = "text/plain"
    model = Wire

    def read(self, answer):
        return Wire(a=1)

    def recognises(self, answer):
        return True


def raising(error):
    def raises(*_):
        raise error

    return raises


def reader(**members):
    return type("Reader", (Base,), members)()


@pytest.mark.parametrize(
    "expect",
    [
        reader(format=7),
        reader(format=f"citizen {NID}"),
        reader(format=NID),
        [1],
        Base,
        type("Raises", (), {"answer_reader": classmethod(raising(RuntimeError(NID)))}),
        type("GivesNone", (), {"answer_reader": classmethod(lambda cls: None)}),
    ],
)
@pytest.mark.parametrize("kind", [None, REFERENCE])
async def test_what_nothing_can_be_read_by_is_the_plugins_fault(world, expect, kind):
    http = world.bind(kind)
    with pytest.raises(PluginFault) as raised:
        await (http.read if kind is None else http.write)("file", "POST", "/f", expect=expect)
    assert raised.value.fault == "expect-not-usable"
    assert NID not in "".join(traceback.format_exception(raised.value))
    assert world.agency.requests == []


class Schemaless(WireModel):
    a: int = 0

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema, handler):
        raise RuntimeError(NID)


def misfit(self, answer):
    return Wire.model_validate({"a": f"{NID}x"})


@pytest.mark.parametrize(
    ("expect", "detail"),
    [
        (reader(read=raising(RuntimeError(NID))), "model-raised"),
        (reader(read=raising(AssertionError(NID))), "model-raised"),
        (reader(read=raising(RecursionError(NID))), "model-raised"),
        (reader(read=raising(AgencyRejected(NID))), "model-raised"),
        (reader(read=raising(ResponseMismatch(NID))), "model-raised"),
        (reader(read=lambda: 1), "model-raised"),
        (reader(read=raising(ValueError(NID))), "not-lines"),
        (reader(read=misfit), "does-not-fit: $.a int_parsing"),
        (reader(read=misfit, model=None), "does-not-fit: $.••• int_parsing"),
        (reader(read=misfit, model=object()), "does-not-fit: $.••• int_parsing"),
        (reader(read=misfit, model="NotDefined"), "does-not-fit: $.••• int_parsing"),
        (reader(read=misfit, model=Schemaless), "does-not-fit: $.••• int_parsing"),
    ],
)
async def test_what_a_reader_raises_breaks_the_contract_and_shows_nothing(world, expect, detail):
    world.agency.will(httpx.Response(200, text=f"line {NID}"))
    with pytest.raises(ContractViolation) as raised:
        await world.bind().read("find", "GET", "/f", expect=expect)
    assert raised.value.detail == detail
    assert NID not in "".join(traceback.format_exception(raised.value))


def quoting(cls, value):
    raise PydanticCustomError(f"bad-{value}", "no {value}", {"value": value})


class Quoting(WireModel):
    a: str
    _refuse = field_validator("a")(quoting)


class QuotingXml(XmlModel, tag="m"):
    a: str = element()
    _refuse = field_validator("a")(quoting)


@pytest.mark.parametrize(
    ("expect", "content"), [(Quoting, '{"a": "%s"}'), (QuotingXml, "<m><a>%s</a></m>")], ids=["json", "xml"]
)
@pytest.mark.parametrize("value", [NID, "RAHIMA"])
async def test_a_kind_that_a_plugin_makes_of_a_value_is_not_told(world, expect, content, value):
    world.agency.will(httpx.Response(200, text=content % value))
    with pytest.raises(ContractViolation) as raised:
        await world.bind().read("find", "GET", "/f", expect=expect)
    assert raised.value.detail == "does-not-fit: $.a not_accepted"
