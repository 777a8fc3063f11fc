"""Recording what a lot was made from, and finding what was made from a lot: goods, places and events together."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from portal.flows.evidence import UnknownPlace
from portal.flows.naming import two_names
from portal.flows.passporting import dates_of_lot
from portal.inventory import reads as inventory
from portal.inventory.places import UnknownLot
from portal.inventory.reads import Product
from portal.kernel.actor import Actor
from portal.kernel.quantity import to_text
from portal.passports import reads, service
from portal.passports.making import MadeLot, MakingDraft, MakingKnown, WentIn, check_line_of_descent, check_making
from portal.passports.model import TraceInput, TraceLine, full_gtin

STEP = "commissioning"
"""CBV 2.0 section 7.1.2: the business step in which a lot comes into being."""

_ANCESTORS = text("""
    WITH RECURSIVE up AS (
        SELECT DISTINCT i.gtin, i.lot_code
        FROM jsonb_to_recordset(CAST(:inputs AS jsonb)) AS i (gtin text, lot_code text)
        UNION
        SELECT i.gtin, i.lot_code FROM up
        JOIN product p ON p.org_id = :org AND lpad(p.gtin, 14, '0') = up.gtin
        JOIN trace_event t ON t.org_id = p.org_id AND t.product_id = p.id AND t.lot_code = up.lot_code
        CROSS JOIN jsonb_to_recordset(t.inputs) AS i (gtin text, lot_code text)
    )
    SELECT gtin, lot_code FROM up
""")
_MADE = text("""
    WITH RECURSIVE down AS (
        SELECT CAST(:gtin AS text) AS gtin, CAST(:lot AS text) AS lot_code, CAST(NULL AS uuid) AS product_id,
               CAST(NULL AS text) AS sku, CAST(NULL AS text) AS document
        UNION
        SELECT lpad(p.gtin, 14, '0'), t.lot_code, p.id, p.sku, t.document FROM down
        JOIN trace_event t ON t.org_id = :org AND t.inputs @> jsonb_build_array(
            jsonb_build_object('gtin', down.gtin, 'lot_code', down.lot_code))
        JOIN product p ON p.org_id = t.org_id AND p.id = t.product_id
    )
    SELECT product_id, sku, lot_code, array_agg(DISTINCT document ORDER BY document) AS documents
    FROM down WHERE product_id IS NOT NULL GROUP BY product_id, sku, lot_code ORDER BY sku, lot_code
""")


def record(connection: Connection, *, actor: Actor, draft: MakingDraft, now: datetime) -> TraceLine:
    """Note what a lot was made from; the same record again adds nothing.

    Args:
        connection: Open transaction.
        actor: One of the host's staff.
        draft: What was made, and from what.
        now: Instant, in the company's zone.

    Returns:
        The event as it is kept.

    Raises:
        NothingWentIn, TooManyInputs, InputTwice, NotYetMade: See ``portal.passports.making.check_making``.
        MadeOfItself: See ``portal.passports.making.check_line_of_descent``.
        MakingKnown: The lot's making under this document was recorded otherwise.
        portal.inventory.model.UnknownProduct: A product is not in the books.
        portal.inventory.places.UnknownLot: A lot that went in is not in the books.
        portal.flows.passporting.UnknownLot: The lot that came out is neither in stock nor announced.
        portal.flows.evidence.UnknownPlace: The place is none of ours.
        portal.passports.model.NoGTIN: A product has no GTIN, by which alone others know it.
        portal.kernel.gtin.NotAGTIN: The check digit of one is wrong.
    """
    check_making(draft, now=now)
    org_id = actor.org_id
    product = inventory.find_product(connection, org_id=org_id, product_id=draft.product_id)
    dates_of_lot(connection, org_id, product.id, draft.lot_code)
    inputs = tuple(_input(connection, org_id, one) for one in draft.inputs)
    check_line_of_descent(
        product=full_gtin(product.gtin),
        lot_code=draft.lot_code,
        inputs=inputs,
        ancestors=_ancestors(connection, org_id, inputs),
    )
    line = TraceLine(
        source_key=draft.source_key,
        product_id=product.id,
        lot_code=draft.lot_code,
        step=STEP,
        place=_place(connection, org_id, draft.location_id),
        document=draft.document,
        quantity=draft.quantity,
        at=draft.at,
        location_id=draft.location_id,
        inputs=inputs,
    )
    service.record_trace(connection, org_id=org_id, line=line, now=now)
    kept = next(
        one
        for one in reads.trace_of_lot(connection, org_id=org_id, product_id=product.id, lot_code=draft.lot_code)
        if one.source_key == line.source_key
    )
    # A place may have been named anew since; everything else is what was recorded.
    if replace(kept, place=line.place) != line:
        raise MakingKnown(f"{draft.lot_code} was made under {draft.document} already.", document=draft.document)
    return kept


def makings_of(connection: Connection, *, org_id: UUID, product_id: UUID, lot_code: str) -> tuple[TraceLine, ...]:
    """Return the recorded makings of a lot, oldest first.

    Raises:
        portal.flows.passporting.UnknownLot: The lot is neither in stock nor announced.
    """
    dates_of_lot(connection, org_id, product_id, lot_code)
    lines = reads.trace_of_lot(connection, org_id=org_id, product_id=product_id, lot_code=lot_code)
    return tuple(line for line in lines if line.inputs)


def made_from(connection: Connection, *, org_id: UUID, product: Product, lot_code: str) -> tuple[MadeLot, ...]:
    """Return every lot that a lot went into, over any number of steps, by item number and lot."""
    if not product.gtin:
        return ()
    asked = {"org": org_id, "gtin": full_gtin(product.gtin), "lot": lot_code}
    return tuple(
        MadeLot(product_id=row.product_id, sku=row.sku, lot_code=row.lot_code, documents=tuple(row.documents))
        for row in connection.execute(_MADE, asked)
    )


def _input(connection: Connection, org_id: UUID, went_in: WentIn) -> TraceInput:
    product = inventory.find_product(connection, org_id=org_id, sku=went_in.sku)
    lots = inventory.find_lots(connection, org_id=org_id, code=went_in.lot_code)
    if not any(lot.product_id == product.id for lot in lots):
        raise UnknownLot(f"{product.sku} has no lot {went_in.lot_code}.", sku=product.sku, lot=went_in.lot_code)
    return TraceInput(
        gtin=full_gtin(product.gtin),
        lot_code=went_in.lot_code,
        name=two_names(product.name_zh, product.name_en),
        quantity=to_text(went_in.quantity, decimals=product.decimals),
        unit=product.base_unit,
    )


def _ancestors(connection: Connection, org_id: UUID, inputs: Iterable[TraceInput]) -> tuple[tuple[str, str], ...]:
    given = [{"gtin": one.gtin, "lot_code": one.lot_code} for one in inputs]
    rows = connection.execute(_ANCESTORS, {"org": org_id, "inputs": json.dumps(given)})
    return tuple((row.gtin, row.lot_code) for row in rows)


def _place(connection: Connection, org_id: UUID, location_id: UUID) -> str:
    found = next((one for one in inventory.locations(connection, org_id=org_id) if one.id == location_id), None)
    if found is None:
        raise UnknownPlace(f"No place {location_id}.", id=str(location_id))
    return two_names(found.name_zh, found.name_en)
