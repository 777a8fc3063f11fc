"""The list of batches as a file for partners: the batches, and what every chain said of each."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, select

from ledger.listing import Listing
from portal.passports.store import batch_table, chain_table, copy_table
from portal.passports.writer import sealed_batches


def listing(connection: Connection, *, org_id: UUID) -> dict[str, Any]:
    """Return the final batches, as ``ledger.listing`` reads them, with the receipts of all chains."""
    final = tuple((one.root, one.size) for one in sealed_batches(connection, org_id=org_id) if one.is_final)
    pins = connection.execute(
        select(chain_table).where(chain_table.c.org_id == org_id).order_by(chain_table.c.pinned_at)
    ).all()
    chains = [
        {
            "role": pin.role,
            "kind": pin.kind,
            "chainId": pin.chain_id,
            "genesis": f"0x{pin.genesis}",
            "contract": pin.contract,
            "stream": f"0x{pin.stream}",
            "inUse": pin.retired_at is None,
            "receipts": _receipts(
                connection, org_id, pin.id, is_main=pin.role == "main" and pin.retired_at is None
            ),
        }
        for pin in pins
    ]
    return Listing(final).to_value(chains=chains)


def _receipts(connection: Connection, org_id: UUID, pin_id: UUID, *, is_main: bool) -> list[dict[str, Any]]:
    batch, copy = batch_table.c, copy_table.c
    if is_main:
        asked = select(batch.receipt).where(batch.org_id == org_id, batch.receipt.is_not(None))
    else:
        theirs = and_(copy.org_id == batch.org_id, copy.batch_id == batch.id, copy.pin_id == pin_id)
        asked = (
            select(copy.receipt)
            .select_from(batch_table.join(copy_table, theirs))
            .where(batch.org_id == org_id, copy.receipt.is_not(None))
        )
    return list(connection.execute(asked.order_by(batch.seq)).scalars())
