"""Which registered firm stands behind a DID: UNTP Digital Identity Anchor 0.6.1.

Issued by the firm for itself it proves no more than that whoever holds the key says so; a registrar's own anchor,
or the verifier's trust list, is what makes a firm of it.
"""

from dataclasses import dataclass
from typing import Any, Final

from stdnum.cn import uscc as stdnum_uscc
from stdnum.exceptions import ValidationError

from ledger.errors import BadFacts
from ledger.kinds.envelope import Heading, enveloped

IDENTITY_TYPE: Final = "DigitalIdentityAnchor"
USCC_SCHEME: Final = {
    "type": ["IdentifierScheme"],
    "id": "https://www.cods.org.cn/",
    "name": "统一社会信用代码 Unified Social Credit Code (GB 32100)",
}


@dataclass(frozen=True, slots=True)
class IdentityFacts:
    """All that one identity anchor says.

    Args:
        did: The DID it speaks of.
        uscc: Unified Social Credit Code (统一社会信用代码), 18 characters.
    """

    heading: Heading
    did: str
    name: str
    uscc: str


def check_uscc(uscc: str) -> None:
    """Check a Unified Social Credit Code (GB 32100-2015).

    Raises:
        BadFacts: Not 18 of its characters, or another check character.
    """
    try:
        # The library also takes spaces and small letters, of which a credential must have none.
        spelt = stdnum_uscc.validate(uscc) == uscc
    except ValidationError as error:
        raise BadFacts(f"{uscc!r} is not a Unified Social Credit Code", uscc=uscc) from error
    if not spelt:
        raise BadFacts(f"{uscc!r} is not a Unified Social Credit Code as it is written", uscc=uscc)


def compose(facts: IdentityFacts) -> dict[str, Any]:
    """Return the unsigned credential, made of JSON types.

    Raises:
        BadFacts: See :func:`check_uscc` and :func:`ledger.kinds.envelope.enveloped`.
        Malformed: A time without a zone.
    """
    check_uscc(facts.uscc)
    subject = {
        "type": ["RegisteredIdentity"],
        "id": facts.did,
        "name": facts.name,
        "registeredId": facts.uscc,
        "idScheme": USCC_SCHEME,
        "registerType": "Business",
    }
    return enveloped(facts.heading, type_name=IDENTITY_TYPE, subject=subject)
