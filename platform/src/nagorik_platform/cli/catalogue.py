"""What is installed, and any value that a command shows, as JSON with stable keys: tables are drawn from the same."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from pydantic import BaseModel

from nagorik.data_files import DataFileInvalid
from nagorik.manifest import Evidence, Offer, PublicService
from nagorik.model.fee import Source
from nagorik.values import Money
from nagorik.values.sentences import Text
from nagorik_platform.cli.host_reports import Suspension, WorkerQuarantine
from nagorik_platform.cli.output import Document
from nagorik_platform.registry import PluginRecord
from nagorik_platform.registry.tariffs import read_schedule
from nagorik_toolkit.fees import NoTariff, Row

MEANINGS: Final = {
    Evidence.MODELLED: "invented for the simulator; not the agency's real interface",
    Evidence.FROM_SPEC: "written from a document of the agency",
    Evidence.RECORDED: "taken from recorded exchanges with the agency",
}
"""Each grade of evidence in plain words."""


def document_of(value: object, words: Callable[[str], str] = str) -> Any:
    """Write a value as JSON has it: records by their fields, money as decimal text, times in ISO 8601.

    ``words`` says how texts and the titles of sources are shown.
    """
    match value:
        case Text():
            return {"en": words(value.en), "bn": words(value.bn)}
        case Source():
            return {"title": words(value.title), "as_of": document_of(value.as_of), "verified": value.verified}
        case Money():
            return value.plain()
        case BaseModel():
            return {name: document_of(getattr(value, name), words) for name in type(value).model_fields}
        case Mapping():
            return {str(name): document_of(held, words) for name, held in value.items()}
        case tuple() | list():
            return [document_of(held, words) for held in value]
    if is_dataclass(value):
        return {one.name: document_of(getattr(value, one.name), words) for one in fields(value)}
    return _scalar(value)


def _scalar(value: object) -> Any:
    match value:
        case Enum():
            return value.value
        case date():
            return value.isoformat()
        case Decimal():
            return str(value)
    return value


def plugin_of(record: PluginRecord, at_run_time: Iterable[WorkerQuarantine] = ()) -> Document:
    """One installed plugin, with the workers that keep it out."""
    manifest = record.manifest
    said = {name: document_of(getattr(manifest, name, None)) for name in ("name", "requires_api", "evidence")}
    return {
        "id": record.id,
        "distribution": record.source.distribution,
        "version": record.source.version,
        **said,
        "state": record.state.value,
        "services": [service.id for service in manifest.services] if manifest else [],
        "gateways": [gateway.id for gateway in manifest.gateways] if manifest else [],
        "quarantine": document_of(record.quarantine),
        "kept_out_by": [document_of(found) for found in at_run_time if found.plugin == record.id],
    }


def offer_of(record: PluginRecord, offer: Offer, suspension: Suspension | None = None) -> Document:
    """One service or gateway as a list has it."""
    evidence = offer.evidence or (record.manifest.evidence if record.manifest is not None else None)
    return {
        "id": offer.id,
        "kind": offer.family.value,
        "name": document_of(offer.name),
        "plugin": record.id,
        "state": record.state.value,
        "suspended": suspension and {"since": suspension.since.isoformat(), "reason": document_of(suspension.reason)},
        "evidence": document_of(evidence),
        "operations": [
            {"operation": one.value, "writes": one in offer.writes, "idempotency": document_of(offer.writes.get(one))}
            for one in (*offer.reads, *offer.writes)
        ],
    }


def service_of(record: PluginRecord, offer: Offer, on: date, suspension: Suspension | None = None) -> Document:
    """One service or gateway in full, with what its fees are on a day."""
    document = offer_of(record, offer, suspension)
    document |= {
        "summary": document_of(offer.summary),
        "distribution": record.source.distribution,
        "version": record.source.version,
        "quarantine": document_of(record.quarantine),
        "evidence_means": MEANINGS[Evidence(document["evidence"])],
    }
    if isinstance(offer, PublicService):
        shown = {"documents", "processing", "lookup_grace", "legal_basis", "life_event", "deliverables", "channels"}
        document |= offer.model_dump(mode="json", include={*shown, "asks", "form"})
        document["fees"] = fees_of(record, offer, on)
    return document


def fees_of(record: PluginRecord, service: PublicService, on: date) -> Document | None:
    """A service's fees, or null; ``problem`` says why they cannot be read, or are not charged."""
    if service.fees is None:
        return None
    document: Document = {"reference": service.fees, "on": on.isoformat(), "charged": None, "problem": None}
    try:
        schedule = read_schedule(record, service.fees)
    except DataFileInvalid as error:
        return document | {"problem": str(error)}
    try:
        document["charged"] = schedule.tariff_on(on).id
    except NoTariff as error:
        document["problem"] = str(error)
    return document | {
        "tariffs": [document_of(one) | {"rows": [*map(_row, one.rows)]} for one in schedule.tariffs],
        "title": document_of(schedule.title),
        "currency": schedule.currency,
        "rounding": schedule.rounding.value,
        "vat": document_of(schedule.vat),
        "dimensions": {dimension.dimension: list(dimension.labels) for dimension in schedule.dimensions},
    }


def _row(row: Row) -> Document:
    amount = "unknown" if row.amount is None else Money(poisha=row.amount).plain()
    when = {condition.dimension: [str(value) for value in condition.values] for condition in row.when}
    shown = document_of(row) | {"amount": amount, "when": when, "times": row.multiplied}
    return {name: held for name, held in shown.items() if name not in {"per", "rate"}}
