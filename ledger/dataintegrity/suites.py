"""The cryptosuites: how a document becomes the bytes that are signed, and whose keys may sign them.

Sources: vc-di-eddsa sections 3.2 (``eddsa-rdfc-2022``) and 3.3 (``eddsa-jcs-2022``), vc-di-ecdsa sections 3.2
(``ecdsa-rdfc-2019``) and 3.3 (``ecdsa-jcs-2019``). All four hash the proof's options, then the document.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ledger.canonical import canonical_bytes, sha256
from ledger.curves import CurveKey
from ledger.dataintegrity.linkeddata import canonical_quads
from ledger.errors import SignatureInvalid
from ledger.keys import PublicKey, VerificationKey


@dataclass(frozen=True, slots=True)
class Suite:
    """One cryptosuite.

    Args:
        canonical: A JSON document's one byte string.
        linked: Whether those bytes are N-Quads: the document's meaning, under its own contexts.
        keys: The kind of key that signs.
    """

    name: str
    canonical: Callable[[Mapping[str, Any]], bytes]
    linked: bool
    keys: type[PublicKey] | type[CurveKey]

    def signed_bytes(
        self, document: Mapping[str, Any], config: Mapping[str, Any], *, digest: Callable[[bytes], bytes] = sha256
    ) -> bytes:
        """Return what is signed: hash of the proof's options, then hash of the document.

        Args:
            document: Without any proof.
            config: The proof without its value.
            digest: The hash that goes with the key.

        Raises:
            NotCanonical: One of them has no canonical form.
            LedgerError: The refusals of :func:`ledger.dataintegrity.linkeddata.canonical_quads`.
        """
        options = {**config, "@context": document["@context"]} if self.linked else config
        return digest(self.canonical(options)) + digest(self.canonical(document))

    def check(
        self,
        document: Mapping[str, Any],
        config: Mapping[str, Any],
        signature: bytes,
        *,
        public: VerificationKey,
    ) -> None:
        """Check a signature over a document.

        Raises:
            SignatureInvalid: ``unknown_key`` (a key of another kind), ``signature_mismatch``.
            LedgerError: See :meth:`signed_bytes`.
        """
        if not isinstance(public, self.keys):
            raise SignatureInvalid("unknown_key", f"{self.name} does not sign with such a key")
        public.check(signature, self.signed_bytes(document, config, digest=public.digest))


EDDSA_JCS: Final = Suite("eddsa-jcs-2022", canonical_bytes, linked=False, keys=PublicKey)
EDDSA_RDFC: Final = Suite("eddsa-rdfc-2022", canonical_quads, linked=True, keys=PublicKey)
SUITES: Final = {
    suite.name: suite
    for suite in (
        EDDSA_JCS,
        EDDSA_RDFC,
        Suite("ecdsa-jcs-2019", canonical_bytes, linked=False, keys=CurveKey),
        Suite("ecdsa-rdfc-2019", canonical_quads, linked=True, keys=CurveKey),
    )
}
"""By name."""
