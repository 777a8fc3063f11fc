# ruff: noqa: N818 - kinds of refusal are named as people say them
"""The ledger's refusals: one root, a few kinds, and one verification error per step.

The ledger is a library of its own, so its root is not the portal's. A check that fails raises; it never
returns ``False``. Every refusal has a stable ``code`` (what programs and translations look at) and the
values it speaks of (``values``, JSON types only).
"""

from typing import Any, ClassVar


class LedgerError(Exception):
    """Root of everything the ledger refuses or cannot do.

    Args:
        message: One English sentence naming the thing and the values.
        values: The same values by name, for translated sentences. JSON types only.
    """

    code: ClassVar[str] = "ledger_error"

    def __init__(self, message: str, **values: Any) -> None:
        super().__init__(message)
        self.message = message
        self.values = values


class NotFound(LedgerError):
    """The thing asked for does not exist."""

    code = "not_found"


class Refused(LedgerError):
    """A rule said no; nothing has changed."""

    code = "refused"


class Conflict(LedgerError):
    """Someone was faster, or the thing has moved on; nothing has changed."""

    code = "conflict"


class Malformed(LedgerError):
    """The input cannot be read as what it should be."""

    code = "malformed"


class Unavailable(LedgerError):
    """A part we lean on (a chain, a disk) does not answer; it may be tried again."""

    code = "unavailable"


class NotJSON(Malformed):
    """The bytes are not one strict JSON document. ``reason`` says which rule they break.

    Reasons: ``not_utf8``, ``not_json``, ``duplicate_key``, ``lone_surrogate``, ``unsafe_number``,
    ``too_deep``, ``too_large``. The browser's verifier uses the same words.
    """

    code = "not_json"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message, reason=reason)
        self.reason = reason


class NotCanonical(Malformed):
    """A value has no RFC 8785 form (an integer past 2^53-1, NaN, a lone surrogate, a foreign type)."""

    code = "not_canonical"


class UnknownContext(Malformed):
    """A document names a JSON-LD context that is not pinned here; none is ever fetched."""

    code = "unknown_context"


class ContextChanged(Unavailable):
    """A pinned JSON-LD context is missing or was altered on this machine: install again."""

    code = "context_changed"


class UndefinedTerms(Malformed):
    """Linked data would lose terms, types or addresses that no context gives a meaning."""

    code = "undefined_terms"


class NotLinkedData(Malformed):
    """A document is not JSON-LD, or holds what N-Quads cannot carry safely."""

    code = "not_linked_data"


class GraphTooCostly(Refused):
    """A document is built so that its canonical form takes too long (RDFC-1.0 section 7.1)."""

    code = "graph_too_costly"


class NotAModel(Malformed):
    """A document breaks a rule of the W3C data model; ``reason`` is the member at fault."""

    code = "not_a_model"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message, reason=reason)
        self.reason = reason


class BadMultibase(Malformed):
    """A text is not the multibase, multihash or multikey it should be."""

    code = "bad_multibase"


class BadGTIN(Malformed):
    """A trade item number has not 14 digits, or its check digit is wrong."""

    code = "bad_gtin"


class BadLot(Malformed):
    """A lot number is empty, longer than 20 characters, or outside the GS1 character set 82."""

    code = "bad_lot"


class BadFacts(Malformed):
    """Facts for a passport contradict each other or lack what a credential needs."""

    code = "bad_facts"


class BadHost(Malformed):
    """A host name cannot become a ``did:web`` identifier."""

    code = "bad_host"


class BadStatus(Malformed):
    """A status list or an entry that points into one cannot be read as the standard has it."""

    code = "bad_status"


class KeyExposed(Refused):
    """A key file can be read by others than its owner."""

    code = "key_exposed"


class KeyLocked(Refused):
    """The secret is not the one a key was sealed with, or its file was changed."""

    code = "key_locked"


class KeyExists(Conflict):
    """A key file is already there, and a key is never written over."""

    code = "key_exists"


class ProofMismatch(Refused):
    """A Merkle proof does not lead to the root it was given for."""

    code = "proof_mismatch"


