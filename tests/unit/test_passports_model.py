"""What a paper must say, what a passport needs and how long it holds."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from ledger.kinds.envelope import Party
from ledger.kinds.passport import compose
from portal.kernel.gtin import NotAGTIN
from portal.passports import model
from portal.passports.bearer import Bearer, LotNotPrintable, SerialNotPrintable, passport_link
from portal.passports.model import DocumentDraft, DocumentKind, Issuing, Paper, PassportSubject, TraceLine

SHANGHAI = ZoneInfo("Asia/Shanghai")
SUPPLIER, PRODUCT = UUID(int=1), UUID(int=2)
REPORT = DocumentDraft(
    kind=DocumentKind.INSPECTION_REPORT,
    partner_id=SUPPLIER,
    product_id=PRODUCT,
    lot_code="L7",
    number="JY-7",
    issued_by="Lab",
    valid_from=date(2026, 1, 2),
    valid_until=date(2026, 1, 24),
    file_name="r.pdf",
)


def paper(kind: DocumentKind = DocumentKind.CERTIFICATE, until: date | None = date(2026, 1, 24)) -> Paper:
    return Paper(
        id=UUID(int=3 if kind is DocumentKind.CERTIFICATE else 4),
        kind=kind,
        number="SC-1",
        issued_by="Authority",
        valid_from=date(2026, 1, 1),
        valid_until=until,
        file_name="c.pdf",
        media_type="application/pdf",
        sha256=bytes(31) + bytes([3 if kind is DocumentKind.CERTIFICATE else 4]),
        size_bytes=9,
    )


SUBJECT = PassportSubject(
    product_id=PRODUCT,
    gtin="6901234567892",
    lot_code="L7",
    name_zh="龙井",
    name_en="Longjing",
    base_unit="KGM",
    decimals=3,
    made_on=date(2025, 12, 1),
    expires_on=date(2026, 12, 1),
    supplier_id=SUPPLIER,
    supplier_code="S-1",
    supplier_name="松月 / Songyue",
)
ISSUING = Issuing(
    credential_id=UUID(int=9),
    issuer=Party("did:web:portal.example", "主家"),
    origin="https://portal.example",
    at=datetime(2026, 1, 10, 4, 5, 6, 789, tzinfo=UTC),
    zone=SHANGHAI,
)
SHIPPED = TraceLine(
    source_key="shipping/1",
    product_id=PRODUCT,
    lot_code="L7",
    step="shipping",
    place="松月",
    document="ASN-1",
    quantity=12_500,
    at=datetime(2026, 1, 9, tzinfo=UTC),
)
BOTH = (paper(), paper(DocumentKind.INSPECTION_REPORT))


def test_a_complete_report_is_taken() -> None:
    model.check_document(REPORT)


@pytest.mark.parametrize("field", ["number", "issued_by", "file_name"])
@pytest.mark.parametrize("text", ["", "  ", "x" * 201])
def test_a_field_that_is_empty_or_endless_is_refused_by_name(field: str, text: str) -> None:
    with pytest.raises(model.FieldEmpty) as refusal:
        model.check_document(replace(REPORT, **{field: text}))  # type: ignore[arg-type]
    assert refusal.value.values == {"field": field, "max": 200}


@pytest.mark.parametrize("gap", [{"product_id": None}, {"lot_code": None}, {"lot_code": ""}])
def test_a_report_without_product_or_lot_is_refused(gap: dict[str, object]) -> None:
    with pytest.raises(model.LotNeeded):
        model.check_document(replace(REPORT, **gap))  # type: ignore[arg-type]


def test_a_certificate_may_cover_everything() -> None:
    model.check_document(replace(REPORT, kind=DocumentKind.CERTIFICATE, product_id=None, lot_code=None))


def test_a_validity_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(model.ValidityReversed) as refusal:
        model.check_document(replace(REPORT, valid_until=date(2026, 1, 1)))
    assert refusal.value.values == {"valid_from": "2026-01-02", "valid_until": "2026-01-01"}


def test_a_paper_may_be_handed_in_on_its_last_day_and_not_after() -> None:
    model.check_not_over(REPORT, on=date(2026, 1, 24))
    model.check_not_over(replace(REPORT, valid_until=None), on=date(2099, 1, 1))
    with pytest.raises(model.AlreadyOver) as refusal:
        model.check_not_over(REPORT, on=date(2026, 1, 25))
    assert refusal.value.values == {"valid_until": "2026-01-24"}


def test_a_pdf_is_known_by_its_first_bytes() -> None:
    model.check_pdf_start(b"%PDF-1.7")
    with pytest.raises(model.NotAPDF):
        model.check_pdf_start(b"PK\x03\x04....")


def test_a_gtin_is_filled_up_to_14_digits() -> None:
    assert model.full_gtin("6901234567892") == "06901234567892"


@pytest.mark.parametrize("gtin", [None, ""])
def test_a_product_without_a_gtin_can_have_no_passport(gtin: str | None) -> None:
    with pytest.raises(model.NoGTIN):
        model.full_gtin(gtin)


def test_a_wrong_check_digit_is_refused() -> None:
    with pytest.raises(NotAGTIN):
        model.full_gtin("6901234567893")


def test_a_lot_is_escaped_in_its_address_and_one_no_code_can_carry_is_refused() -> None:
    link = passport_link("https://p.example", Bearer(gtin="06901234567892", lot_code="A/7"))
    assert link == "https://p.example/01/06901234567892/10/A%2F7"
    with pytest.raises(LotNotPrintable) as refusal:
        passport_link("https://p.example", Bearer(gtin="06901234567892", lot_code="批次七"))
    assert refusal.value.values == {"lot": "批次七"}


def test_a_piece_has_an_address_without_its_lot_and_one_no_code_can_carry_is_refused() -> None:
    piece = Bearer(gtin="06901234567892", lot_code="L7", serial="S/1")
    assert passport_link("https://p.example", piece) == "https://p.example/01/06901234567892/21/S%2F1"
    assert piece.about == "piece/06901234567892/S/1"
    with pytest.raises(SerialNotPrintable) as refusal:
        passport_link("https://p.example", Bearer(gtin="06901234567892", lot_code="L7", serial="一号"))
    assert refusal.value.values == {"serial": "一号"}


def test_a_piece_says_its_lots_events_under_its_own_address() -> None:
    piece = replace(SUBJECT, serial="S-1")
    facts = model.to_facts(piece, (), (SHIPPED,), issuing=ISSUING)
    subject = compose(facts)["credentialSubject"]
    [event] = subject["traceabilityInformation"][0]["event"]
    assert subject["id"] == "https://portal.example/01/06901234567892/21/S-1#passport"
    assert subject["granularityLevel"] == "item"
    assert event["quantityList"][0]["epcClass"] == "https://portal.example/01/06901234567892/10/L7"
    assert (subject["product"]["batchNumber"], subject["product"]["serialNumber"]) == ("L7", "S-1")
    whole = model.to_facts(SUBJECT, (), (SHIPPED,), issuing=ISSUING)
    assert model.facts_key(facts) != model.facts_key(whole)


def test_the_printed_fingerprint_is_base64url_without_padding() -> None:
    assert model.code_hash(b"\xfb\xff" + bytes(30)) == "-_8" + "A" * 40


@pytest.mark.parametrize(("day", "holds"), [(1, True), (24, True), (25, False)])
def test_a_certificate_holds_on_its_first_and_last_day(day: int, holds: bool) -> None:  # noqa: FBT001 - a table's column
    assert model.in_force(paper(), on=date(2026, 1, day)) is holds


def test_a_certificate_does_not_hold_before_it_begins_and_may_never_end() -> None:
    assert not model.in_force(paper(), on=date(2025, 12, 31))
    assert model.in_force(paper(until=None), on=date(2099, 1, 1))


def test_what_is_missing_for_a_passport_is_named() -> None:
    model.check_papers(BOTH, on=date(2026, 1, 24))
    with pytest.raises(model.PapersMissing) as refusal:
        model.check_papers((), on=date(2026, 1, 24))
    assert refusal.value.values == {"missing": ["certificate", "inspection_report"]}
    with pytest.raises(model.PapersMissing) as refusal:
        model.check_papers(BOTH, on=date(2026, 1, 25))
    assert refusal.value.values == {"missing": ["certificate"]}


def test_a_passport_holds_to_the_last_second_of_the_first_certificates_last_local_day() -> None:
    papers = (paper(), paper(until=date(2026, 6, 1)), paper(until=None))
    assert model.holds_until(papers, zone=SHANGHAI) == datetime(2026, 1, 24, 15, 59, 59, tzinfo=UTC)


def test_papers_that_never_end_set_no_end_to_a_passport() -> None:
    papers = (paper(until=None), paper(DocumentKind.INSPECTION_REPORT))
    assert model.holds_until(papers, zone=SHANGHAI) is None


def test_facts_name_the_lot_its_papers_and_its_way() -> None:
    facts = model.to_facts(SUBJECT, BOTH, (SHIPPED,), issuing=ISSUING)
    assert facts.id == "https://portal.example/credentials/00000000-0000-0000-0000-000000000009"
    assert (facts.gtin, facts.lot) == ("06901234567892", "L7")
    assert facts.valid_from == datetime(2026, 1, 10, 4, 5, 6, tzinfo=UTC)
    assert facts.producer == Party("https://portal.example/partners/S-1", "松月 / Songyue")
    assert [(c.number, c.issuing_body, c.valid_until) for c in facts.certificates] == [
        ("SC-1", "Authority", date(2026, 1, 24))
    ]
    [report] = facts.inspections
    assert report.file is not None
    assert report.file.url == f"https://portal.example/documents/{'00' * 31}04"
    [event] = facts.events
    assert (event.biz_step, event.quantity, event.unit, event.document) == ("shipping", "12.5", "KGM", "ASN-1")


def test_a_lot_that_no_code_can_carry_gets_no_facts() -> None:
    with pytest.raises(LotNotPrintable):
        model.to_facts(replace(SUBJECT, lot_code="x" * 21), BOTH, (), issuing=ISSUING)


def test_the_same_facts_have_the_same_key_whenever_they_are_issued() -> None:
    def key(subject: PassportSubject = SUBJECT, issuing: Issuing = ISSUING, *trace: TraceLine) -> str:
        return model.facts_key(model.to_facts(subject, BOTH, trace, issuing=issuing))

    later = replace(ISSUING, credential_id=UUID(int=10), at=datetime(2026, 1, 11, tzinfo=UTC))
    assert key() == key(issuing=later)
    keys = {
        key(),
        key(replace(SUBJECT, name_en="Tea")),
        key(replace(SUBJECT, expires_on=None)),
        key(SUBJECT, ISSUING, SHIPPED),
        key(SUBJECT, ISSUING, replace(SHIPPED, place="elsewhere")),
        key(SUBJECT, ISSUING, replace(SHIPPED, quantity=1)),
    }
    assert len(keys) == 6


def test_facts_without_files_and_producer_have_a_key_too() -> None:
    facts = model.to_facts(SUBJECT, BOTH, (), issuing=ISSUING)
    bare = replace(facts, producer=None, certificates=tuple(replace(c, file=None) for c in facts.certificates))
    assert model.facts_key(bare) != model.facts_key(facts)
