"""Before anything is read: the document is valid, within limits, and its cost fits the firm's bucket."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.api.compile.plans import Known, Plans
from portal.api.limits import too_large
from portal.api.parameters import Parameters
from portal.api.throttling import Throttled, has_bucket, to_told
from portal.partners.audience import Audience, audience_of
from portal.partners.bucket import Balance, Bucket
from portal.partners.throttle import settle
from portal.partners.viewer import Viewer
from portal.platform.db import Database


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may be answered, and has been paid for.

    Attributes:
        parameters: What is asked.
        viewer: Who asks.
        known: The document.
        cost: ``extensions.cost`` of its answer.
    """

    parameters: Parameters
    viewer: Viewer
    known: Known
    cost: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Admission:
    """Admits requests.

    Attributes:
        plans: Documents of this process.
        buckets: What each audience's firms may ask for.
    """

    plans: Plans
    buckets: Mapping[Audience, Bucket]

    def admit(self, database: Database, parameters: Parameters, viewer: Viewer, *, now: datetime) -> Admitted:
        """Admit a request; what it costs is poured into the firm's bucket.

        Args:
            database: Where levels are kept.
            parameters: What is asked.
            viewer: Who asks.
            now: Instant of the request.

        Raises:
            NoAgreement, NoSchema: As ``audience_of``.
            TooLarge, NotGraphQL, NotInSchema: As ``portal.api.limits``; also where no bucket ever holds it.
            Throttled: It does not fit now.
            DatabaseSilent: The level cannot be settled.
        """
        known = self.plans.known(audience_of(viewer), parameters.query)
        cost = known.size.cost(parameters.variables)
        balance = self._poured(database, viewer, known.audience, cost, now)
        return Admitted(parameters, viewer, known, to_told(cost, balance))

    def _poured(
        self, database: Database, viewer: Viewer, audience: Audience, cost: int, now: datetime
    ) -> Balance | None:
        if viewer.partner is None or not has_bucket(viewer):
            return None
        bucket = self.buckets[audience]
        if cost > bucket.capacity:
            raise too_large("cost", bucket.capacity)
        balance = settle(
            database, org_id=viewer.org.id, partner_id=viewer.partner.id, bucket=bucket, cost=cost, now=now
        )
        if not balance.fits:
            raise Throttled(balance)
        return balance
