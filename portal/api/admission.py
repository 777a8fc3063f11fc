"""Before anything is read: the document may be sent, is valid and within limits, and its cost fits the bucket."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graphql import OperationType

from portal.api.compile.plans import Known, Plans
from portal.api.compile.selection import operation_of
from portal.api.errors import BadRequest
from portal.api.limits import too_large
from portal.api.parameters import Parameters
from portal.api.throttling import Throttled, has_bucket, to_told
from portal.kernel.errors import Forbidden
from portal.partners.audience import Audience, audience_of
from portal.partners.bucket import Balance, Bucket
from portal.partners.model import Scope
from portal.partners.throttle import settle
from portal.partners.trusted import Trusted, identifier_of
from portal.partners.viewer import Viewer
from portal.platform.db import Database


class UnknownDocument(BadRequest):
    """No trusted document of the asker's has that identifier."""

    code = "persisted_document_not_found"


class TrustedOnly(Forbidden):
    """The asker's tier sends trusted documents only."""

    code = "trusted_documents_only"


class ScopeMissing(Forbidden):
    """The program's API key is not for deeds."""

    code = "scope_missing"


class DeedByGet(BadRequest):
    """What does something is sent by POST."""

    code = "deed_by_get"


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
        trusted: What may be asked for by identifier, and who may ask for nothing else.
    """

    plans: Plans
    buckets: Mapping[Audience, Bucket]
    trusted: Trusted

    def admit(self, database: Database, parameters: Parameters, viewer: Viewer, *, now: datetime) -> Admitted:
        """Admit a request; what it costs is poured into the firm's bucket.

        Args:
            database: Where levels are kept.
            parameters: What is asked.
            viewer: Who asks.
            now: Instant of the request.

        Raises:
            NoAgreement, NoSchema: As ``audience_of``.
            UnknownDocument: There is none of that identifier for the asker.
            TrustedOnly: The asker's tier sends trusted documents only, and this is none.
            DeedByGet: It came by GET and would do something.
            ScopeMissing: It would do something, and the API key is for reading only.
            TooLarge, NotGraphQL, NotInSchema: As ``portal.api.limits``; also where no bucket ever holds it.
            Throttled: It does not fit now.
            DatabaseSilent: The level cannot be settled.
        """
        audience = audience_of(viewer)
        known = self.plans.known(audience, self._source(parameters, audience))
        if _is_deed(known, parameters.operation):
            if parameters.safe:
                raise DeedByGet("By GET nothing can be done.")
            if Scope.ACT not in viewer.scopes:
                raise ScopeMissing("This key may read, and do nothing.", scope=str(Scope.ACT))
        cost = known.size.cost(parameters.variables)
        balance = self._poured(database, viewer, known.audience, cost, now)
        return Admitted(parameters, viewer, known, to_told(cost, balance))

    def _source(self, parameters: Parameters, audience: Audience) -> str:
        if parameters.query is None:
            found = self.trusted.found(str(parameters.identifier), audience)
            if found is None:
                raise UnknownDocument("There is no such trusted document.", identifier=parameters.identifier)
            return found.source
        # A trusted document may also be sent in full.
        if audience in self.trusted.only and not self.trusted.found(identifier_of(parameters.query), audience):
            raise TrustedOnly("Only trusted documents may be sent.")
        return parameters.query

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


def _is_deed(known: Known, name: str | None) -> bool:
    operation = operation_of(known.document, name)
    return operation is not None and operation.operation is not OperationType.QUERY
