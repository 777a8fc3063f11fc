"""What the conformance endpoints do: issue what is well-formed, verify what others made. No HTTP here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from ledger import vcdm
from ledger.conformance import did_key
from ledger.dataintegrity.contexts import known_digests
from ledger.dataintegrity.documents import Expected, check_document
from ledger.dataintegrity.linkeddata import canonical_quads
from ledger.dataintegrity.suites import EDDSA_JCS, EDDSA_RDFC, Suite
from ledger.errors import NotAModel, NotFound
from ledger.jose.envelope import seal_credential
from ledger.jose.enveloped import open_enveloped, open_presentation, to_enveloped
from ledger.keys import SigningKey
from ledger.proof import sign
from ledger.status import ListFacts, StatusList, compose_list

ISSUED: Final = {suite.name: (suite,) for suite in (EDDSA_JCS, EDDSA_RDFC)} | {"set": (EDDSA_JCS, EDDSA_RDFC)}
"""How a credential can be asked for, and the proofs it then carries."""
ENVELOPE: Final = "vc+jwt"
_VERSION_1: Final = "https://www.w3.org/2018/credentials/v1"
_PROOF_TERMS: Final = "https://w3id.org/security/data-integrity/v2"
"""What version 2.0 says about proofs, and 1.1 leaves to a context of its own (vc-data-integrity section 2.4.1)."""
_ENVELOPED_PRESENTATION: Final = "EnvelopedVerifiablePresentation"


@dataclass(frozen=True, slots=True)
class Desk:
    """One throw-away issuer with its key; it verifies as well."""

    key: SigningKey

    def issue(self, credential: Any, how: str, *, now: datetime) -> dict[str, Any]:
        """Return a credential signed as this issuer's own.

        Args:
            credential: Anything JSON; what it says its issuer is, is replaced by this one.
            how: A key of :data:`ISSUED`, or :data:`ENVELOPE`.
            now: When the proofs say they were made, with a time zone.

        Raises:
            NotFound: It is not issued in this way.
            LedgerError: The credential breaks a rule, or cannot be signed.
        """
        check_shape(credential)
        issuer = credential["issuer"]
        own = {**issuer, "id": self.key.did} if isinstance(issuer, dict) else self.key.did
        signed = {name: value for name, value in credential.items() if name != "proof"} | {"issuer": own}
        if _first_context(signed) == _VERSION_1 and _PROOF_TERMS not in signed["@context"]:
            signed["@context"] = [*signed["@context"], _PROOF_TERMS]
        if how == ENVELOPE:
            return to_enveloped(seal_credential(signed, self.key))
        suites: tuple[Suite, ...] | None = ISSUED.get(how)
        if suites is None:
            raise NotFound(f"nothing is issued as {how}", how=how)
        canonical_quads(signed)  # a proof over JSON alone would let undefined terms pass
        return sign(signed, self.key, created=now, suites=suites)

    def status_list(self, url: str, purpose: str, *, now: datetime) -> dict[str, Any]:
        """Return a signed status list in which no bit is set, good for an hour (Bitstring Status List 1.0)."""
        facts = ListFacts(
            url=url,
            version=1,
            did=self.key.did,
            purpose=purpose,
            valid_from=now,
            valid_until=now + timedelta(hours=1),
            statuses=StatusList.of(()),
        )
        return sign(compose_list(facts), self.key, created=now)

    def verify(self, credential: Any, *, now: datetime) -> None:
        """Check a secured credential, embedded or enveloped.

        Raises:
            LedgerError: It breaks a rule, or a proof of it does not verify.
        """
        if _says(credential, vcdm.ENVELOPED):
            check_shape(open_enveloped(credential, did_key.document_of, as_of=now))
            return
        check_shape(credential)
        signers = check_document(credential, did_key.key_of, Expected("assertionMethod", now))
        if vcdm.identifier_of(credential["issuer"]) not in signers:
            raise NotAModel("issuer", "no proof is made with a key of the issuer's")

    def verify_presentation(
        self, presentation: Any, *, now: datetime, domain: str | None = None, challenge: str | None = None
    ) -> None:
        """Check a secured presentation and every credential in it.

        Raises:
            LedgerError: It or one of them breaks a rule, or a proof does not verify.
        """
        if _says(presentation, _ENVELOPED_PRESENTATION):
            self._verify_held(open_presentation(presentation, did_key.document_of, as_of=now), now=now)
            return
        vcdm.check_presentation(presentation)
        expected = Expected("authentication", now, domain, challenge)
        check_document(presentation, did_key.key_of, expected)
        self._verify_held(presentation, now=now)

    def _verify_held(self, presentation: Mapping[str, Any], *, now: datetime) -> None:
        held = presentation.get("verifiableCredential", [])
        for one in held if isinstance(held, list) else [held]:
            if _says(one, vcdm.ENVELOPED) or "proof" in one:
                self.verify(one, now=now)
            else:
                check_shape(one)
                vcdm.check_self_asserted(one, presentation)


def check_shape(credential: Any) -> None:
    """Check the data model a credential says to follow: version 2.0, or the frame of 1.1.

    Raises:
        NotAModel: It breaks a rule.
    """
    if isinstance(credential, dict) and _first_context(credential) == _VERSION_1:
        modern = {**credential, "@context": [vcdm.BASE_CONTEXT, *credential["@context"][1:]]}
        vcdm.check_credential(modern, digests=known_digests)
        vcdm.to_moment(credential.get("issuanceDate"), "issuanceDate")
    else:
        vcdm.check_credential(credential, digests=known_digests)


def _first_context(credential: Mapping[str, Any]) -> Any:
    contexts = credential.get("@context")
    return contexts[0] if isinstance(contexts, list) and contexts else None


def _says(value: Any, kind: str) -> bool:
    types = value.get("type") if isinstance(value, dict) else None
    return kind in types if isinstance(types, list) else types == kind
