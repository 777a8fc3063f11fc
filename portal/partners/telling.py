"""How what was told to somebody stands in the audit log."""

from collections.abc import Iterable
from typing import Any

from portal.partners.viewer import Viewer
from portal.platform.audit import Fact, Told


def reading_kind(viewer: Viewer) -> str:
    """Return what kind of entry reading partners' data makes: whose eyes it was read with."""
    if viewer.partner is None:
        return "staff_read"
    return "preview" if viewer.previewing else "read"


def reading_fact(viewer: Viewer, *, what: str, told: Told) -> Fact:
    """Return the entry of an answer that tells something and refuses nothing, to a partner or to staff."""
    return Fact(
        kind=reading_kind(viewer),
        what=what,
        partner_id=viewer.partner.id if viewer.partner else None,
        agreement=viewer.agreement.number if viewer.agreement else "",
        details=details_of(told, key=viewer.key),
    )


def details_of(told: Told, *, refused: Iterable[str] = (), key: str = "") -> dict[str, Any]:
    """Return what an entry keeps of an answer; what is empty is left out.

    Args:
        told: What the answer tells.
        refused: Codes of refusals in it.
        key: Open part of the API key it was asked with.
    """
    details: dict[str, Any] = {
        "products": list(told.products),
        "rows": told.rows,
        "operation": told.operation,
        "deeds": list(told.deeds),
        "refused": list(refused),
        "key": key,
    }
    return {name: value for name, value in details.items() if value}
