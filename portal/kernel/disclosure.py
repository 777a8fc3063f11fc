"""What a partner may see: tiers, and the scope an agreement gives.

The tiers are nested: ordinary sees totals, key also the warehouses named in the agreement, strategic also
the demand-and-orders board (``features.md`` E2). A read takes a ``Disclosure`` and answers *without* what it
does not cover; nothing is filtered afterwards.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from portal.kernel.grain import EXACT, Grain


class Tier(StrEnum):
    """How much a customer's agreement opens (普通客户 / 重点客户 / 战略伙伴)."""

    ORDINARY = "ordinary"
    KEY = "key"
    STRATEGIC = "strategic"

    @property
    def rank(self) -> int:
        """Position in the nesting, 0 for the least."""
        return list(Tier).index(self)


class Basis(StrEnum):
    """Whose stock a partner's figures are made of."""

    UNALLOCATED_AND_OWN = "unallocated_and_own"
    OWN_ONLY = "own_only"


class Role(StrEnum):
    """What a person is here to do."""

    OPERATOR = "operator"
    CUSTOMER = "customer"
    SUPPLIER = "supplier"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """The part of the stock one viewer is entitled to.

    Attributes:
        tier: The agreement's tier; ``None`` opens nothing at all, and the host's own staff have ``everything``.
        everything: True for the host company's own staff only.
        partner_id: The partner whose own allocations count as theirs; ``None`` for staff.
        products: Product ids in scope; ``None`` means every product.
        nodes: Warehouses whose rows may be shown and counted; ``None`` means every own node.
        basis: Whose stock the figures are made of.
        grain: How fine a figure may be told.
    """

    tier: Tier | None
    everything: bool = False
    partner_id: UUID | None = None
    products: frozenset[UUID] | None = None
    nodes: frozenset[UUID] | None = None
    basis: Basis = Basis.UNALLOCATED_AND_OWN
    grain: Grain = EXACT

    @property
    def by_node(self) -> bool:
        """Whether figures per warehouse may be shown."""
        if self.own_only or self.grain.floored:
            return False
        return self.everything or self.tier in (Tier.KEY, Tier.STRATEGIC)

    @property
    def own_only(self) -> bool:
        """Whether only what is kept for the partner may be told."""
        return self.basis is Basis.OWN_ONLY

    @property
    def board(self) -> bool:
        """Whether the demand-history-and-open-orders board may be shown."""
        return self.everything or (self.tier is Tier.STRATEGIC and not self.own_only)
