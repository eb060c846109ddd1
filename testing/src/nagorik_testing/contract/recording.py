"""What a plugin and its agency say to each other, written down without anybody in it.

The words that the plugin's own code and tables hold are nobody's secret, and are kept.
"""

import ast
import codecs
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import httpx
from pydantic import JsonValue, SecretStr
from pydantic.alias_generators import to_camel, to_pascal
from pydantic_core import from_json, to_json

from nagorik import NagorikError, Operation
from nagorik.data_files import parse_document, read_file
from nagorik.manifest import AnyOffer, PublicService
from nagorik.settings import AgencySettings
from nagorik.values import Identifier, dhaka_date
from nagorik_platform.plugin_settings import load_settings
from nagorik_platform.registry import Imported, resolve_object
from nagorik_testing.contract.calls import call_operation
from nagorik_testing.contract.checks.inspection import leaves
from nagorik_testing.contract.live import LIVE, NotPlayed
from nagorik_testing.contract.preparations import prepare_operation
from nagorik_testing.contract.rig import Rig, another_application, is_login
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NothingThere, NotReachable
from nagorik_testing.simulator.exchanges import (
    BYTE_ORDER_MARK,
    Exchange,
    ExchangeRequest,
    ExchangeResponse,
    Provenance,
    fields_of,
)
from nagorik_testing.simulator.scrubbing import Known, Scrubber, names_in
from nagorik_testing.wire.codec import Codec, Format, JsonFormat, media_type_of

LONGEST: Final = 40
LONGEST_URI: Final = 200
_PATH: Final = re.compile(r"[/\s]+")
_URI: Final = re.compile(r"[a-z][a-z0-9+.-]*:[^\s:]\S*")


def constants_of(package: Path) -> frozenset[str]:
    """Short strings and URIs of a package's modules and TOML tables, the segments of its paths, its models' fields.

    Its simulator is left out: what an agency may say is known only where the plugin reads it.

    Raises:
        OSError: A file of code cannot be read.
        DataFileInvalid: A data file cannot.
    """
    found: set[str] = set()
    for file in sorted(package.rglob("*.py")):
        if "simulator" not in file.relative_to(package).as_posix():
            found.update(_of_code(file.read_text("utf-8")))
    for file in sorted(package.rglob("*.toml")):
        found.update(_of_table(parse_document(read_file(file), file.name)))
    short = {text for text in found if 0 < len(text) <= (LONGEST_URI if _URI.fullmatch(text) else LONGEST)}
    return frozenset(short | {segment for text in found if "/" in text for segment in _PATH.split(text) if segment})


