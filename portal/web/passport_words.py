"""What the passport page's script may have to say, in the reader's languages, keyed by the verifier's codes.

The codes are ``ledger.verify``'s and ``portal/static/verify.mjs``'s; a sentence may name values in braces, which
the script fills with the check's own. ``ok.<check>`` is what a passed check says, ``why.<…>`` the band's sentence.
"""

import json
from collections.abc import Iterable

from portal.web import i18n
from portal.web.units import PLAIN, unit_name

Texts = dict[str, tuple[str, ...]]

_FIRST = ("why.good", "why.part", "suite_needs_linked_data", "reader", "not_loaded", "not_reached")


def pair(msgid: str) -> tuple[str, ...]:
    """Return a text in Chinese and English, or in English alone."""
    return tuple(dict.fromkeys(i18n.pair(msgid)))


def in_script(texts: Texts) -> str:
    """Write texts as JSON that can stand inside a script element."""
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def step(name: str) -> tuple[str, ...]:
    """Return a business step (GS1 CBV) in words; one without words is shown as it is."""
    return _labels().get(f"step.{name}", (name,))


def words() -> Texts:
    """Return every sentence of the page's script."""
    units = {f"unit.{code}": (unit_name(code),) for code in PLAIN}
    return {**_structure(), **_signature(), **_issuer(), **_anchor(), **_why(), **_labels(), **units}


def first_words(*, chain_kind: str, units: Iterable[str]) -> Texts:
    """Return what the script says when all is well; the rest is fetched when something is not.

    Scanning happens on slow lines, and most passports are good.

    Args:
        chain_kind: What sort of chain we anchor on: ``embedded``, ``consortium`` or ``public``.
        units: UN/ECE Recommendation 20 codes of the quantities on the page.
    """
    known = words()
    named = {*_FIRST, f"kind.{chain_kind}", *_labels(), *(f"unit.{code}" for code in units)}
    return {
        code: texts for code, texts in known.items() if code in named or code.startswith(("ok.", "not_asked."))
    }


def _structure() -> Texts:
    return {
        "ok.structure": pair("The passport is complete and readable"),
        "not_utf8": pair("The passport is not readable text"),
        "not_json": pair("The passport cannot be read"),
        "duplicate_key": pair("A field stands there twice; two readers could see different things"),
        "lone_surrogate": pair("The text holds broken characters"),
        "unsafe_number": pair("A number is too large to be read the same everywhere"),
        "too_deep": pair("The passport is nested too deep to be read"),
        "too_large": pair("The passport is too large to be read"),
        "malformed_bundle": pair("A part of the passport is missing or unknown"),
        "other_goods": pair("The code belongs to other goods than this page: {found}"),
        "ok.fingerprint": pair("Fingerprint matches the printed code"),
        "fingerprint_mismatch": pair("Fingerprint differs from the printed code"),
        "not_asked.fingerprint": pair("No printed code to compare with; scan it to include it"),
        "not_reached": pair("Not reached, because the passport could not be read"),
        "not_loaded": pair("Not checked, because the passport could not be loaded"),
        "no_webcrypto": pair("This browser can only check pages opened over https"),
    }


def _signature() -> Texts:
    return {
        "ok.signature": pair("Signature is valid"),
        "missing_proof": pair("There is no signature"),
        "malformed_proof": pair("The signature cannot be read"),
        "unknown_suite": pair("Signed by a method this page does not know"),
        "context_differs": pair("The signature was made for other terms"),
        "key_not_of_issuer": pair("Signed with a key that is not the issuer's"),
        "unknown_key": pair("The signing key is not among the issuer's keys"),
        "signature_mismatch": pair("Signature does not fit the content"),
        "key_retired": pair("Signed after its key was retired on {retired}"),
        "key_retired_unproven": pair("The key was retired on {retired}; only the anchor can show what was first"),
        "no_ed25519": pair("This browser does not know Ed25519 signatures"),
        "suite_needs_linked_data": pair("Not checked yet: needs the linked-data reader"),
        "reader": pair("Load the reader and check"),
        "suite_not_loaded": pair("The code that checks this kind of signature could not be loaded"),
        "unknown_context": pair("Speaks of terms this page has no fixed copy of"),
        "context_changed": pair("The fixed copy of its terms is not the one that was pinned"),
        "graph_too_costly": pair("Would take too long to compute"),
        "undefined_terms": pair("Holds terms that nobody has defined, so the signature would not cover them"),
        "not_linked_data": pair("Cannot be read as linked data"),
    }


