"""What a plugin sees of its agency: ``context.http``, bound to one call."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Final, Literal, TypeVar, cast

from pydantic import TypeAdapter

from nagorik.agency_client.answer import Answer
from nagorik.agency_client.egress import Address, AddressBook, Params, encode
from nagorik.agency_client.exchange import Call, Equipment, Exchange, Judge, Plan
from nagorik.agency_client.judgement import Answers, Failed, broken, by_plugin, by_status, by_stranger
from nagorik.agency_client.ledger import CallLedger
from nagorik.agency_client.steps import step_key
from nagorik.agency_client.transport import RawHeaders
from nagorik.agency_client.wire import Adapters, Expected, Misfit, fit, is_empty_type, to_body
from nagorik.errors import PluginFault
from nagorik.operations import Idempotency

T = TypeVar("T")

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Headers = Mapping[str, str]
SUCCESS: Final = range(200, 300)
"""The statuses that bring what was asked for, unless a request names others."""
NOT_FOUND: Final = frozenset({404})
"""The statuses that say that a thing is absent, unless a request names others."""

_WRITING_METHODS: Final = frozenset({"PUT", "PATCH", "DELETE"})
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9\-_.]+")
_HEADER_VALUE: Final = re.compile(r"[\x20-\x7e]*")
_OWN_HEADERS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "cookie", "accept-encoding", "user-agent"}
)
_COMMON: Final[tuple[tuple[bytes, bytes], ...]] = (
    (b"User-Agent", b"nagorik/1"),
    (b"Accept-Encoding", b"gzip"),
)
_BODILESS: Final = frozenset({"GET", "DELETE"})


class Download:
    """A file from the agency.

    Attributes:
        content: Its bytes.
        content_type: Its media type as the agency labels it, without parameters and in lower case.
    """

    __slots__ = ("content", "content_type")

    def __init__(self, content: bytes, content_type: str | None) -> None:
        self.content = content
        self.content_type = content_type

    def __repr__(self) -> str:
        return f"<Download {self.content_type} {len(self.content)} bytes>"


class AgencyHttp:
    """The agency's HTTP interface within one call.

    Retries, keys, tokens, time limits and the size of answers are taken care of; which failures are tried again
    follows from the operation's declared class. Every method names its ``step``, the write's name in the plugin.

    Once the outcome of a write is unknown, no further write of the same call is sent: each raises the same
    ``OutcomeUnknown``. Reads stay allowed, so that a plugin can look the outcome up.

    All methods raise the errors of ``nagorik.errors`` and nothing else; ``PluginFault`` for a request that the
    plugin must not make.
    """

    __slots__ = ("_adapters", "_addresses", "_answers", "_call", "_equipment", "_header", "_key", "_kind", "_plugin")

    def __init__(
        self,
        *,
        plugin: str,
        equipment: Equipment,
        addresses: AddressBook,
        adapters: Adapters,
        answers: Answers | None,
        key_header: str,
        call: Call,
        kind: Idempotency | None,
        key: str | None,
    ) -> None:
        self._plugin = plugin
        self._equipment = equipment
        self._addresses = addresses
        self._adapters = adapters
        self._answers = answers
        self._header = key_header
        self._call = call
        self._kind = kind
        self._key = key

    @property
    def ledger(self) -> CallLedger:
        """What this call has done at the agency so far."""
        return self._call.ledger

    def key_of(self, step: str) -> str:
        """The idempotency key of a step of this call, as the agency sees it; a look-up may need it."""
        if self._key is None:
            raise PluginFault("no-key", plugin=self._plugin)
        return step_key(self._key, step)

    async def read(
        self,
        step: str,
        method: Method,
        path: str,
        *,
        expect: Expected[T],
        params: Params | None = None,
        json: object = None,
        form: Params | None = None,
        headers: Headers | None = None,
        accept: Collection[int] = SUCCESS,
    ) -> T:
        """Ask the agency something that has no effect there, whatever the HTTP method; tried again as a read.

        Args:
            step: A name for it, such as ``find``.
            method: The HTTP method.
            path: Below the base address, or an absolute URL whose host the manifest lists.
            expect: The type of the answer; ``type(None)`` when no body matters.
            params: Query fields.
            json: The body as JSON: a model, or plain values.
            form: The body as form fields, instead of ``json``.
            headers: Further headers, printable ASCII.
            accept: Statuses that bring what is asked for.
        """
        plan = self._plan(Idempotency.SAFE, step, method, path, params=params, headers=headers, json=json, form=form)
        reader = self._reader(expect)
        judge: Judge[T] = self._judge(reader, accept)
        exchange = Exchange(self._equipment, self._call, plan, judge)
        return await exchange.run()

    async def read_or_none(
        self,
        step: str,
        method: Method,
        path: str,
        *,
        expect: Expected[T],
        params: Params | None = None,
        json: object = None,
        form: Params | None = None,
        headers: Headers | None = None,
        accept: Collection[int] = SUCCESS,
        absent: Collection[int] = NOT_FOUND,
    ) -> T | None:
        """As ``read``, but ``None`` when the agency says that there is no such thing.

        A status in ``absent`` counts only with a body that is JSON or empty: the page of a proxy that does not
        know the agency says nothing about the thing, and is a ``ContractViolation``.
        """
        plan = self._plan(Idempotency.SAFE, step, method, path, params=params, headers=headers, json=json, form=form)
        judge = self._judge(cast("Callable[[Answer], T | None]", self._reader(expect)), accept, absent)
        return await Exchange(self._equipment, self._call, plan, judge).run()

    async def write(
        self,
        step: str,
        method: Method,
        path: str,
        *,
        expect: Expected[T],
        params: Params | None = None,
        json: object = None,
        form: Params | None = None,
        headers: Headers | None = None,
        accept: Collection[int] = SUCCESS,
    ) -> T:
        """Have an effect at the agency, under the class that the manifest declares for this operation.

        With native keys, the step's key travels in the manifest's header, the same on every attempt. Takes the
        arguments of ``read``.

        Raises:
            OutcomeUnknown: The agency may have processed it, or an earlier write of this call.
            PluginFault: ``write-in-read-operation``; ``step-repeated`` for a second write of a step that is
                being written or was, unless the agency has native keys.
        """
        kind = self._kind
        if kind is None:
            raise PluginFault("write-in-read-operation", plugin=self._plugin)
        plan = self._plan(kind, step, method, path, params=params, headers=headers, json=json, form=form)
        reader = self._reader(expect)
        judge: Judge[T] = self._judge(reader, accept, in_doubt=kind is not Idempotency.SAFE)
        exchange = Exchange(self._equipment, self._call, plan, judge)
        if kind is Idempotency.SAFE:
            return await exchange.run()
        ledger = self._call.ledger
        if ledger.unknown is not None:
            raise ledger.unknown
        if step in ledger.steps and kind is not Idempotency.NATIVE:
            raise PluginFault("step-repeated", plugin=self._plugin)
        ledger.steps.add(step)
        ledger.in_flight += 1
        done = False
        try:
            written = await exchange.run()
            done = True
        finally:
            ledger.in_flight -= 1
            # A step that provably had no effect may be written again.
            if not done and ledger.unknown is None:
                ledger.steps.discard(step)
        return written

    async def download(
        self,
        step: str,
        path: str,
        *,
        params: Params | None = None,
        headers: Headers | None = None,
        accept: Collection[int] = SUCCESS,
        limit: int | None = None,
    ) -> Download:
        """Fetch a file with ``GET``; tried again as a read.

        Args:
            step: A name for it.
            path: Below the base address, or an absolute URL, such as a presigned one, whose host the manifest
                lists. The agency's token goes to the base address only.
            params: Query fields.
            headers: Further headers, printable ASCII.
            accept: Statuses that bring the file.
            limit: The most bytes to read, where it differs from the manifest's ``response_bytes``.
        """
        plan = self._plan(
            Idempotency.SAFE, step, "GET", path, params=params, headers=headers, limit=limit, wants=b"*/*"
        )
        return await Exchange(self._equipment, self._call, plan, self._judge(_file, accept)).run()

    def _plan(
        self,
        kind: Idempotency,
        step: str,
        method: Method,
        path: str,
        *,
        params: Params | None,
        headers: Headers | None,
        json: object = None,
        form: Params | None = None,
        limit: int | None = None,
        wants: bytes = b"application/json",
    ) -> Plan:
        if kind is Idempotency.SAFE and method in _WRITING_METHODS:
            raise PluginFault("writing-method-in-read", plugin=self._plugin)
        address = self._addresses.resolve(path, params)
        raw: RawHeaders = [(b"Host", address.host), (b"Accept", wants), *_COMMON]
        body: bytes | None = None
        if json is not None:
            body = self._body(json)
            raw.append((b"Content-Type", b"application/json"))
        elif form is not None:
            body = encode(form).encode("ascii")
            raw.append((b"Content-Type", b"application/x-www-form-urlencoded"))
        if body is not None or method not in _BODILESS:
            raw.append((b"Content-Length", str(len(body or b"")).encode("ascii")))
        if headers:
            raw.extend(self._checked(headers))
        if kind is Idempotency.NATIVE:
            raw.append((self._header.encode("ascii"), self.key_of(step).encode("ascii")))
        return Plan(kind, step, method, address, raw, body, limit or self._equipment.response_bytes)

    def _body(self, value: object) -> bytes:
        try:
            return to_body(value)
        except TypeError:
            fault = PluginFault("body-not-json", plugin=self._plugin)
        raise fault

    def _checked(self, headers: Headers) -> RawHeaders:
        for name, value in headers.items():
            own = name.lower() in _OWN_HEADERS or name.lower() == self._header.lower()
            if own or _HEADER_NAME.fullmatch(name) is None or _HEADER_VALUE.fullmatch(value) is None:
                raise PluginFault("header-not-allowed", plugin=self._plugin)
        return [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]

    def _reader(self, expect: Expected[T]) -> Callable[[Answer], T]:
        if is_empty_type(expect):
            return lambda _answer: cast("T", None)
        adapter: TypeAdapter[T] = self._adapters.of(expect)
        return lambda answer: fit(answer, adapter)

    def _judge(
        self,
        read: Callable[[Answer], T],
        accept: Collection[int],
        absent: Collection[int] = (),
        *,
        in_doubt: bool = False,
    ) -> Judge[T]:
        def judge(answer: Answer, address: Address) -> T | Failed:
            if self._answers is not None:
                told = by_plugin(answer, self._answers)
                if told is not None:
                    return told
            if answer.status in accept:
                try:
                    return read(answer)
                except Misfit as misfit:
                    return broken(misfit.detail)
            if answer.status in absent:
                if answer.body and answer.document is None:
                    return broken(f"http-{answer.status}-not-json")
                return cast("T", None)
            stranger = by_stranger(answer) if in_doubt else None
            return stranger or by_status(answer, address.host, self._equipment.clock.now())

        return judge

    def __repr__(self) -> str:
        return f"<AgencyHttp {self._plugin}>"


def _file(answer: Answer) -> Download:
    media_type = answer.content_type
    return Download(answer.body, None if media_type is None else media_type.partition(";")[0].strip().lower())
