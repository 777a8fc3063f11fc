"""JSON-LD to canonical N-Quads (RDFC-1.0), in safe mode and with a bound on the work.

``pyld`` reads JSON-LD and orders the blank nodes. Around it stands what signing needs and it does not do: a
term that no context defines, or a relative address, would silently fall out of what is signed and is refused
here; a graph made to be costly is given up; texts that the library would not write as RDFC-1.0 does (control
characters) and addresses that could forge a line are refused.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from pyld import jsonld
from pyld.canon import URDNA2015

from ledger.dataintegrity.contexts import load_context
from ledger.errors import GraphTooCostly, LedgerError, NotLinkedData, UndefinedTerms

MAX_STEPS: Final = 2_000
"""How often blank nodes may be compared with each other (RDFC-1.0 section 7.1, poison graphs)."""
_UNDEFINED: Final = "tallystick-undefined-term:"
_RELATIVE: Final = "tallystick-relative://address/"
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|^`\\]*|_:[A-Za-z0-9]+|@json")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Canonical(URDNA2015):  # type: ignore[misc]
    """The algorithm with its steps counted; RDFC-1.0 is URDNA2015 where texts hold no control characters."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0

    def hash_n_degree_quads(self, id_: str, issuer: Any) -> Any:
        """Compare blank nodes with each other, up to the bound."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise GraphTooCostly(f"more than {MAX_STEPS} comparisons of unnamed things", limit=MAX_STEPS)
        return super().hash_n_degree_quads(id_, issuer)


def canonical_quads(document: Mapping[str, Any]) -> bytes:
    """Return the canonical N-Quads of a JSON-LD document, UTF-8 (RDFC-1.0).

    Raises:
        UnknownContext: It names a context that is not pinned.
        UndefinedTerms: Terms or types without a meaning, or relative addresses: signing would skip them.
        NotLinkedData: Not JSON-LD, or a text or address that N-Quads cannot carry safely.
        GraphTooCostly: It is built to make the canonical form expensive.
    """
    lost: set[str] = set()
    # A vocabulary and a base of our own catch whatever the document's contexts leave undefined.
    options = {"documentLoader": load_context, "base": _RELATIVE, "expandContext": {"@vocab": _UNDEFINED}}
    try:
        # A word that looks like a keyword has no name here.
        expanded = jsonld.expand(dict(document), options, lambda term: lost.add(str(term or "@")))
        _check_node(expanded, lost)
        if lost:
            names = sorted(lost)
            raise UndefinedTerms(f"no context defines {', '.join(names)}", terms=names)
        dataset = jsonld.to_rdf(expanded)  # names no context any more, so that nothing is loaded
    except jsonld.JsonLdError as error:
        raise _cause(error) from error
    except (RecursionError, AttributeError, TypeError, KeyError, ValueError) as error:
        raise NotLinkedData(f"not JSON-LD: {error}") from error
    quads: str = Canonical().main(dataset, {"format": "application/n-quads"})
    return quads.encode()


def _cause(error: BaseException) -> LedgerError:
    """Find the loader's refusal in the library's; it wraps one error into the next."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, LedgerError):
            return cause
        cause = cause.__cause__
    return NotLinkedData(f"not JSON-LD: {str(error)[:200]}")


def _check_node(value: Any, lost: set[str]) -> None:
    """Check expanded JSON-LD: the library leaves out, without a word, what has no absolute address."""
    if isinstance(value, list):
        for item in value:
            _check_node(item, lost)
    elif isinstance(value, dict):
        _check_literal(value)
        for name, item in value.items():
            _check_member(name, item, lost)


def _check_member(name: str, item: Any, lost: set[str]) -> None:
    if name in ("@id", "@type"):
        for address in item if isinstance(item, list) else [item]:
            _check_address(address, lost)
    elif name != "@value":
        if not name.startswith("@"):
            _check_address(name, lost)
        _check_node(item, lost)


def _check_address(address: str, lost: set[str]) -> None:
    if address.startswith((_UNDEFINED, _RELATIVE)):
        lost.add(address.removeprefix(_UNDEFINED).removeprefix(_RELATIVE))
    elif not _IRI.fullmatch(address):
        raise NotLinkedData(f"not an address: {address[:80]!r}", value=address[:80])


def _check_literal(value: Mapping[str, Any]) -> None:
    text = value.get("@value")
    if isinstance(text, str) and _CONTROL.search(text):
        raise NotLinkedData("a text holds control characters")
    if "@language" in value and not _LANGUAGE.fullmatch(value["@language"]):
        raise NotLinkedData("not a language tag")