def _issuer() -> Texts:
    return {
        "ok.issuer": pair("Issuer is on the trust list"),
        "no_trust": pair("The trust list could not be loaded"),
        "unknown_issuer": pair("Issuer is not on the trust list"),
        "did_document_differs": pair("The issuer's keys in the passport contradict those on the trust list"),
        "ok.validity": pair("Within its dates"),
        "not_yet_valid": pair("Not valid yet; it begins {from}"),
        "expired": pair("No longer valid; it ended {until}"),
        "ok.status": pair("Neither revoked nor suspended"),
        "revoked": pair("Revoked on {since}"),
        "suspended": pair("Suspended since {since}"),
        "status_mismatch": pair("The list of revoked passports is not the issuer's, or was changed"),
        "status_unknown": pair("No list of revoked passports speaks of this moment"),
        "status_unproven": pair("When its list was made is not proven yet"),
        "ok.documents": pair("Your file is one of the passport's documents"),
        "unknown_document": pair("“{name}” is none of the passport's documents"),
        "not_asked.documents": pair("No file compared yet"),
    }


def _anchor() -> Texts:
    return {
        "ok.inclusion": pair("Its place in the batch is proven"),
        "path_mismatch": pair("This content is not the one in the batch"),
        "not_anchored_yet": pair("It waits for the chain"),
        "ok.anchor": pair("The batch stands on the chain"),
        "issuer_not_trusted": pair("Not asked, because the issuer is not on the trust list"),
        "unknown_anchor": pair("The chain it names is not on the trust list"),
        "no_rpc": pair("No way to the chain is known"),
        "rpc_unreachable": pair("The chain cannot be reached"),
        "rpc_error": pair("The chain gives no usable answer"),
        "wrong_chain": pair("Another chain answers than the one it names"),
        "wrong_contract": pair("Another contract lies where the anchors should be"),
        "not_anchored": pair("The batch is not on the chain"),
        "anchor_differs": pair("The chain tells something else of this batch"),
        "block_differs": pair("The block it names is not the chain's block"),
        "kind.embedded": pair(
            "This chain is run by the issuer alone: it shows order and time, and that nothing was slipped in "
            "later as long as somebody else keeps a copy. It is no independent witness."
        ),
        "kind.consortium": pair("Several firms keep this chain together; none of them can change it alone."),
        "kind.public": pair("This chain is public; the issuer cannot change it."),
    }


def _why() -> Texts:
    return {
        "why.good": pair(
            "Nothing was changed, the issuer is known, it is within its dates, and it is anchored on chain."
        ),
        "why.changed": pair("The content was changed after it was issued; the notches do not match."),
        "why.issuer": pair("Nobody on the trust list has issued this."),
        "why.goods": pair("This code was printed for other goods."),
        "why.expired": pair("It is genuine, but it ended {until}."),
        "why.not_yet_valid": pair("It is genuine, but it begins only {from}."),
        "why.revoked": pair("It is genuine, but the issuer revoked it on {since}."),
        "why.suspended": pair("It is genuine, but the issuer suspended it on {since}."),
        "why.anchor": pair("The chain does not bear this passport out."),
        "why.documents": pair("The passport stands, but the file in your hands is not one of its documents."),
        "why.not_anchored_yet": pair(
            "Content and issuer are right. The anchor still waits for the chain; look again in a minute."
        ),
        "why.chain": pair(
            "Content and issuer are right. The chain cannot be reached now, so the anchor is not checked. "
            "This does not mean invalid."
        ),
        "why.part": pair("Not everything could be checked here. This does not mean invalid."),
        "advice.aside": pair(
            "Set the goods aside and do not put them on sale; "
            "ask the issuer to send the passport of this lot again."
        ),
        "advice.ended": pair("Ask the issuer for a new passport before you put the goods on sale."),
        "advice.held": pair("Set the goods aside until the issuer takes the passport up again."),
        "advice.file": pair("Ask for the original file; the printed fingerprint shows which one it is."),
        "advice.later": pair(
            "You can receive the goods. Scan again when online, or save the passport and check it later."
        ),
        "advice.browser": pair(
            "Open this page over https in a newer browser, or check on the command line below."
        ),
    }


def _labels() -> Texts:
    return {
        "state.ok": pair("passed"),
        "state.failed": pair("failed"),
        "state.not_checked": pair("not checked"),
        "state.not_asked": pair("not compared"),
        "claimed": pair("As claimed, not verified"),
        "just": pair("checked just now"),
        "here": pair("in your browser"),
        "first": pair("first failure"),
        "left": pair("checks left"),
        "printed": pair("code"),
        "content": pair("content"),
        "matches": pair("is your file"),
        "differs": pair("differs from your file"),
        "block": pair("block"),
        "chain": pair("chain"),
        "wait": pair("The two halves are being compared"),
        "brand": pair("Tallystick"),
        "good": pair("Verified"),
        "bad": pair("Not verified"),
        "part": pair("Partly verified"),
        "paper.certificate": pair("Certificate"),
        "paper.inspection": pair("Inspection report"),
        "step.commissioning": pair("Made and packed"),
        "step.inspecting": pair("Inspected"),
        "step.shipping": pair("Shipped"),
        "step.receiving": pair("Received"),
    }
