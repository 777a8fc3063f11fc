"""Every kind of credential against the schemas of those who made its words.

The EPCIS 2.0 schema lies beside this file (NOTICE says whence). UNTP's are under a licence that keeps them out of
here; a folder with ``untp-dcc-schema.json`` and its siblings of release 0.6.1 is looked for under
``UNTP_SCHEMAS``, then in ``../shared/data/untp``.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from jsonschema.protocols import Validator

from ledger.kinds.epcis import epcis_document, epcis_event
from support.kinds import samples

HERE = Path(__file__).parent
UNTP = Path(os.environ.get("UNTP_SCHEMAS") or HERE.parents[2] / "shared" / "data" / "untp")
EVENTS = [name for name in samples() if name.startswith("dte")]


def faults(validator: type[Validator], schema: Path, document: dict[str, Any]) -> list[str]:
    """Return what a schema has against a document, with where."""
    checked = validator(json.loads(schema.read_text()), format_checker=validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in checked.iter_errors(document)]


@pytest.mark.skipif(not UNTP.is_dir(), reason="UNTP's schemas are not here: name their folder by UNTP_SCHEMAS")
@pytest.mark.parametrize("name", samples())
def test_every_kind_is_what_untp_says_it_is(name: str) -> None:
    schema = UNTP / f"untp-{name[:3]}-schema.json"
    # UNTP's schema wants UNTP's address as the second context; ours stands there, and ADR 9 says why.
    [where] = faults(Draft202012Validator, schema, samples()[name])
    assert where.startswith("$['@context'][1]: ")
    assert len(faults(Draft202012Validator, schema, samples()[name] | {"id": 7})) > 1


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_is_what_epcis_says_it_is(name: str) -> None:
    [event] = samples()[name]["credentialSubject"]
    spelt = epcis_event(event)
    schema = HERE / "epcis" / "EPCIS-JSON-Schema.json"
    document = epcis_document(spelt, created="2026-03-01T08:00:00Z")
    assert faults(Draft7Validator, schema, document) == []
    broken = epcis_document(spelt | {"eventTimeZoneOffset": "+8"}, created="2026-03-01T08:00:00Z")
    assert faults(Draft7Validator, schema, broken)
