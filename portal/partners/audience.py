"""Whose published schema somebody gets: a tier's, a supplier's, or the host's own."""

from enum import StrEnum

from portal.kernel.disclosure import Role
from portal.kernel.errors import Forbidden
from portal.partners.model import NoAgreement, Viewer


class Audience(StrEnum):
    """One published schema each: ``graphql/tier/<audience>.graphql``."""

    ORDINARY = "ordinary"
    KEY = "key"
    STRATEGIC = "strategic"
    SUPPLIER = "supplier"
    OPERATOR = "operator"


class NoSchema(Forbidden):
    """Nothing is published for programs of this role."""

    code = "no_schema"


def audience_of(viewer: Viewer) -> Audience:
    """Return whose schema a viewer's programs get.

    Raises:
        NoAgreement: A customer without an agreement in force.
        NoSchema: An auditor: passports are public, nothing else is theirs.
    """
    if viewer.role is Role.OPERATOR:
        return Audience.OPERATOR
    if viewer.role is Role.SUPPLIER:
        return Audience.SUPPLIER
    if viewer.role is Role.AUDITOR:
        raise NoSchema("Nothing is published for programs of auditors.")
    if viewer.tier is None:
        raise NoAgreement("No agreement is in force today.")
    return Audience(str(viewer.tier))
