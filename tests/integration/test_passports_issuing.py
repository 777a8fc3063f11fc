"""Papers in, passport out: what is refused, what is issued once, and what the other rooms write into it."""

import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from ledger.canonical import canonical_bytes, parse_json_strict, sha256
from ledger.verification.report import Verdict
from ledger.verify import verify_bundle
from portal.demo.papers import pdf
from portal.flows import passporting
from portal.inventory.model import UnknownProduct
from portal.inventory.store import expected_table
from portal.kernel.errors import PortalError
from portal.kernel.ids import new_id
from portal.passports import model, reads, service
from portal.passports.bearer import Bearer
from portal.passports.model import DocumentKind
from portal.platform.bus import Delivery
from portal.platform.clock import HandClock
from portal.platform.db import Database
from portal.platform.files import FileTooLarge
from portal.platform.outbox import deliver, publish
from portal.replenishment.messages import GoodsReceived, ShipmentSent
from support.passporting import GTIN, LOT, REPORT, Scene, made_scene

BEARER = Bearer(gtin=GTIN, lot_code=LOT)
CERTIFICATE, INSPECTION = DocumentKind.CERTIFICATE, DocumentKind.INSPECTION_REPORT


@pytest.fixture
def scene(database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Scene:
    return made_scene(database, home=tmp_path / "home", clock=clock, now=now)


def stored(scene: Scene) -> list[str]:
    folder = scene.services.settings.home / "files"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def told(scene: Scene) -> list[str]:
    with scene.services.database.reading() as connection:
        mine = text("SELECT name FROM outbox_message WHERE name LIKE 'passports.%' ORDER BY id")
        return list(connection.scalars(mine))


def test_a_paper_is_kept_under_its_digest_and_told_of_once(scene: Scene) -> None:
    first = scene.hand_in(CERTIFICATE)
    assert scene.hand_in(CERTIFICATE) == first
    assert stored(scene) == ["cc1161594892737012a90b28ad2d6d63240d461952e8de9f9040a97954435311"]
    assert told(scene) == ["passports.document.registered"]


@pytest.mark.parametrize(
    ("kind", "data", "refusal"),
    [
        (CERTIFICATE, b"PK\x03\x04 no pdf", model.NotAPDF),
        (CERTIFICATE, b"%PDF-1.4\n" + bytes(passporting.MAX_PAPER_BYTES), FileTooLarge),
    ],
)
def test_nothing_is_kept_of_a_refused_file(
    scene: Scene, kind: DocumentKind, data: bytes, refusal: type[PortalError]
) -> None:
    with pytest.raises(refusal):
        scene.hand_in(kind, data)
    assert stored(scene) == []
    assert told(scene) == []


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"number": " "}, model.FieldEmpty),
        ({"valid_until": date(2026, 11, 22)}, model.AlreadyOver),
        ({"product_id": UUID(int=5)}, UnknownProduct),
    ],
)
def test_a_paper_that_says_something_impossible_is_refused(
    scene: Scene, changes: dict[str, Any], refusal: type[PortalError]
) -> None:
    with pytest.raises(refusal):
        scene.hand_in(CERTIFICATE, **changes)
    assert told(scene) == []


def test_a_certificate_for_everything_is_taken_and_found_by_its_owner_only(scene: Scene) -> None:
    scene.hand_in(CERTIFICATE, product_id=None)
    org_id, supplier = scene.company.org_id, scene.company.partners["supplier"]
    with scene.services.database.reading() as connection:
        [mine] = reads.documents(connection, org_id=org_id, partner_id=supplier)
        assert reads.documents(connection, org_id=org_id, partner_id=UUID(int=4)) == ()
        digest = mine.paper.sha256
        assert reads.document_by_digest(connection, org_id=org_id, sha256=digest) == mine
        assert reads.document_by_digest(connection, org_id=org_id, sha256=digest, partner_id=supplier) == mine
        with pytest.raises(reads.DocumentNotFound):
            reads.document_by_digest(connection, org_id=org_id, sha256=digest, partner_id=UUID(int=4))


