"""``context.http`` as the platform keeps it, bound to one call."""

import re
from collections.abc import Callable, Collection
from typing import Final, TypeVar, cast

from nagorik.errors import PluginFault
from nagorik.http import (
    NOT_FOUND,
    SUCCESS,
    AgencyHttp,
    AgencyResponse,
    Download,
    ErrorReader,
    Expected,
    Headers,
    Method,
    Params,
)
from nagorik.operations import Idempotency
from nagorik.privacy import is_code
from nagorik_platform.agency_client.bodies import Adapters, ResponseMismatch, is_empty_type, parse_response, to_body
from nagorik_platform.agency_client.classify import FailedAttempt, broken, from_intermediary, from_plugin, from_status
from nagorik_platform.agency_client.egress import EgressRules, EgressTarget, encode
from nagorik_platform.agency_client.exchange import CallState, Classifier, ClientResources, HttpExchange, RequestPlan
from nagorik_platform.agency_client.ledger import CallLedger, step_key
from nagorik_platform.agency_client.transport import RawHeaders

T = TypeVar("T")

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


class CallHttp(AgencyHttp):
    """One call's ``AgencyHttp``: each request becomes a plan and an exchange, and its answer is classified."""

    __slots__ = (
        "_adapters",
        "_call",
        "_egress",
        "_error_reader",
        "_header",
        "_key",
        "_kind",
        "_plugin",
        "_resources",
    )

    def __init__(
        self,
        *,
        plugin: str,
        resources: ClientResources,
        egress: EgressRules,
        adapters: Adapters,
        error_reader: ErrorReader | None,
        key_header: str,
        call: CallState,
        kind: Idempotency | None,
        key: str | None,
    ) -> None:
        self._plugin = plugin
        self._resources = resources
        self._egress = egress
        self._adapters = adapters
        self._error_reader = error_reader
        self._header = key_header
        self._call = call
        self._kind = kind
        self._key = key

    @property
    def ledger(self) -> CallLedger:
        """What this call has done at the agency so far."""
        return self._call.ledger

    def key_of(self, step: str) -> str:
        """As ``AgencyHttp.key_of``."""
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
        """As ``AgencyHttp.read``."""
        plan = self._plan(Idempotency.SAFE, step, method, path, params=params, headers=headers, json=json, form=form)
        reader = self._reader(expect)
        classifier: Classifier[T] = self._classifier(reader, accept)
        exchange = HttpExchange(self._resources, self._call, plan, classifier)
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
        """As ``AgencyHttp.read_or_none``."""
        plan = self._plan(Idempotency.SAFE, step, method, path, params=params, headers=headers, json=json, form=form)
        classifier = self._classifier(
            cast("Callable[[AgencyResponse], T | None]", self._reader(expect)), accept, absent
        )
        return await HttpExchange(self._resources, self._call, plan, classifier).run()

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
        """As ``AgencyHttp.write``."""
        kind = self._kind
        if kind is None:
            raise PluginFault("write-in-read-operation", plugin=self._plugin)
        plan = self._plan(kind, step, method, path, params=params, headers=headers, json=json, form=form)
        reader = self._reader(expect)
        classifier: Classifier[T] = self._classifier(reader, accept, in_doubt=kind is not Idempotency.SAFE)
        exchange = HttpExchange(self._resources, self._call, plan, classifier)
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
        """As ``AgencyHttp.download``."""
        plan = self._plan(
            Idempotency.SAFE, step, "GET", path, params=params, headers=headers, limit=limit, wants=b"*/*"
        )
        return await HttpExchange(self._resources, self._call, plan, self._classifier(_file, accept)).run()

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
    ) -> RequestPlan:
        if not is_code(step):  # which errors name, and keys are made of
            raise PluginFault("step-not-a-code", plugin=self._plugin)
        if kind is Idempotency.SAFE and method in _WRITING_METHODS:
            raise PluginFault("writing-method-in-read", plugin=self._plugin)
        address = self._egress.resolve(path, params)
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
        return RequestPlan(kind, step, method, address, raw, body, limit or self._resources.response_bytes)

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

    def _reader(self, expect: Expected[T]) -> Callable[[AgencyResponse], T]:
        if is_empty_type(expect):
            return lambda _answer: cast("T", None)
        validator = self._adapters.of(expect)
        return lambda answer: parse_response(answer, validator)

    def _classifier(
        self,
        read: Callable[[AgencyResponse], T],
        accept: Collection[int],
        absent: Collection[int] = (),
        *,
        in_doubt: bool = False,
    ) -> Classifier[T]:
        def classify(answer: AgencyResponse, address: EgressTarget) -> T | FailedAttempt:
            if self._error_reader is not None:
                recognised = from_plugin(answer, self._error_reader)
                if recognised is not None:
                    return recognised
            if answer.status in accept:
                try:
                    return read(answer)
                except ResponseMismatch as mismatch:
                    return broken(mismatch.detail)
            if answer.status in absent:
                if answer.body and answer.document is None:
                    return broken(f"http-{answer.status}-not-json")
                return cast("T", None)
            intermediary = from_intermediary(answer) if in_doubt else None
            return intermediary or from_status(answer, address.host, self._resources.clock.now())

        return classify

    def __repr__(self) -> str:
        return f"<CallHttp {self._plugin}>"


def _file(answer: AgencyResponse) -> Download:
    media_type = answer.content_type
    return Download(answer.body, None if media_type is None else media_type.partition(";")[0].strip().lower())
