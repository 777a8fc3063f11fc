"""Credentials and presentations in envelopes inside a JSON document (VCDM 2.0 sections 4.12.1 and 4.13.2).

The envelope is a ``data:`` URL. Beside VC-JOSE-COSE's media types the older ``application/jwt`` is read, whose
payload wraps the document in ``vc`` or ``vp`` (VCDM 1.1 section 6.3.1); nothing here writes it.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ledger.errors import EnvelopeInvalid
from ledger.jose import disclosing, envelope
from ledger.jose.compact import read_compact
from ledger.jose.envelope import Documents, check_claims, check_signer, check_token, check_type, party_of
from ledger.kinds.envelope import VC_CONTEXT

CREDENTIAL: Final = "EnvelopedVerifiableCredential"
PRESENTATION: Final = "EnvelopedVerifiablePresentation"
_OLDER: Final = "application/jwt"
_PRESENTATION_TYPE: Final = "application/vp+jwt"


def to_enveloped(token: str, media_type: str = envelope.MEDIA_TYPE) -> dict[str, Any]:
    """Return a token as an object a presentation may hold."""
    return {"@context": [VC_CONTEXT], "type": [CREDENTIAL], "id": f"data:{media_type},{token}"}


def open_enveloped(value: Any, documents: Documents, *, as_of: datetime) -> dict[str, Any]:
    """Check an ``EnvelopedVerifiableCredential`` and return the credential in it.

    Args:
        value: Anything JSON.
        documents: See :func:`ledger.jose.envelope.open_credential`.
        as_of: The moment to judge at, with a time zone.

    Raises:
        EnvelopeInvalid: Not such an object, or no ``data:`` URL (``malformed_envelope``); another media type
            (``unknown_type``); see also :func:`ledger.jose.envelope.open_credential`.
        DisclosureInvalid: See :func:`ledger.jose.disclosing.open_disclosed`.
        SignatureInvalid: See :func:`ledger.jose.envelope.open_credential`.
        ValidityInvalid: See :func:`ledger.jose.envelope.open_credential`.
        NotChecked: ``key_retired_unproven``.
    """
    media_type, token = _read_object(value, CREDENTIAL)
    match media_type:
        case envelope.MEDIA_TYPE:
            return envelope.open_credential(token, documents, as_of=as_of)
        case disclosing.MEDIA_TYPE:
            return disclosing.open_disclosed(token, documents, as_of=as_of)
        case _ if media_type == _OLDER:
            claims, wrapped, kid = _open_older(token, "vc", documents, as_of=as_of)
            check_claims(wrapped, kid=kid)
            check_signer(claims, party_of(wrapped.get("issuer")), kid=kid)
            return wrapped
        case _:
            raise EnvelopeInvalid("unknown_type", "an envelope we do not open", said=media_type)


def open_presentation(value: Any, documents: Documents, *, as_of: datetime) -> dict[str, Any]:
    """Check an ``EnvelopedVerifiablePresentation`` and return the presentation; what it holds is not checked.

    Args:
        value: Anything JSON.
        documents: See :func:`ledger.jose.envelope.open_credential`.
        as_of: The moment to judge at, with a time zone.

    Raises:
        EnvelopeInvalid: See :func:`open_enveloped`; ``not_a_presentation``; ``signer_differs``: signed by
            another than its holder.
        SignatureInvalid: See :func:`ledger.jose.envelope.open_credential`.
        ValidityInvalid: See :func:`ledger.jose.envelope.open_credential`.
        NotChecked: ``key_retired_unproven``.
    """
    media_type, token = _read_object(value, PRESENTATION)
    if media_type == _OLDER:
        claims, wrapped, kid = _open_older(token, "vp", documents, as_of=as_of)
    elif media_type == _PRESENTATION_TYPE:
        compact = read_compact(token)
        check_type(compact, "vp+jwt", "vp")
        claims = wrapped = compact.claims()
        check_token(compact, claims, documents, as_of=as_of)
        kid = compact.header["kid"]
    else:
        raise EnvelopeInvalid("unknown_type", "an envelope we do not open", said=media_type)
    _check_presentation(wrapped)
    check_signer(claims, party_of(wrapped.get("holder", kid.partition("#")[0])), kid=kid)
    return wrapped


def _read_object(value: Any, kind: str) -> tuple[str, str]:
    """Return media type and token of an enveloped object."""
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        raise EnvelopeInvalid("malformed_envelope", f"not an {kind}")
    types, context = value.get("type"), value.get("@context")
    if types not in (kind, [kind]) or context not in (VC_CONTEXT, [VC_CONTEXT]):
        raise EnvelopeInvalid("malformed_envelope", f"not an {kind}, or of other contexts")
    front, comma, body = value["id"].partition(",")
    scheme, colon, media = front.partition(":")
    if scheme.lower() != "data" or not (colon and comma):
        raise EnvelopeInvalid("malformed_envelope", "its id is no data: URL")
    media_type, _, form = media.partition(";")
    return media_type.lower(), _body(body.strip(), form)


def _body(text: str, form: str) -> str:
    if not form:
        return text
    if form != "base64":
        raise EnvelopeInvalid("malformed_envelope", "a data: URL we cannot read", form=form)
    try:
        return base64.b64decode(text, validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise EnvelopeInvalid("malformed_envelope", "a data: URL we cannot read", form=form) from error


def _open_older(
    token: str, member: str, documents: Documents, *, as_of: datetime
) -> tuple[Mapping[str, Any], dict[str, Any], str]:
    compact = read_compact(token)
    claims = compact.claims()
    check_token(compact, claims, documents, as_of=as_of)
    wrapped = claims.get(member)
    if not isinstance(wrapped, dict):
        raise EnvelopeInvalid("malformed_envelope", f"no object {member}")
    return claims, wrapped, compact.header["kid"]


def _check_presentation(value: Mapping[str, Any]) -> None:
    context, types = value.get("@context"), value.get("type")
    listed = types if isinstance(types, list) else [types]
    if not isinstance(context, list) or context[:1] != [VC_CONTEXT] or "VerifiablePresentation" not in listed:
        raise EnvelopeInvalid("not_a_presentation", "not a presentation of VCDM 2.0")
