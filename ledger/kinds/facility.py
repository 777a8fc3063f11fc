"""A place where goods are made or kept: UNTP Digital Facility Record 0.6.1."""

from dataclasses import dataclass
from typing import Any, Final

from ledger.kinds.digital_link import location_link
from ledger.kinds.envelope import Heading, Party, enveloped, party_value

FACILITY_TYPE: Final = "DigitalFacilityRecord"


@dataclass(frozen=True, slots=True)
class FacilityFacts:
    """All that the record of one place says.

    Args:
        link: The place's own address here; its identity when it has no GLN.
        code: What is written on it.
        gln: Global Location Number, 13 digits, if it has one.
        country: ISO 3166-1 alpha-2 code.
    """

    heading: Heading
    operator: Party
    link: str
    code: str
    name: str
    gln: str | None = None
    country: str | None = None


def place_link(link: str, gln: str | None) -> str:
    """Return what a place is called: its GLN's Digital Link, or its address here.

    Raises:
        BadFacts: See :func:`ledger.kinds.digital_link.location_link`.
    """
    return location_link(gln) if gln else link


def compose(facts: FacilityFacts) -> dict[str, Any]:
    """Return the unsigned credential, made of JSON types.

    Raises:
        BadFacts: See :func:`ledger.kinds.envelope.enveloped`; the GLN's check digit is wrong.
        Malformed: A time without a zone.
    """
    scheme = {
        "type": ["IdentifierScheme"],
        "id": "https://id.gs1.org/414/",
        "name": "Global Location Number (GLN)",
    }
    subject = {
        "type": ["FacilityRecord"],
        "id": f"{facts.heading.id}#record",
        "facility": {
            "type": ["Facility"],
            "id": place_link(facts.link, facts.gln),
            "name": facts.name,
            "registeredId": facts.gln or facts.code,
            "idScheme": scheme if facts.gln else None,
            "countryOfOperation": facts.country,
            "operatedByParty": party_value(facts.operator),
            "facilityAlsoKnownAs": [{"id": facts.link, "name": facts.code}] if facts.gln else None,
        },
    }
    return enveloped(facts.heading, type_name=FACILITY_TYPE, subject=subject)
