"""A lot's passport for a partner who signed in, with the detail their agreement opens: a page, and a file to keep.

Where rooms meet: who supplied the lot (passports), what the register says of them (partners), how it was delivered
(replenishment). What is shown is decided by one policy (``portal.passports.disclosing``): the page shows what the
presentation discloses, and nothing else reaches it.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from portal.flows import passporting
from portal.inventory import reads as inventory
from portal.kernel.disclosure import Role
from portal.kernel.quantity import to_text
from portal.partners import reads as partners
from portal.partners.model import NoAgreement, Viewer
from portal.passports import credentials, reads, tokens
from portal.passports.bearer import Bearer
from portal.passports.disclosing import PARTS, DisclosurePolicy, Level, Part, level_of
from portal.passports.reads import Passport
from portal.platform.services import Services
from portal.replenishment import reads as replenishment


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """A passport as one viewer may see it.

    Attributes:
        passport: The anchored one.
        token: The presentation, ``vc+sd-jwt``.
        claims: What it discloses.
        parts: Parts the viewer may see, whether or not this passport has them.
    """

    passport: Passport
    token: str
    claims: dict[str, Any]
    parts: tuple[Part, ...]


def presented(
    connection: Connection,
    *,
    services: Services,
    viewer: Viewer,
    bearer: Bearer,
    without: frozenset[str] = frozenset(),
) -> Presented:
    """Return the newest passport of a lot or a piece as a viewer may see it.

    Args:
        connection: Any transaction.
        services: Clock, and where the issuer's key lies.
        viewer: Who asks, or through whose eyes.
        bearer: The lot or the piece.
        without: Names of parts they leave out.

    Raises:
        PassportNotFound: It has none.
        NoAgreement: A customer without an agreement in force.
        LotNotCovered: See ``level_of``.
        IssuerMoved: See ``with_disclosures``.
    """
    org_id = viewer.org.id
    passport = reads.passport_of(connection, org_id=org_id, bearer=bearer)
    if viewer.role is Role.CUSTOMER and viewer.tier is None:
        raise NoAgreement("No agreement is in force today.")
    supplier_id = passporting.supplier_of_lot(
        connection, org_id=org_id, product_id=passport.product_id, lot_code=passport.lot_code
    )
    level = level_of(viewer.role, viewer.disclosure, product_id=passport.product_id, supplier_id=supplier_id)
    detail = _detail(connection, viewer, passport, supplier_id)
    issuer = passporting.issuer_of(connection, services=services)
    policy = DisclosurePolicy(level, without)
    token = tokens.with_disclosures(passport.body, detail, issuer=issuer, policy=policy)
    return Presented(
        passport=passport,
        token=token,
        claims=tokens.read_own(token, issuer, now=services.clock.now()),
        parts=tuple(part for part in PARTS if part.level <= level),
    )


def public_token(connection: Connection, *, services: Services, org_id: UUID, credential_id: UUID) -> str:
    """Return a credential as ``vc+jwt``.

    Raises:
        PassportNotFound: There is none with this id.
        IssuerMoved: See ``as_token``.
    """
    found = credentials.credential_by_id(connection, org_id=org_id, credential_id=credential_id)
    return tokens.as_token(found.body, passporting.issuer_of(connection, services=services))


def public_disclosed(connection: Connection, *, services: Services, org_id: UUID, credential_id: UUID) -> str:
    """Return a passport as ``vc+sd-jwt`` with all disclosures and no partner detail: as public as the passport.

    Raises:
        PassportNotFound: There is none with this id.
        IssuerMoved: See ``with_disclosures``.
    """
    found = reads.passport_by_id(connection, org_id=org_id, credential_id=credential_id)
    issuer = passporting.issuer_of(connection, services=services)
    return tokens.with_disclosures(found.body, None, issuer=issuer, policy=DisclosurePolicy(Level.PUBLIC))


def _detail(
    connection: Connection, viewer: Viewer, passport: Passport, supplier_id: UUID | None
) -> dict[str, Any]:
    """Return what a lot's partners may see beside its passport; a supplier's deliveries are their own only."""
    if supplier_id is None:
        return {}
    org_id = viewer.org.id
    sender = supplier_id if viewer.role is Role.SUPPLIER else None
    register = partners.registration(connection, org_id=org_id, partner_id=supplier_id)
    papers = [
        {
            "number": one.paper.number,
            "handedInAt": one.uploaded_at.replace(microsecond=0).isoformat(),
            "sizeBytes": one.paper.size_bytes,
        }
        for one in reads.documents(connection, org_id=org_id, partner_id=supplier_id)
        if one.paper.sha256.hex() in passport.body
    ]
    found = {
        "registration": register,
        "handedIn": papers,
        "delivery": _deliveries(connection, org_id, passport, sender),
    }
    return {name: value for name, value in found.items() if value}


def _deliveries(
    connection: Connection, org_id: UUID, passport: Passport, sender: UUID | None
) -> list[dict[str, Any]]:
    product = inventory.find_product(connection, org_id=org_id, product_id=passport.product_id)
    shipments = replenishment.shipments_of_lot(
        connection, org_id=org_id, product_id=product.id, lot_code=passport.lot_code
    )
    return [
        {
            "despatchAdvice": one.number,
            "departedAt": one.departed_at.replace(microsecond=0).isoformat(),
            "dueOn": one.due_on.isoformat(),
            "shipped": to_text(one.quantity, decimals=product.decimals),
            "received": to_text(one.received, decimals=product.decimals),
            "uom": product.base_unit,
        }
        for one in shipments
        if sender in {None, one.supplier_id}
    ]