def test_a_passport_says_what_the_papers_say_and_names_who_made_the_goods(scene: Scene) -> None:
    scene.papers()
    scene.trace("shipping", hours_ago=72, place="松月茶业 / Songyue Tea")
    passport = scene.issue()
    credential = json.loads(passport.body)
    product = credential["credentialSubject"]["product"]
    assert product["producedByParty"]["name"] == "松月茶业 / Songyue Tea"
    assert (product["productionDate"], product["characteristics"]["bestBefore"]) == ("2026-11-05", "2027-08-04")
    assert credential["issuer"]["name"] == "主家 / Host"
    assert credential["validUntil"] == "2027-01-24T15:59:59Z"
    assert passport.digest == sha256(canonical_bytes(parse_json_strict(passport.body.encode())))
    assert (passport.state, passport.replaced_by) == ("issued", None)
    with scene.services.database.reading() as connection:
        by_id = reads.passport_by_id(connection, org_id=scene.company.org_id, credential_id=passport.id)
        by_digest = reads.passport_by_digest(connection, org_id=scene.company.org_id, digest=passport.digest)
        of_lots = reads.passports_of_lots(
            connection, org_id=scene.company.org_id, product_ids=frozenset({scene.product_id})
        )
    assert by_id == by_digest == passport == of_lots[scene.product_id, LOT]


def test_the_same_request_twice_issues_one_passport(scene: Scene) -> None:
    scene.papers()
    first = scene.issue()
    assert scene.issue(later=timedelta(days=1)) == first
    assert told(scene).count("passports.passport.issued") == 1


def test_news_of_the_lot_issue_a_new_passport_that_replaces_the_old_one(scene: Scene) -> None:
    scene.papers()
    old = scene.issue()
    scene.trace("receiving", hours_ago=1, place="宁波仓 / Ningbo")
    new = scene.issue(later=timedelta(minutes=5))
    with scene.services.database.reading() as connection:
        history = reads.history_of(connection, org_id=scene.company.org_id, bearer=BEARER)
        page, count = reads.passports(connection, org_id=scene.company.org_id, per_page=1, page=2)
    assert [one.digest for one in history] == [new.digest, old.digest]
    assert history[1].replaced_by == new.digest
    assert ([one.digest for one in page], count) == ([old.digest], 2)


def test_without_a_report_nobody_knows_whose_lot_it_is(scene: Scene) -> None:
    scene.hand_in(CERTIFICATE)
    with pytest.raises(model.PapersMissing) as refusal:
        scene.issue()
    assert refusal.value.values == {"missing": ["inspection_report"]}


@pytest.mark.parametrize(("day", "missing"), [(24, None), (25, ["certificate"])])
def test_a_certificate_counts_to_the_end_of_its_last_local_day(
    scene: Scene, day: int, missing: list[str] | None
) -> None:
    scene.hand_in(CERTIFICATE, valid_until=date(2026, 11, 24))
    scene.hand_in(INSPECTION)
    # The 25th begins in Shanghai at 16:00 UTC of the 24th.
    at = datetime(2026, 11, 24, 15 if day == 24 else 16, tzinfo=UTC)
    if missing is None:
        assert scene.issue(later=at - scene.now).valid_until == datetime(2026, 11, 24, 15, 59, 59, tzinfo=UTC)
        return
    with pytest.raises(model.PapersMissing) as refusal:
        scene.issue(later=at - scene.now)
    assert refusal.value.values == {"missing": missing}


def test_a_certificate_to_24_january_is_valid_that_day_and_expired_the_next(scene: Scene) -> None:
    scene.papers()
    scene.issue()

    def validity(at: datetime) -> tuple[str, str]:
        report = verify_bundle(scene.bundle(), as_of=at)
        [check] = [check for check in report.checks if check.id == "validity"]
        return check.state.value, check.code

    # 24 January 23:59:59 in Shanghai is 15:59:59 UTC.
    assert validity(datetime(2027, 1, 24, 15, 59, 59, tzinfo=UTC)) == ("ok", "ok")
    assert validity(datetime(2027, 1, 24, 16, 0, 0, tzinfo=UTC)) == ("failed", "expired")