def _of_code(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield from {node.target.id, to_camel(node.target.id), to_pascal(node.target.id)}


def _of_table(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield str(name)
            yield from _of_table(part)
    elif isinstance(value, list):
        for part in value:
            yield from _of_table(part)


_JSON: Final = "json"
ANOTHER_SEED: Final = 1
"""Of the applicant whose answers show which names of fields are somebody's."""
_SHORTEST_FORM_VALUE: Final = 4
"""Characters from which on what the form says is looked for in answers; shorter ones are choices such as ``yes``."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One run of everything that a plugin can ask.

    Attributes:
        exchanges: What passed, each kind once, in the order of the manifest.
        called: Operations that were called for at least one offer.
        skipped: Operations that were not called, each with the reason: ``nid.reissue status``.
        failed: Operations that ended in an error, each with its code.
    """

    exchanges: tuple[Exchange, ...]
    called: frozenset[Operation]
    skipped: Mapping[str, str]
    failed: Mapping[str, str]

    @property
    def whole(self) -> frozenset[Operation]:
        """Operations that were withheld from no offer: what is not seen of them now is gone."""
        withheld = {name.partition(" ")[2] for name, reason in self.skipped.items() if reason.startswith(LIVE)}
        return frozenset(operation for operation in self.called if operation.value not in withheld)


@dataclass(slots=True)
class Heard:
    """One request and its answer, as they passed; ``body`` without its content encoding."""

    request: httpx.Request
    sent: bytes
    status: int
    headers: httpx.Headers
    body: bytes


@dataclass(slots=True)
class Recorder:
    """Takes down what passes through the transports that it is put around, while it is switched on."""

    on: bool = False
    heard: list[Heard] = field(default_factory=list)

    def around(self, transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        """The same transport, overheard."""
        return _RecordingTransport(transport, self)


class _RecordingTransport(httpx.AsyncBaseTransport):
    def __init__(self, inner: httpx.AsyncBaseTransport, recorder: Recorder) -> None:
        self._inner = inner
        self._recorder = recorder

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        if not self._recorder.on:
            return response
        raw = b"".join([part async for part in response.aiter_raw()])
        await response.aclose()
        body = httpx.Response(response.status_code, headers=response.headers, content=raw).content
        self._recorder.heard.append(Heard(request, request.content, response.status_code, response.headers, body))
        return httpx.Response(
            response.status_code, headers=response.headers.raw, stream=httpx.ByteStream(raw), request=request
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


async def record_run(subject: Subject) -> Recording:
    """Call every operation that may be called, once for each offer, and write down what passes.

    Raises:
        OSError: A module of the plugin, whose words are kept, cannot be read.
    """
    recorder = Recorder()
    tapped = replace(subject, tap=recorder.around)
    constants = known_words(subject)
    found: dict[bytes, Exchange] = {}
    called: set[Operation] = set()
    skipped: dict[str, str] = {}
    failed: dict[str, str] = {}
    for offer in subject.manifest.offers:
        withheld = {} if subject.live is None else subject.live.withheld(offer)
        for operation in sorted(offer.operations):
            name = f"{offer.id} {operation.value}"
            if operation in withheld:
                skipped[name] = withheld[operation]
                continue
            try:
                heard, wrong = await _call(tapped, recorder, offer, operation, constants)
            except (NothingThere, NotPlayed) as reason:
                skipped[name] = str(reason)
                continue
            except NotImplementedError:
                failed[name] = f"there is no example of {offer.id}"
                continue
            except NotReachable as missing:
                failed[name] = str(missing)
                continue
            called.add(operation)
            if wrong:
                failed[name] = wrong
            for exchange in heard:
                found.setdefault(to_json(exchange), exchange)
    return Recording(tuple(found.values()), frozenset(called), skipped, failed)


def known_words(subject: Subject) -> frozenset[str]:
    """The strings that the plugin's own code holds."""
    found = subject.registry.record(subject.manifest.id)
    return frozenset() if found is None or found.directory is None else constants_of(found.directory)


async def _call(
    subject: Subject, recorder: Recorder, offer: AnyOffer, operation: Operation, constants: frozenset[str]
) -> tuple[list[Exchange], str]:
    """The exchanges of one operation, and in what error it ended, if in one: the answer is then of most interest."""
    async with open_rig(subject, offer.id) as rig:
        day = dhaka_date(rig.clock.now())
        await prepare_operation(rig, operation)
        recorder.heard.clear()
        recorder.on = True
        try:
            end = await call_operation(rig, operation)
        finally:
            recorder.on = False
        wrong = ""
        if end.error is not None:
            wrong = (
                f"it ends in {end.error.code if isinstance(end.error, NagorikError) else type(end.error).__name__}"
            )
        heard = list(recorder.heard)
        others = await _names_for_another(subject, recorder, offer, operation)
        varying = frozenset[str]() if others is None else _names_in(subject, heard) ^ others
        scrubber = Scrubber(_known(subject, offer, rig), constants, varying)
        return [_exchange(subject, offer, operation, each, scrubber, day) for each in heard], wrong


async def _names_for_another(
    subject: Subject, recorder: Recorder, offer: AnyOffer, operation: Operation
) -> frozenset[str] | None:
    """The names of the fields in what is sent and answered for another applicant.

    ``None`` where that is not learned: a live agency is not asked a second time, since a write would be a second one.
    """
    if subject.live is not None:
        return None
    async with open_rig(subject, offer.id, seed=ANOTHER_SEED) as rig:
        rig.references = another_application(rig.references)
        rig.payment = str(rig.references.idempotency_key)
        try:
            await prepare_operation(rig, operation)
        except (NothingThere, NotReachable):
            return None
        recorder.heard.clear()
        recorder.on = True
        try:
            await call_operation(rig, operation)
        finally:
            recorder.on = False
        return _names_in(subject, recorder.heard)


def _names_in(subject: Subject, heard: Iterable[Heard]) -> frozenset[str]:
    """The names of all fields in the documents that were sent and answered."""
    codec = subject.simulator.codec
    found: set[str] = set()
    for each in heard:
        found.update(_fields_of(_sent(each, codec)))
        try:
            found.update(_fields_of(codec.answers.read(each.body, each.headers.get("content-type", ""))))
        except ValueError:
            continue  # a paper, or a page
    return frozenset(found)


def _fields_of(document: JsonValue) -> Iterator[str]:
    return (step for at, _ in leaves(document) for step in at if isinstance(step, str))


def _exchange(
    subject: Subject, offer: AnyOffer, operation: Operation, heard: Heard, scrubber: Scrubber, day: date
) -> Exchange:
    url = heard.request.url
    asked = url.path.removeprefix(_base_path(subject))
    method = heard.request.method
    login = is_login(f"{method} {asked}")
    provenance, source = _provenance(subject, offer)
    media = heard.headers.get("content-type")
    return Exchange.model_validate(
        {
            "operation": None if login else operation,
            "request": ExchangeRequest.model_validate(
                {
                    "method": method,
                    "path": scrubber.path(asked),
                    "query": _query_names(url.query, scrubber),
                    "fields": fields_of(scrubber.value(_sent(heard, subject.simulator.codec))),
                }
            ),
            "response": ExchangeResponse(
                status=heard.status,
                headers={} if media is None else {"content-type": _media(media, scrubber)},
                body=answered(heard, subject.simulator.codec.answers, scrubber),
            ),
            "provenance": provenance,
            "source": source,
            "as_of": day,
        }
    )


def _provenance(subject: Subject, offer: AnyOffer) -> tuple[Provenance, str]:
    """A simulator proves nothing of its agency, whatever is recorded from it."""
    command = f"nagorik contract {subject.manifest.id} --record"
    if subject.live is not None:
        return Provenance.RECORDED, f"{command}, from the agency's own sandbox"
    wire = (offer.evidence or subject.manifest.evidence).value
    known = Provenance.FROM_SPEC if wire == "from-spec" else Provenance.ASSUMED
    return known, f"{command}, from the simulator ({wire})"


def _base_path(subject: Subject) -> str:
    return "" if subject.live is None else urlsplit(subject.live.base_url).path.rstrip("/")


def answered(heard: Heard, answers: Format, scrubber: Scrubber) -> str:
    """An answer written anew, without anybody in it and in the agency's own format; empty where it is in another.

    What it is labelled as decides nothing: many an agency labels JSON as a page. A byte order mark tells of JSON that
    had one, or came in another encoding than UTF-8.
    """
    if not heard.body:
        return ""
    try:
        encoding = json.detect_encoding(heard.body)
        mark = "" if encoding == "utf-8" else BYTE_ORDER_MARK
        content: JsonValue = from_json(heard.body.decode(encoding))
        return mark + to_json(scrubber.value(content)).decode("utf-8")
    except ValueError:
        if isinstance(answers, JsonFormat):
            return ""
    try:
        return answers.scrubbed(heard.body, scrubber).decode("utf-8")
    except ValueError:
        return ""


def _query_names(query: bytes, scrubber: Scrubber) -> tuple[str, ...]:
    return tuple(sorted(scrubber.names(name for name, _ in parse_qsl(query.decode("ascii"))).values()))


def _sent(heard: Heard, codec: Codec) -> JsonValue:
    """What a request holds, as plain values; nothing where it is in none of the formats that the agency takes."""
    label = heard.request.headers.get("content-type", "")
    if "form" in media_type_of(label) and not any(each.takes(media_type_of(label)) for each in codec.requests):
        return dict(parse_qsl(heard.sent.decode("utf-8", "replace"), keep_blank_values=True))
    if not heard.sent or not label:
        return _json(heard.sent, heard.request.headers)
    try:
        return codec.read(heard.sent, label)
    except ValueError:
        return None


def _json(body: bytes, headers: httpx.Headers) -> JsonValue:
    if not body or _JSON not in headers.get("content-type", _JSON):
        return None
    try:
        parsed: JsonValue = from_json(body)
    except ValueError:
        return None
    return parsed


def _media(content_type: str, scrubber: Scrubber) -> str:
    """Media type and charset in one spelling; a multipart boundary would differ each time."""
    parts = [part.strip().lower() for part in content_type.split(";")]
    stated = [part.removeprefix("charset=") for part in parts[1:] if part.startswith("charset=")]
    return "; ".join([scrubber.media_type(parts[0]), *(f"charset={_charset(each)}" for each in stated)])


def _charset(name: str) -> str:
    """A character set that there is."""
    try:
        codecs.lookup(name.strip('"'))
    except LookupError:
        return "unknown"
    return name.strip('"')


def _known(subject: Subject, offer: AnyOffer, rig: Rig) -> Known:
    """Everything of somebody's that an answer about this rig may hold."""
    citizen, references = rig.citizen, rig.references
    people = [citizen.name, citizen.father, citizen.mother, citizen.spouse]
    birth_dates = [citizen.birth_date]
    identifiers: list[Identifier] = [citizen.full_nid, citizen.legacy_nid, citizen.smart_nid]
    phones = [citizen.phone]
    form: list[str] = []
    if isinstance(offer, PublicService):
        applicant = rig.draft.applicant
        people.append(applicant.name)
        birth_dates.append(applicant.birth_date)
        identifiers += applicant.identifiers
        phones += [] if applicant.phone is None else [applicant.phone]
        form = [
            value
            for _, value in leaves(dict(rig.draft.form))
            if isinstance(value, str) and len(value) >= _SHORTEST_FORM_VALUE and not value.islower()
        ]
    values = {
        "nid": [str(each.value) for each in identifiers],
        "birth-registration": [citizen.birth_registration.value],
        "phone": [shown for each in phones for shown in _forms_of(each.e164)],
        "name": names_in(text for person in people if person is not None for text in (person.en, person.bn)),
        "secret": list(_secrets(subject)),
        "reference": [
            known
            for known in (
                references.client_reference,
                references.agency_reference,
                str(references.idempotency_key),
                rig.payment,
            )
            if known
        ],
        "alias": [citizen.alias],
        "form": form,
    }
    return Known(values, tuple(birth_dates))


def _forms_of(phone: str) -> Iterator[str]:
    yield from (phone, phone.removeprefix("+"), phone.removeprefix("+88"), phone.removeprefix("+880"))


def settings_of(subject: Subject) -> AgencySettings:
    """The plugin's settings as a rig gives them.

    Raises:
        SettingsRejected: Some are missing or wrong.
    """
    manifest = subject.manifest
    record = subject.registry.record(manifest.id)
    model: type[AgencySettings] = AgencySettings
    if manifest.settings is not None and record is not None:
        found = resolve_object(record, manifest.settings)
        if isinstance(found, Imported) and isinstance(found.value, type) and issubclass(found.value, AgencySettings):
            model = found.value
    given = (
        subject.simulator().settings("http://127.0.0.1")
        if subject.live is None
        else {"base_url": subject.live.base_url}
    )
    return load_settings(model, manifest.id, given)


def _secrets(subject: Subject) -> Iterator[str]:
    """Secret settings, and where the agency is."""
    settings = settings_of(subject)
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
    yield settings.base_url
