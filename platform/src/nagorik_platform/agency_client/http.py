"""``context.http`` as the platform keeps it, bound to one call."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, TypeVar, Unpack, cast, get_args

from nagorik.errors import PluginFault
from nagorik.http import (
    NOT_FOUND,
    SUCCESS,
    AgencyHttp,
    AgencyResponse,
    AnswerReader,
    Download,
    Expected,
    Headers,
    Method,
    Params,
    RequestOptions,
)
from nagorik.operations import Idempotency
from nagorik.privacy import is_code
from nagorik_platform.agency_client.bodies import ResponseMismatch, to_json
from nagorik_platform.agency_client.classify import FailedAttempt, broken, from_intermediary, from_plugin, from_status
from nagorik_platform.agency_client.egress import EgressTarget, encode
from nagorik_platform.agency_client.exchange import CallState, Classifier, ClientResources, HttpExchange
from nagorik_platform.agency_client.headers import RawHeaders, raw_headers, with_headers
from nagorik_platform.agency_client.ledger import CallLedger, step_key
from nagorik_platform.agency_client.multipart import MultipartBody, OpenDocument, to_body
from nagorik_platform.agency_client.readers import read_answer, reader_of
from nagorik_platform.agency_client.transport import FileResponse

T = TypeVar("T")

_METHODS: Final = frozenset(get_args(Method))
_WRITING_METHODS: Final = frozenset({"PUT", "PATCH", "DELETE"})
_COMMON: Final = ((b"User-Agent", b"nagorik/1"), (b"Accept-Encoding", b"gzip"))
_BODILESS: Final = frozenset({"GET", "DELETE"})
BODIES: Final = ("json", "form", "xml", "parts", "body")
"""The options that are a body."""


@dataclass(frozen=True, slots=True, repr=False)
class CallHttp(AgencyHttp):
    """One call's ``AgencyHttp``: each request becomes a plan and an exchange, and its response is classified."""

    resources: ClientResources
    call: CallState
    open_document: OpenDocument
    kind: Idempotency | None
    key: str | None

    @property
    def ledger(self) -> CallLedger:
        """What this call has done at the agency so far."""
        return self.call.ledger

    def key_of(self, step: str) -> str:
        """As ``AgencyHttp.key_of``."""
        if self.key is None:
            raise self._fault("no-key")
        return step_key(self.key, step)

    async def read(
        self, step: str, method: Method, path: str, *, expect: Expected[T], **options: Unpack[RequestOptions]
    ) -> T:
        """As ``AgencyHttp.read``."""
        return await self._exchange(Idempotency.SAFE, expect, step, method, path, options).run()

    async def read_or_none(
        self,
        step: str,
        method: Method,
        path: str,
        *,
        expect: Expected[T],
        absent: Collection[int] = NOT_FOUND,
        **options: Unpack[RequestOptions],
    ) -> T | None:
        """As ``AgencyHttp.read_or_none``."""
        return await self._exchange(Idempotency.SAFE, expect, step, method, path, options, absent=absent).run()

    async def prepare(
        self, step: str, method: Method, path: str, *, expect: Expected[T], **options: Unpack[RequestOptions]
    ) -> T:
        """As ``AgencyHttp.prepare``."""
        if self.kind is None:
            raise self._fault("write-in-read-operation")
        if self.call.ledger.unknown is not None:
            raise self.call.ledger.unknown
        return await self._exchange(Idempotency.SAFE, expect, step, method, path, options, prepares=True).run()

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
        options = RequestOptions(params=params, headers=headers, accept=accept)
        most = limit or self.resources.response_bytes
        return await self._exchange(Idempotency.SAFE, _FileReader(), step, "GET", path, options, limit=most).run()

    async def write(
        self, step: str, method: Method, path: str, *, expect: Expected[T], **options: Unpack[RequestOptions]
    ) -> T:
        """As ``AgencyHttp.write``."""
        if self.kind is None:
            raise self._fault("write-in-read-operation")
        exchange = self._exchange(self.kind, expect, step, method, path, options)
        if self.kind is Idempotency.SAFE:
            return await exchange.run()
        ledger = self.call.ledger
        if ledger.unknown is not None:
            raise ledger.unknown
        if step in ledger.steps and self.kind is not Idempotency.NATIVE:
            raise self._fault("step-repeated")
        ledger.steps.add(step)
        ledger.in_flight += 1
        try:
            return await exchange.run()
        except BaseException:
            if ledger.unknown is None:  # a step that provably had no effect may be written again
                ledger.steps.discard(step)
            raise
        finally:
            ledger.in_flight -= 1

    def _exchange(
        self,
        kind: Idempotency,
        expect: Expected[T],
        step: str,
        method: Method,
        path: str,
        options: RequestOptions,
        *,
        absent: Collection[int] = (),
        limit: int | None = None,
        prepares: bool = False,
    ) -> HttpExchange[T]:
        reader = reader_of(expect, self.resources.plugin)
        if not is_code(step):  # which errors name, and keys are made of
            raise self._fault("step-not-a-code")
        if method not in _METHODS:
            raise self._fault("method-not-allowed")
        if kind is Idempotency.SAFE and method in _WRITING_METHODS and not prepares:
            raise self._fault("writing-method-in-read")
        address = self.resources.egress.resolve(path, options.get("params"))
        raw: RawHeaders = [(b"Host", address.host), *self._checked({"Accept": reader.accept}), *_COMMON]
        body, belonging = self._body(options)
        raw.extend(self._checked(belonging))
        if body is not None or method not in _BODILESS:
            size = body.size if isinstance(body, MultipartBody) else len(body or b"")
            raw.append((b"Content-Length", str(size).encode("ascii")))
        if headers := options.get("headers"):
            raw = with_headers(raw, self._checked(headers))
        if kind is Idempotency.NATIVE:
            raw.append((self.resources.key_header.encode("ascii"), self.key_of(step).encode("ascii")))
        return HttpExchange(
            resources=self.resources,
            call=self.call,
            classifier=self._classifier(kind, reader, options, absent),
            kind=kind,
            step=step,
            method=method,
            address=address,
            headers=raw,
            body=body,
            file_limit=limit,
        )

    def _body(self, options: RequestOptions) -> tuple[bytes | MultipartBody | None, Headers]:
        """The one body that a request has, and the headers that go with it."""
        given = [name for name in BODIES if options.get(name) is not None]
        if len(given) > 1:
            raise self._fault("several-bodies")
        match given:
            case []:
                return None, {}
            case ["json"]:
                return to_json(options["json"]), {"Content-Type": "application/json"}
            case ["form"]:
                return encode(options["form"] or {}).encode(), {"Content-Type": "application/x-www-form-urlencoded"}
            case ["parts"]:
                parts = MultipartBody(options["parts"] or (), self.open_document)
                return parts, {"Content-Type": parts.content_type}
        body = to_body(options.get("xml") or options.get("body"))
        return body.content, {"Content-Type": body.content_type, **body.headers}

    def _checked(self, headers: Headers) -> RawHeaders:
        checked = raw_headers(headers, reserved=self.resources.key_header)
        if checked is None:
            raise self._fault("header-not-allowed")
        return checked

    def _classifier(
        self, kind: Idempotency, reader: AnswerReader[T], options: RequestOptions, absent: Collection[int]
    ) -> Classifier[T]:
        accept = options.get("accept", SUCCESS)

        def classify(answer: AgencyResponse, address: EgressTarget) -> T | FailedAttempt:
            # What is too large for memory is the file, and no error.
            reader_of_errors = None if isinstance(answer, FileResponse) else self.resources.error_reader
            if reader_of_errors is not None and (recognised := from_plugin(answer, reader_of_errors)) is not None:
                return recognised
            if answer.status in accept:
                try:
                    return read_answer(answer, reader)
                except ResponseMismatch as mismatch:
                    return broken(mismatch.detail)
            if answer.status in absent:
                if answer.body and not reader.recognises(answer):
                    return broken(f"http-{answer.status}-not-{reader.format}")
                return cast("T", None)
            intermediary = None if kind is Idempotency.SAFE else from_intermediary(answer, reader)
            return intermediary or from_status(answer, address.host, self.resources.clock.now())

        return classify

    def _fault(self, fault: str) -> PluginFault:
        return PluginFault(fault, plugin=self.resources.plugin)


class _FileReader:
    """Takes an answer as the file that it is."""

    format: Final = "file"
    accept: Final = "*/*"
    model: Any = None

    def read(self, answer: AgencyResponse) -> Download:
        media_type = answer.content_type
        content = answer.spool if isinstance(answer, FileResponse) else answer.body
        return Download(content, None if media_type is None else media_type.partition(";")[0].strip().lower())

    def recognises(self, answer: AgencyResponse) -> bool:
        return answer.document is not None
