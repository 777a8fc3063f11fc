"""How much work a graph may cost, to the step."""

from typing import Any

import pytest

from ledger.dataintegrity.linkeddata import canonical_quads
from ledger.errors import GraphTooCostly
from support.refusals import refused

# Two things without a name that differ in nothing are compared with each other: each once (RDFC-1.0 section 4.8).
TWINS: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/undefined-terms/v2"],
    "type": ["VerifiableCredential"],
    "issuer": "did:example:a",
    "credentialSubject": [{"name": "A"}, {"name": "A"}],
}


def test_a_graph_may_take_as_many_comparisons_as_the_bound_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.dataintegrity.linkeddata.MAX_STEPS", 2)
    assert canonical_quads(TWINS).count(b'"A"') == 2
    monkeypatch.setattr("ledger.dataintegrity.linkeddata.MAX_STEPS", 1)
    with refused(GraphTooCostly, "more than 1 comparisons of unnamed things", limit=1):
        canonical_quads(TWINS)