def test_unknown_lots_and_an_empty_portal_are_named(scene: Scene) -> None:
    scene.papers()
    database, org_id = scene.services.database, scene.company.org_id
    with database.reading() as connection, pytest.raises(passporting.UnknownLot) as refusal:
        passporting.subject_of_lot(connection, org_id=org_id, product_id=scene.product_id, lot_code="L8")
    assert refusal.value.values == {"lot": "L8"}


def test_a_portal_without_a_company_has_nobody_who_signs(conn: Connection) -> None:
    with pytest.raises(passporting.NoIssuer):
        passporting.issuer_name(conn)


def test_an_announced_lot_has_the_dates_of_its_announcement(scene: Scene) -> None:
    scene.papers()
    org_id = scene.company.org_id
    with scene.services.database.reading() as connection:
        connection.execute(text("UPDATE lot SET code = 'gone' WHERE code = :lot"), {"lot": LOT})
        connection.execute(
            expected_table.insert().values(
                org_id=org_id,
                id=new_id(scene.now),
                product_id=scene.product_id,
                location_id=scene.company.nodes["NGB"],
                lot_code=LOT,
                lot_expires_on=date(2027, 5, 1),
                quantity=10,
                received=0,
                written_off=0,
                due_on=date(2026, 12, 1),
                state="shipped",
                document="R-1",
                supplier="x",
                source_key="k",
                created_at=scene.now,
            )
        )
        subject = passporting.subject_of_lot(connection, org_id=org_id, product_id=scene.product_id, lot_code=LOT)
    assert (subject.made_on, subject.expires_on) == (None, date(2027, 5, 1))


def lots(scene: Scene) -> list[tuple[str, str, tuple[str, ...]]]:
    with scene.services.database.reading() as connection:
        found = passporting.lots_to_issue(connection, org_id=scene.company.org_id, today=date(2026, 11, 23))
    return [(lot.lot_code, lot.supplier_en, lot.missing) for lot in found]


def test_lots_without_a_passport_tell_what_they_miss(scene: Scene) -> None:
    assert lots(scene) == [(LOT, "", ("inspection_report", "certificate"))]
    scene.hand_in(INSPECTION)
    assert lots(scene) == [(LOT, "Songyue Tea", ("certificate",))]
    scene.hand_in(CERTIFICATE, product_id=None)
    assert lots(scene) == [(LOT, "Songyue Tea", ())]
    scene.issue()
    assert lots(scene) == []


def shipment(scene: Scene, **changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "org_id": scene.company.org_id,
        "shipment_id": UUID(int=77),
        "number": "ASN-77",
        "order_id": UUID(int=78),
        "order_number": "R-78",
        "product_id": scene.product_id,
        "location_id": scene.company.nodes["NGB"],
        "supplier_id": scene.company.partners["supplier"],
        "lot_code": LOT,
        "lot_made_on": None,
        "lot_expires_on": None,
        "quantity": 48,
    }
    return facts | changes


def way(scene: Scene, lot: str = LOT) -> list[tuple[str, str, str, int, datetime]]:
    with scene.services.database.reading() as connection:
        lines = reads.trace_of_lot(
            connection, org_id=scene.company.org_id, product_id=scene.product_id, lot_code=lot
        )
    return [(line.step, line.place, line.document, line.quantity, line.at) for line in lines]


def test_shipment_and_receipt_write_the_way_of_their_lot_once_at_the_time_they_happened(scene: Scene) -> None:
    services, now = scene.services, scene.now
    sent = ShipmentSent(**shipment(scene, due_on=date(2026, 11, 25)))
    came = GoodsReceived(**shipment(scene, shipped=48))
    bus = type(services.bus)()
    passporting.subscribe(bus)
    with services.database.transaction() as connection:
        ids = [publish(connection, message, now=now) for message in (sent, came)]
    for message_id in (*ids, *ids):
        deliver(
            services.database,
            bus,
            org_id=scene.company.org_id,
            message_id=message_id,
            now=now + timedelta(hours=3),
        )
    assert sorted(way(scene)) == [
        ("receiving", "宁波仓 / Ningbo", "ASN-77", 48, now),
        ("shipping", "松月茶业 / Songyue Tea", "ASN-77", 48, now),
    ]


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (passporting.on_shipped, lambda s: ShipmentSent(**shipment(s, lot_code="", due_on=date(2026, 11, 25)))),
        (passporting.on_received, lambda s: GoodsReceived(**shipment(s, shipped=48, quantity=0))),
    ],
)
def test_goods_without_a_lot_and_goods_that_never_came_leave_no_trace(
    scene: Scene, handler: Callable[[Any, Delivery], None], message: Callable[[Scene], Any]
) -> None:
    with scene.services.database.transaction() as connection:
        handler(message(scene), Delivery(connection=connection, message_id=UUID(int=1), now=scene.now))
    assert way(scene) == way(scene, "") == []


