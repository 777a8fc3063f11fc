"""A passport as a token: the whole of it for everybody, or with disclosures for who may see what."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ledger.errors import EnvelopeInvalid
from ledger.jose import disclosing as sd
from ledger.jose import envelope
from ledger.keys import KeyRecord, did_document
from portal.kernel.errors import NotFound
from portal.passports.disclosing import DisclosurePolicy, disclosable, hideable
from portal.passports.issuer import Issuer

TOKEN = envelope.MEDIA_TYPE
DISCLOSED = sd.MEDIA_TYPE


class IssuerMoved(NotFound):
    """The credential was issued under another address than the portal's, whose key we do not sign with."""

    code = "issuer_moved"


def as_token(body: str, issuer: Issuer) -> str:
    """Return a credential as ``vc+jwt``.

    Args:
        body: The credential as it was signed.
        issuer: Whose key signs.

    Raises:
        IssuerMoved: It is another issuer's.
    """
    credential = json.loads(body)
    try:
        return envelope.seal_credential(credential, issuer.key)
    except EnvelopeInvalid as error:
        raise _moved(credential, issuer) from error


def with_disclosures(
    body: str, detail: Mapping[str, Any] | None, *, issuer: Issuer, policy: DisclosurePolicy
) -> str:
    """Return a passport as ``vc+sd-jwt`` with only the disclosures a policy opens.

    Issued anew each time: salts of one presentation are of no use with another.

    Args:
        body: The passport as it was signed.
        detail: What only partners may see, whatever the policy opens of it.
        issuer: Whose key signs.
        policy: What the receiver may see.

    Raises:
        IssuerMoved: It is another issuer's.
    """
    credential = disclosable(json.loads(body), detail)
    try:
        whole = sd.seal_with_disclosures(credential, hideable(credential), issuer.key)
    except EnvelopeInvalid as error:
        raise _moved(credential, issuer) from error
    return sd.present(whole, policy.shows)


def read_own(token: str, issuer: Issuer, *, now: datetime) -> dict[str, Any]:
    """Return what one of our own tokens discloses, checked as any verifier checks it."""
    document = did_document(issuer.key.did, [KeyRecord(issuer.key.public)])
    return sd.open_disclosed(token, {issuer.key.did: document}.get, as_of=now)


def _moved(credential: Mapping[str, Any], issuer: Issuer) -> IssuerMoved:
    did = credential["issuer"]["id"]
    return IssuerMoved(f"{credential['id']} was issued by {did}, we sign for {issuer.key.did}.", issuer=did)
