"""JSON-LD to canonical N-Quads (RDFC-1.0), in safe mode and with a bound on the work.

``pyld`` reads JSON-LD and orders the blank nodes. Around it stands what signing needs and it does not do: a
term that no context defines, or a relative address, would silently fall out of what is signed and is refused
here; a graph made to be costly is given up; texts that the library would not write as RDFC-1.0 does (control
characters) and addresses that could forge a line are refused.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pyld import jsonld
from pyld.canon import URDNA2015

from ledger.dataintegrity.contexts import load_context
from ledger.errors import GraphTooCostly, LedgerError, NotLinkedData, UndefinedTerms

MAX_STEPS: Final = 2_000
"""How often blank nodes may be compared with each other (RDFC-1.0 section 7.1, poison graphs)."""
_UNDEFINED: Final = "tallystick-undefined-term:"
_RELATIVE: Final = "tallystick-relative://address/"
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|^`\\]*|_:b[0-9]+")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class _Canonical(URDNA2015):  # type: ignore[misc]
    """The algorithm with its steps counted; RDFC-1.0 is URDNA2015 where texts hold no control characters."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0

    def hash_n_degree_quads(self, id_: str, issuer: Any) -> Any:
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
    dataset = _dataset(document)
    _check_names(dataset)
    quads: str = _Canonical().main(dataset, {"format": "application/n-quads"})
    return quads.encode()


def _dataset(document: Mapping[str, Any]) -> dict[str, Any]:
    # A vocabulary and a base of our own catch whatever the document's contexts leave undefined.
    options = {"documentLoader": load_context, "base": _RELATIVE, "expandContext": {"@vocab": _UNDEFINED}}
    try:
        dataset: dict[str, Any] = jsonld.to_rdf(dict(document), options)
    except jsonld.JsonLdError as error:
        raise _cause(error) from error
    except (RecursionError, AttributeError, TypeError, KeyError, ValueError) as error:
        raise NotLinkedData(f"not JSON-LD: {error}") from error
    return dataset


def _cause(error: BaseException) -> LedgerError:
    """Find the loader's refusal in the library's; it wraps one error into the next."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, LedgerError):
            return cause
        cause = cause.__cause__ or getattr(cause, "cause", None)
    return NotLinkedData(f"not JSON-LD: {str(error)[:200]}")


def _check_names(dataset: Mapping[str, Any]) -> None:
    dropped = set()
    for term in _terms(dataset):
        value = term["value"]
        if term["type"] == "literal":
            _check_literal(term)
            value = term["datatype"]
        if value.startswith((_UNDEFINED, _RELATIVE)):
            dropped.add(value.removeprefix(_UNDEFINED).removeprefix(_RELATIVE))
        elif not _IRI.fullmatch(value):
            raise NotLinkedData(f"not an address: {value[:80]!r}", value=value[:80])
    if dropped:
        names = sorted(dropped)
        raise UndefinedTerms(f"no context defines {', '.join(names)}", terms=names)


def _check_literal(term: Mapping[str, Any]) -> None:
    if _CONTROL.search(term["value"]):
        raise NotLinkedData("a text holds control characters")
    if "language" in term and not _LANGUAGE.fullmatch(term["language"]):
        raise NotLinkedData("not a language tag")


def _terms(dataset: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for graph, triples in dataset.items():
        if graph != "@default":
            yield {"type": "IRI", "value": graph}
        for triple in triples:
            yield from (triple["subject"], triple["predicate"], triple["object"])