class RPCUnreachable(Unavailable):
    """No answer came from the chain endpoint."""

    code = "rpc_unreachable"


class RPCFault(Unavailable):
    """The chain endpoint answered something that is not an answer (an error, HTML, other shapes)."""

    code = "rpc_error"


class VerificationError(LedgerError):
    """One step of the verification said no. ``code`` is per refusal, ``check`` names the step."""

    check: ClassVar[str] = "verification"

    def __init__(self, code: str, message: str, **values: Any) -> None:
        super().__init__(message, **values)
        self.reason = code


class StructureInvalid(VerificationError):
    """Step 1: the bytes are not a bundle."""

    check = "structure"


class FingerprintInvalid(VerificationError):
    """Step 2: this is not the credential the printed code was made for."""

    check = "fingerprint"


class SignatureInvalid(VerificationError):
    """Step 3: the issuer did not sign these bytes with a key that counts."""

    check = "signature"


class IssuerInvalid(VerificationError):
    """Step 4: the issuer is not one the verifier trusts."""

    check = "issuer"


class ValidityInvalid(VerificationError):
    """Step 5: the credential is not valid at that time."""

    check = "validity"


class StatusInvalid(VerificationError):
    """Step 6: the issuer's status list says it was revoked or suspended, or is not the issuer's list."""

    check = "status"


class InclusionInvalid(VerificationError):
    """Step 7: the credential is not in the tree with that root."""

    check = "inclusion"


class AnchorInvalid(VerificationError):
    """Step 8: the trusted contract does not know the root, or knows other facts about it."""

    check = "anchor"


class DocumentsInvalid(VerificationError):
    """Step 9: a file in hand is none of those the credential speaks of."""

    check = "documents"


class EnvelopeInvalid(VerificationError):
    """A signed envelope (JWT) is not one we read, or what is in it is no credential of its signer."""

    check = "envelope"


class DisclosureInvalid(VerificationError):
    """The disclosures of an SD-JWT do not fit what its issuer signed."""

    check = "disclosure"


class NotChecked(LedgerError):
    """A step could not be made (no trust list, no chain): neither a yes nor a no."""

    code = "not_checked"

    def __init__(self, code: str, message: str, **values: Any) -> None:
        super().__init__(message, **values)
        self.reason = code


class ChainUnavailable(Unavailable):
    """The chain we anchor on does not answer, or answers nonsense; it may be tried again."""

    code = "chain_unavailable"


class ForeignChain(Refused):
    """The endpoint speaks for another chain than the one pinned at first start."""

    code = "foreign_chain"


class ForeignContract(Refused):
    """Other code than ours lies at the contract's address, or none."""

    code = "foreign_contract"


class ContractRefused(Refused):
    """The contract said no. ``values["reason"]`` is the name of its error."""

    code = "contract_refused"


class TransactionKnown(Conflict):
    """The node has this transaction, or its nonce is used up: look at the contract, do not repeat."""

    code = "transaction_known"


class TransactionRefused(Refused):
    """The node does not take the transaction, and would not take it again."""

    code = "transaction_refused"


class BatchNotNext(Conflict):
    """Batches of a stream are anchored in order, and an earlier one is still missing."""

    code = "batch_not_next"


class BatchDisplaced(Conflict):
    """The stream holds another root under the batch's number, or the root under another number."""

    code = "batch_displaced"


class FeeCapReached(Refused):
    """A stuck transaction would have to pay more than the cap allows."""

    code = "fee_cap_reached"


class PackRefused(Malformed):
    """The bytes are not an audit pack that can be read in one way only. ``reason`` says which rule they break.

    Reasons: ``pack_too_large``, ``pack_not_zip``, ``pack_name``, ``pack_duplicate``, ``pack_damaged``,
    ``pack_manifest``, ``pack_missing_file``, ``pack_stray_file``, ``pack_hash``, ``pack_content``. The browser's
    verifier uses the same words.
    """

    code = "pack_refused"

    def __init__(self, reason: str, message: str, **values: Any) -> None:
        super().__init__(message, reason=reason, **values)
        self.reason = reason