def test_a_shipment_of_a_forgotten_supplier_is_noted_without_a_place(scene: Scene) -> None:
    message = ShipmentSent(**shipment(scene, supplier_id=UUID(int=3), due_on=date(2026, 11, 25)))
    with scene.services.database.transaction() as connection:
        passporting.on_shipped(message, Delivery(connection=connection, message_id=UUID(int=1), now=scene.now))
    assert way(scene) == [("shipping", "", "ASN-77", 48, scene.now)]


def test_a_firm_with_one_name_is_written_once() -> None:
    assert passporting.two_names("Kenan", "Kenan") == "Kenan"
    assert passporting.two_names("", "Kenan") == "Kenan"


def test_sealing_twice_makes_one_batch_in_the_order_of_issuing(scene: Scene) -> None:
    scene.papers()
    old = scene.issue()
    scene.trace("receiving", hours_ago=1, place="x")
    new = scene.issue(later=timedelta(minutes=1))
    with scene.services.database.transaction() as connection:
        assert service.seal_batch(connection, org_id=scene.company.org_id, now=scene.now) is not None
        assert service.seal_batch(connection, org_id=scene.company.org_id, now=scene.now) is None
        queue = reads.anchor_queue(connection, org_id=scene.company.org_id)
    assert (queue.waiting, queue.oldest, queue.anchored, queue.last_block) == (5, scene.now, 0, None)
    # A licence, a report and the old passport were issued first, then an event and the new passport.
    for places, passport in (((0, 1, 2), old), ((3, 4), new)):
        inclusion = json.loads(scene.bundle(passport.digest))["inclusion"]
        assert inclusion["leafIndex"] in places
        assert inclusion["treeSize"] == 5
    assert scene.passport().state == "sealed"


def test_a_sealed_passport_is_partly_verified_until_the_chain_has_it(scene: Scene) -> None:
    scene.papers()
    scene.issue()
    report = verify_bundle(scene.bundle(), as_of=scene.now)
    codes = {check.id: check.code for check in report.checks}
    assert (codes["inclusion"], codes["anchor"]) == ("not_anchored_yet", "not_anchored_yet")
    assert report.verdict is Verdict.PARTIAL


def test_what_was_never_issued_is_not_found(scene: Scene) -> None:
    org_id = scene.company.org_id
    with scene.services.database.reading() as connection:
        with pytest.raises(reads.PassportNotFound):
            reads.passport_of(connection, org_id=org_id, bearer=BEARER)
        with pytest.raises(reads.PassportNotFound):
            reads.passport_by_digest(connection, org_id=org_id, digest=bytes(32))
        with pytest.raises(reads.PassportNotFound):
            reads.passport_by_id(connection, org_id=org_id, credential_id=UUID(int=1))
        with pytest.raises(reads.PassportNotFound):
            reads.bundle(connection, org_id=org_id, digest=bytes(32))
        assert reads.trust_list(connection, org_id=org_id, name="x").issuers == ()


def test_a_stream_that_is_cut_short_is_read_to_its_end(scene: Scene) -> None:
    class Drops(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 1, 7))

    file = passporting.keep_paper(
        passporting.files_of(scene.services.settings.home),
        draft=scene.draft(INSPECTION),
        stream=Drops(REPORT),
        today=date(2026, 11, 23),
    )
    assert file.size_bytes == len(REPORT)
    assert pdf("Inspection report", ["Lot L7", "passed"]) == REPORT
