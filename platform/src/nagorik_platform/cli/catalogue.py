"""What is installed, as JSON values with stable keys: the one shape from which tables are drawn too."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from nagorik.data_files import DataFileInvalid
from nagorik.manifest import Evidence, Offer, PublicService
from nagorik.model.fee import QuoteLine, Source
from nagorik.values.sentences import Text
from nagorik_platform.cli.output import Document
from nagorik_platform.cli.quarantines import WorkerQuarantine
from nagorik_platform.cli.suspensions import Suspension
from nagorik_platform.registry import PluginRecord, Quarantine
from nagorik_platform.registry.tariffs import read_schedule
from nagorik_toolkit.fees import FeeSchedule, NoTariff, Tariff

MEANINGS: Final = {
    Evidence.MODELLED: "invented for the simulator; not the agency's real interface",
    Evidence.FROM_SPEC: "written from a document of the agency",
    Evidence.RECORDED: "taken from recorded exchanges with the agency",
}
"""Each grade of evidence in plain words."""


def text_of(text: Text | None) -> Document | None:
    """Both languages, or null."""
    return None if text is None else {"en": text.en, "bn": text.bn}


def quarantine_of(quarantine: Quarantine | None) -> Document | None:
    """Why a plugin is kept out, or null."""
    if quarantine is None:
        return None
    return {"code": quarantine.code.value, "reason": quarantine.reason, "hint": quarantine.hint}


def plugin_of(record: PluginRecord, at_run_time: Iterable[WorkerQuarantine] = ()) -> Document:
    """One installed plugin, with the workers that keep it out."""
    manifest = record.manifest
    return {
        "id": record.id,
        "name": text_of(manifest.name if manifest else None),
        "distribution": record.source.distribution,
        "version": record.source.version,
        "requires_api": manifest.requires_api if manifest else None,
        "evidence": manifest.evidence.value if manifest else None,
        "state": record.state.value,
        "services": [service.id for service in manifest.services] if manifest else [],
        "gateways": [gateway.id for gateway in manifest.gateways] if manifest else [],
        "quarantine": quarantine_of(record.quarantine),
        "kept_out_by": [
            {
                "worker": found.worker,
                "code": found.code,
                "since": found.since.isoformat() if found.since is not None else None,
                "probe_at": found.probe_at.isoformat() if found.probe_at is not None else None,
            }
            for found in at_run_time
            if found.plugin == record.id
        ],
    }


def evidence_of(record: PluginRecord, offer: Offer) -> Evidence:
    """How the offer's wire format is known."""
    if offer.evidence is not None:
        return offer.evidence
    if record.manifest is None:
        raise ValueError("an offer comes from a manifest")
    return record.manifest.evidence


def suspension_of(suspension: Suspension | None) -> Document | None:
    """Why and since when nothing is sent, or null."""
    if suspension is None:
        return None
    return {"since": suspension.since.isoformat(), "reason": text_of(suspension.reason)}


def offer_of(record: PluginRecord, offer: Offer, suspension: Suspension | None = None) -> Document:
    """One service or gateway as a list has it."""
    return {
        "id": offer.id,
        "kind": offer.family.value,
        "name": text_of(offer.name),
        "plugin": record.id,
        "state": record.state.value,
        "suspended": suspension_of(suspension),
        "evidence": evidence_of(record, offer).value,
        "operations": [
            *({"operation": read.value, "writes": False, "idempotency": None} for read in offer.reads),
            *(
                {"operation": op.value, "writes": True, "idempotency": kind.value}
                for op, kind in offer.writes.items()
            ),
        ],
    }


def service_of(record: PluginRecord, offer: Offer, on: date, suspension: Suspension | None = None) -> Document:
    """One service or gateway in full, with what its fees are on a day."""
    document = offer_of(record, offer, suspension) | {
        "summary": text_of(offer.summary),
        "distribution": record.source.distribution,
        "version": record.source.version,
        "quarantine": quarantine_of(record.quarantine),
        "evidence_means": MEANINGS[evidence_of(record, offer)],
    }
    if isinstance(offer, PublicService):
        fields = offer.model_dump(
            mode="json",
            include={
                "documents",
                "processing",
                "lookup_grace",
                "legal_basis",
                "life_event",
                "deliverables",
                "channels",
                "asks",
            },
        )
        document |= fields | {"form": offer.form, "fees": fees_of(record, offer, on)}
    return document


def fees_of(record: PluginRecord, service: PublicService, on: date) -> Document | None:
    """A service's fees, or null; ``problem`` says why they cannot be document."""
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
    return document | _parts_of(schedule)


def _parts_of(schedule: FeeSchedule) -> Document:
    vat = schedule.vat
    return {
        "title": text_of(schedule.title),
        "currency": schedule.currency,
        "rounding": schedule.rounding.value,
        "vat": None if vat is None else {"rate": str(vat.rate), "included": vat.included, "per": vat.per},
        "dimensions": {dimension.dimension: list(dimension.labels) for dimension in schedule.dimensions},
        "tariffs": [tariff_of(tariff) for tariff in schedule.tariffs],
    }


def tariff_of(tariff: Tariff) -> Document:
    """A tariff with its source and its rows."""
    first, last = tariff.effective_from, tariff.effective_to
    return {
        "id": tariff.id,
        "standing": tariff.standing.value,
        "effective_from": first.isoformat() if first else None,
        "effective_to": last.isoformat() if last else None,
        "source": source_of(tariff.source),
        "note": text_of(tariff.note),
        "rows": [
            {
                "code": row.code,
                "text": text_of(row.text),
                "amount": None if row.amount is None else f"{row.amount // 100}.{row.amount % 100:02d}",
                "stage": row.stage,
                "when": {condition.dimension: [str(value) for value in condition.values] for condition in row.when},
                "times": row.multiplied,
                "vat_exempt": row.vat_exempt,
                "nature": row.nature.value,
                "payee": text_of(row.payee),
            }
            for row in tariff.rows
        ],
    }


def source_of(source: Source) -> Document:
    """Where something is written down."""
    as_of = source.as_of.isoformat() if source.as_of is not None else None
    return {"title": source.title, "as_of": as_of, "verified": source.verified}


def line_document(line: QuoteLine) -> Document:
    """One part of a price."""
    return {
        "code": line.code,
        "text": text_of(line.text),
        "amount": line.amount.plain(),
        "vat": line.vat.plain(),
        "nature": line.nature.value,
        "payee": text_of(line.payee),
    }
