"""``context.http`` as the platform keeps it, bound to one call."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any, Final, TypeVar, Unpack, cast, get_args

from nagorik.errors import AgencyUnavailable, Layer, NagorikError, PluginFault
from nagorik.http import (
    NOT_FOUND,
    SUCCESS,
    AgencyHttp,
    AgencyResponse,
    AnswerReader,
    Download,
    ErrorReader,
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
from nagorik_platform.agency_client.egress import EgressRules, EgressTarget, encode
from nagorik_platform.agency_client.exchange import CallState, Classifier, ClientResources, HttpExchange, RequestPlan
from nagorik_platform.agency_client.headers import RawHeaders, raw_headers, with_headers
from nagorik_platform.agency_client.ledger import CallLedger, step_key
from nagorik_platform.agency_client.multipart import MultipartBody, OpenDocument, to_body
from nagorik_platform.agency_client.readers import Readers, read_answer
from nagorik_platform.agency_client.retry_table import Failure
from nagorik_platform.agency_client.transport import FileBound, FileResponse

T = TypeVar("T")

_METHODS: Final = frozenset(get_args(Method))
_WRITING_METHODS: Final = frozenset({"PUT", "PATCH", "DELETE"})
_COMMON: Final[tuple[tuple[bytes, bytes], ...]] = (
    (b"User-Agent", b"nagorik/1"),
    (b"Accept-Encoding", b"gzip"),
)
_BODILESS: Final = frozenset({"GET", "DELETE"})
BODIES: Final = ("json", "form", "xml", "parts", "body")
"""The options that are a body."""


class CallHttp(AgencyHttp):
    """One call's ``AgencyHttp``: each request becomes a plan and an exchange, and its answer is classified."""

    __slots__ = (
        "_call",
        "_egress",
        "_error_reader",
        "_header",
        "_key",
        "_kind",
        "_open_document",
        "_plugin",
        "_readers",
        "_resources",
    )

    def __init__(
        self,
        *,
        plugin: str,
        resources: ClientResources,
        egress: EgressRules,
        readers: Readers,
        open_document: OpenDocument,
        error_reader: ErrorReader | None,
        key_header: str,
        call: CallState,
        kind: Idempotency | None,
        key: str | None,
    ) -> None:
        self._plugin = plugin
        self._resources = resources
        self._egress = egress
        self._readers = readers
        self._open_document = open_document
        self._error_reader = error_reader
        self._header = key_header
        self._call = call
        self._kind = kind
        self._key = key

    @property
    def ledger(self) -> CallLedger:
        """What this call has done at the agency so far."""
        return self._call.ledger

    def cut_off(self) -> None:
        """The call is over: of what a plugin has left under way nothing more leaves the machine."""
        self._call.cut_off()

    def key_of(self, step: str) -> str:
        """As ``AgencyHttp.key_of``."""
        if self._key is None:
            raise PluginFault("no-key", plugin=self._plugin)
        return step_key(self._key, step)

    async def read(
        self, step: str, method: Method, path: str, *, expect: Expected[T], **options: Unpack[RequestOptions]
    ) -> T:
        """As ``AgencyHttp.read``."""
        reader = self._readers.of(expect)
        plan = await self._plan(Idempotency.SAFE, step, method, path, options, wants=reader.accept)
        classifier = self._classifier(reader, options)
        return await HttpExchange(self._resources, self._call, plan, classifier).run()

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
        reader = cast("AnswerReader[T | None]", self._readers.of(expect))
        plan = await self._plan(Idempotency.SAFE, step, method, path, options, wants=reader.accept)
        classifier = self._classifier(reader, options, absent)
        return await HttpExchange(self._resources, self._call, plan, classifier).run()

    async def write(
        self, step: str, method: Method, path: str, *, expect: Expected[T], **options: Unpack[RequestOptions]
    ) -> T:
        """As ``AgencyHttp.write``."""
        kind = self._kind
        if kind is None:
            raise PluginFault("write-in-read-operation", plugin=self._plugin)
        reader = self._readers.of(expect)
        plan = await self._plan(kind, step, method, path, options, wants=reader.accept)
        classifier = self._classifier(reader, options, in_doubt=kind is not Idempotency.SAFE)
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
        options = RequestOptions(params=params, headers=headers, accept=accept)
        plan = await self._plan(Idempotency.SAFE, step, "GET", path, options, wants=_FileReader.accept)
        plan = replace(plan, file=FileBound(accept, limit or self._resources.response_bytes))
        classifier: Classifier[Download] = self._classifier(_FileReader(), options)
        return await HttpExchange(self._resources, self._call, plan, classifier).run()

    async def _plan(
        self,
        kind: Idempotency,
        step: str,
        method: Method,
        path: str,
        options: RequestOptions,
        *,
        wants: str,
    ) -> RequestPlan:
        if not isinstance(cast("object", step), str) or not is_code(step):  # which errors name, and keys are made of
            raise PluginFault("step-not-a-code", plugin=self._plugin)
        if not isinstance(cast("object", method), str) or method not in _METHODS:
            raise PluginFault("method-not-allowed", plugin=self._plugin)
        if kind is Idempotency.SAFE and method in _WRITING_METHODS:
            raise PluginFault("writing-method-in-read", plugin=self._plugin)
        address = self._egress.resolve(path, options.get("params"))
        raw: RawHeaders = [(b"Host", address.host), *self._checked({"Accept": wants}), *_COMMON]
        body, belonging = self._body(options)
        raw.extend(self._checked(belonging))
        if body is not None or method not in _BODILESS:
            size = body.size if isinstance(body, MultipartBody) else len(body or b"")
            raw.append((b"Content-Length", str(size).encode("ascii")))
        headers = options.get("headers")
        if headers:
            raw = with_headers(raw, self._checked(headers))
        if kind is Idempotency.NATIVE:
            raw.append((self._header.encode("ascii"), self.key_of(step).encode("ascii")))
        if isinstance(body, MultipartBody):
            await self._documents_are_there(body)
        return RequestPlan(kind, step, method, address, raw, body)

    def _body(self, options: RequestOptions) -> tuple[bytes | MultipartBody | None, Headers]:
        """The one body that a request has, and the headers that go with it."""
        given = [name for name in BODIES if options.get(name) is not None]
        if not given:
            return None, {}
        if len(given) > 1:
            raise PluginFault("several-bodies", plugin=self._plugin)
        try:
            return self._encoded(given[0], options)
        except PluginFault:
            raise
        except Exception:  # noqa: BLE001 - a plugin's body may raise anything, with anything in its text
            fault = PluginFault("body-not-json" if given[0] == "json" else "body-not-sendable", plugin=self._plugin)
        raise fault

    def _encoded(self, given: str, options: RequestOptions) -> tuple[bytes | MultipartBody, Headers]:
        match given:
            case "json":
                return to_json(options["json"]), {"Content-Type": "application/json"}
            case "form":
                form = encode(options["form"] or {}).encode("ascii")
                return form, {"Content-Type": "application/x-www-form-urlencoded"}
            case "parts":
                parts = MultipartBody(options["parts"] or (), self._open_document)
                return parts, {"Content-Type": parts.content_type}
            case _:
                body = to_body(options["xml"] if given == "xml" else options["body"])
                return body.content, {"Content-Type": body.content_type, **body.headers}

    async def _documents_are_there(self, body: MultipartBody) -> None:
        """See that what is going to be streamed can be, while nothing is sent.

        Raises:
            AgencyUnavailable: A document cannot be read, or is not what it was; the application is kept.
        """
        try:
            await body.check()
        except NagorikError:
            raise
        except Exception:  # noqa: BLE001 - a host's store may raise anything, with a path in its text
            error: AgencyUnavailable | None = AgencyUnavailable(because=Failure.BODY.value, layer=Layer.CORE)
        else:
            error = None
        if error is not None:
            raise error

    def _checked(self, headers: Headers) -> RawHeaders:
        checked = raw_headers(headers, reserved=self._header)
        if checked is None:
            raise PluginFault("header-not-allowed", plugin=self._plugin)
        return checked

    def _classifier(
        self,
        reader: AnswerReader[T],
        options: RequestOptions,
        absent: Collection[int] = (),
        *,
        in_doubt: bool = False,
    ) -> Classifier[T]:
        accept = options.get("accept", SUCCESS)

        def classify(answer: AgencyResponse, address: EgressTarget) -> T | FailedAttempt:
            # What is too large for memory is the file, and no error.
            if self._error_reader is not None and not isinstance(answer, FileResponse):
                recognised = from_plugin(answer, self._error_reader)
                if recognised is not None:
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
            intermediary = from_intermediary(answer, reader) if in_doubt else None
            return intermediary or from_status(answer, address.host, self._resources.clock.now())

        return classify

    def __repr__(self) -> str:
        return f"<CallHttp {self._plugin}>"


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
