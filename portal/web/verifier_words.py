"""What the offline verifier may have to say: the passport page's words, and those of audit packs."""

from portal.web import passport_words
from portal.web.passport_words import Texts, pair


def words() -> Texts:
    """Return every sentence of the verifier's script."""
    return {**passport_words.words(), **_page(), **_pack(), **_state(), **_checks()}


def _page() -> Texts:
    return {
        "why.none": pair("Choose a passport or an audit pack, and your trust list."),
        "why.pack": pair("The audit pack cannot be believed; nothing in it was used."),
        "why.worst": pair("Of {count} passports {bad} do not hold and {open} could not be checked in full."),
        "why.all": pair("All {count} passports hold: unchanged, from an issuer you believe, in force, on chain."),
        "trust.good": pair("{count} issuer(s) believed"),
        "trust.bad": pair("This is no trust list"),
        "hash.bad": pair("A block's hash has 64 hexadecimal digits"),
        "none.passport": pair("none chosen"),
        "none.trust": pair("none chosen; nobody is believed"),
        "at": pair("judged as of {day}"),
        "kind.DigitalProductPassport": pair("Product passport"),
        "kind.DigitalConformityCredential": pair("Certificate or report"),
        "kind.DigitalTraceabilityEvent": pair("Event on the way"),
        "kind.DigitalFacilityRecord": pair("Place of production"),
        "kind.DigitalIdentityAnchor": pair("Identity of a firm"),
        "fact.issuer": pair("Issued by"),
        "fact.serial": pair("Serial number"),
        "fact.lot": pair("Lot"),
        "fact.gtin": pair("GTIN"),
        "fact.from": pair("Issued"),
        "fact.until": pair("Valid to"),
        "fact.fingerprint": pair("Fingerprint"),
        "fact.id": pair("Passport number"),
    }


def _checks() -> Texts:
    return {
        "check.pack": pair("Audit pack in one piece"),
        "check.structure": pair("Readable passport"),
        "check.fingerprint": pair("Fingerprint and printed code"),
        "check.signature": pair("Signature"),
        "check.issuer": pair("Issuer and trust list"),
        "check.validity": pair("Dates"),
        "check.status": pair("Revocation and suspension"),
        "check.inclusion": pair("Place in the batch"),
        "check.anchor": pair("Batch on the chain"),
        "check.documents": pair("Files and documents"),
    }


def _state() -> Texts:
    return {
        "proven": pair("proven from block {provenAt}"),
        "no_state": pair("No proof of the chain's state is in the pack"),
        "no_block_hash": pair("The pack proves it at block {block}; ask elsewhere for its hash and type it above"),
        "other_block": pair(
            "The pack proves it at block {block}, whose hash here is {hash}: not the one you know"
        ),
        "state_mismatch": pair("The proof of the chain's state contradicts itself"),
    }


def _pack() -> Texts:
    return {
        "ok.pack": pair("Every file is the one the list names"),
        "pack_too_large": pair("Larger than a pack may be"),
        "pack_not_zip": pair("Not an archive of the shape a pack has; something was added, changed or cut off"),
        "pack_name": pair("A file's name leads out of the pack"),
        "pack_duplicate": pair("A file stands there twice; two readers could see different ones"),
        "pack_damaged": pair("A file is damaged"),
        "pack_manifest": pair("The list of files cannot be read"),
        "pack_missing_file": pair("A file on the list is missing"),
        "pack_stray_file": pair("A file is not on the list"),
        "pack_hash": pair("A file is not the one on the list"),
        "pack_content": pair("A file does not belong into this pack"),
    }
