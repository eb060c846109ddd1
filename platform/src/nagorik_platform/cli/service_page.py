"""One service in full, for a person."""

from typing import Final

from nagorik_platform.cli.output import Document, print_facts, print_lines, print_table

_STANDINGS: Final = {
    "effective": "charged on its days",
    "disputed": "never charged: another source says otherwise",
    "superseded": "never charged: known to be dead",
}


def print_service(document: Document) -> None:
    """Print what ``catalogue.service_of`` tells."""
    print_lines(f"{document['id']}  {document['name']['en']}  {document['name']['bn']}")
    if document["summary"] is not None:
        print_lines("", document["summary"]["en"], document["summary"]["bn"])
    facts = [
        (
            "plugin",
            f"{document['plugin']}, from {document['distribution']} {document['version']}, {document['state']}",
        ),
        ("evidence", f"{document['evidence']}: {document['evidence_means']}"),
    ]
    if document["kind"] == "service":
        facts += [
            ("form", document["form"] or "none"),
            ("documents", _listed([_document(one) for one in document["documents"]])),
            ("processing", document["processing"] or "not known"),
            ("legal basis", _listed(document["legal_basis"])),
            ("life event", document["life_event"] or "none named"),
            ("citizen gets", _listed(document["deliverables"])),
            ("applied for", _listed(document["channels"])),
            ("may ask", "; ".join(document["asks"]) or "no other agency"),
        ]
    print_lines("")
    print_facts(facts)
    print_lines("")
    if document["quarantine"] is not None:
        quarantine = document["quarantine"]
        print_lines(f"Not to be had ({quarantine['code']}): {quarantine['reason']} {quarantine['hint']}", "")
    if document["suspended"] is not None:
        reason = document["suspended"]["reason"]
        print_lines(f"Suspended here since {document['suspended']['since']}: {reason['en']} {reason['bn']}", "")
    print_table(
        ("operation", "kind", "idempotency"),
        (
            (item["operation"], "write" if item["writes"] else "read", item["idempotency"] or "")
            for item in document["operations"]
        ),
    )
    if document["kind"] == "service":
        print_lines("")
        _print_fees(document["fees"])


def _print_fees(fees: Document | None) -> None:
    if fees is None:
        print_lines("Fees: the manifest names no schedule.")
        return
    if fees["problem"] is not None:
        print_lines(f"Fees: {fees['problem']}.")
    if "tariffs" not in fees:
        return
    vat = fees["vat"]
    tax = "without VAT" if vat is None else f"VAT {vat['rate']} {'included' if vat['included'] else 'added'}"
    charged = f"on {fees['on']} the tariff {fees['charged']} is charged" if fees["charged"] else "nothing is charged"
    print_lines(f"Fees in {fees['currency']}, {tax}, rounded {fees['rounding']}; {charged}.")
    for tariff in fees["tariffs"]:
        print_lines("")
        _print_tariff(tariff)


def _print_tariff(tariff: Document) -> None:
    source = tariff["source"]
    checked = "verified" if source["verified"] else "not verified"
    first, last = tariff["effective_from"] or "…", tariff["effective_to"] or "…"
    read = f", {source['as_of']}" if source["as_of"] else ""
    print_lines(
        f"Tariff {tariff['id']}: {tariff['standing']}, {_STANDINGS[tariff['standing']]}; {first} to {last}",
        f"Source: {source['title']}{read} ({checked})",
    )
    if tariff["note"] is not None:
        print_lines(tariff["note"]["en"], tariff["note"]["bn"])
    print_table(
        ("code", "fee", "ফি", "for", "amount"),
        ((row["code"], row["text"]["en"], row["text"]["bn"], _choice(row), row["amount"]) for row in tariff["rows"]),
    )


def _choice(row: Document) -> str:
    parts = [f"{name} {' or '.join(values)}" for name, values in row["when"].items()]
    parts += [f"stage {row['stage']}"] if row["stage"] != "application" else []
    parts += [f"times {row['times']}"] if row["times"] else []
    parts += ["no VAT"] if row["vat_exempt"] else []
    return ", ".join(parts)


def _document(kind: Document) -> str:
    """A kind of paper, and whether nothing is filed without it, or when."""
    if kind["required"]:
        return f"{kind['kind']} (required)"
    when = " and ".join(f"{field} is {' or '.join(map(str, values))}" for field, values in kind["when"].items())
    return f"{kind['kind']} (required when {when})" if when else str(kind["kind"])


def _listed(items: list[str]) -> str:
    return "; ".join(items) or "none named"
