"""Papers act on stock: what expires, is suspended, revoked or missing takes lots out, and lets them back in."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, text

from portal import wiring
from portal.flows import goods, replenishing, withholding
from portal.flows.withholding import Changed
from portal.inventory import service as inventory
from portal.inventory.model import StockLine
from portal.inventory.places import LotWithheld
from portal.kernel.ids import new_id
from portal.passports import status
from portal.passports.fitness import reads, service
from portal.passports.fitness.model import NoSuchRequirement, Requirement
from portal.passports.model import DocumentKind
from portal.platform.bus import Bus, Delivery
from portal.platform.clock import HandClock
from portal.platform.db import Database
from portal.replenishment import service as replenishment
from portal.replenishment.model import ShipmentDraft
from portal.replenishment.service import Count
from portal.web import paper_words
from portal.worker import build_worker
from support.passporting import LOT, Scene, made_scene
from support.people import browser, csrf_token

SHANGHAI = ZoneInfo("Asia/Shanghai")
ENGLISH = {"Accept-Language": "en"}
LICENCE = "Food production licence (SC-1)"


@pytest.fixture
def scene(database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Scene:
    return made_scene(database, home=tmp_path / "home", clock=clock, now=now.astimezone(SHANGHAI))


def licence(scene: Scene, **changes: object) -> Requirement:
    wanted = Requirement(
        id=new_id(scene.now),
        category=None,
        product_id=None,
        supplier_id=None,
        kind=DocumentKind.CERTIFICATE,
        name_zh="食品生产许可证",
        name_en="Food production licence",
        number_prefix="SC",
    )
    return replace(wanted, **changes)  # type: ignore[arg-type]


def require(scene: Scene, wanted: Requirement) -> None:
    with scene.services.database.transaction() as connection:
        service.require(connection, actor=scene.operator, requirement=wanted, now=scene.now)


def review(scene: Scene, later: timedelta = timedelta()) -> Changed:
    with scene.services.database.transaction() as connection:
        return withholding.review(connection, org_id=scene.company.org_id, now=scene.now + later)


def lying(scene: Scene) -> dict[str, int]:
    with scene.services.database.transaction() as connection:
        rows = connection.execute(text("SELECT status, on_hand FROM stock_balance WHERE on_hand > 0"))
        return {row.status: row.on_hand for row in rows}


def why(scene: Scene) -> list[str]:
    with scene.services.database.transaction() as connection:
        lots = withholding.withheld_lots(connection, org_id=scene.company.org_id)
    return [reason["fault"] for lot in lots for reason in lot.reasons]


def test_a_licence_that_ended_takes_the_lot_out_the_day_after_and_a_new_one_lets_it_back_in(scene: Scene) -> None:
    scene.papers()
    require(scene, licence(scene))
    until = datetime(2027, 1, 24, 23, 59, tzinfo=SHANGHAI) - scene.now
    assert review(scene, until) == Changed(withheld=0, freed=0)
    assert review(scene, until + timedelta(minutes=1)) == Changed(withheld=1, freed=0)
    assert (lying(scene), why(scene)) == ({"withheld": 480}, ["expired"])
    assert review(scene, until + timedelta(minutes=2)) == Changed(withheld=0, freed=0)
    newer = {"number": "SC-2", "valid_from": date(2027, 1, 25), "valid_until": date(2028, 1, 24)}
    scene.hand_in(DocumentKind.CERTIFICATE, **newer)
    assert review(scene, until + timedelta(minutes=3)) == Changed(withheld=0, freed=1)
    assert lying(scene) == {"available": 480}


def test_a_lot_whose_supplier_nobody_knows_lacks_every_paper(scene: Scene) -> None:
    scene.hand_in(DocumentKind.CERTIFICATE)
    require(scene, licence(scene))
    assert (review(scene), why(scene)) == (Changed(withheld=1, freed=0), ["missing"])
    scene.hand_in(DocumentKind.INSPECTION_REPORT)
    assert review(scene) == Changed(withheld=0, freed=1)


def test_a_suspended_passport_takes_its_lot_out_until_it_is_taken_up_again(scene: Scene) -> None:
    scene.papers()
    credential_id = scene.issue().id
    with scene.services.database.transaction() as connection:
        values = {"actor": scene.operator, "credential_id": credential_id}
        status.suspend(connection, **values, reason="Complaint", now=scene.now)  # type: ignore[arg-type]
    assert (review(scene), why(scene)) == (Changed(withheld=1, freed=0), ["suspended"])
    with scene.services.database.transaction() as connection:
        later = scene.now + timedelta(hours=1)
        status.resume(connection, **values, reason="Settled", now=later)  # type: ignore[arg-type]
    assert review(scene, timedelta(hours=2)) == Changed(withheld=0, freed=1)
    with scene.services.database.transaction() as connection:
        status.revoke(connection, **values, reason="Forged", now=later)  # type: ignore[arg-type]
    review(scene, timedelta(hours=3))
    assert why(scene) == ["revoked"]


def test_a_suspended_credential_of_a_required_paper_takes_its_lots_out(scene: Scene) -> None:
    scene.papers()
    scene.issue()
    require(scene, licence(scene))
    with scene.services.database.transaction() as connection:
        asked = text("SELECT id FROM credential WHERE kind = 'certificate'")
        values = {"actor": scene.operator, "credential_id": connection.execute(asked).scalar_one()}
        status.suspend(connection, **values, reason="Under inquiry", now=scene.now)
    review(scene)
    with scene.services.database.transaction() as connection:
        (lot,) = withholding.withheld_lots(connection, org_id=scene.company.org_id)
    assert [(one["fault"], one["number"], one["why"]) for one in lot.reasons] == [
        ("suspended", "SC-1", "Under inquiry")
    ]


def test_whatever_is_said_of_papers_has_the_lots_reviewed(scene: Scene) -> None:
    bus = Bus()
    withholding.subscribe(bus, time_zone="Asia/Shanghai")
    require(scene, licence(scene))
    with scene.services.database.transaction() as connection:
        (row,) = connection.execute(text("SELECT name, body FROM outbox_message WHERE name LIKE '%requirements%'"))
        (handler,) = bus.handlers_of(row.name).values()
        handler(
            bus.read(row.name, row.body),
            Delivery(connection=connection, message_id=new_id(scene.now), now=scene.now),
        )
    assert lying(scene) == {"withheld": 480}
    for name in ("credential.revoked", "credential.suspended", "credential.resumed", "document.registered"):
        assert list(bus.handlers_of(f"passports.{name}")) == ["inventory.review_papers"]


def test_the_worker_reviews_every_minute_and_waits_for_a_company(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    require(scene, licence(scene))
    task = build_worker(scene.services).tasks["passports.review"]
    task(timestamp=0)
    assert lying(scene) == {"withheld": 480}
    monkeypatch.setattr(withholding.partners, "the_company", lambda _connection: None)
    task(timestamp=0)


def test_requirements_are_asked_for_once_and_ended_once(scene: Scene) -> None:
    wanted = licence(scene)
    require(scene, wanted)
    require(scene, wanted)
    with scene.services.database.transaction() as connection:
        org_id = scene.company.org_id
        assert reads.requirements(connection, org_id=org_id) == (wanted,)
        asked = text("SELECT count(*) FROM outbox_message WHERE name = 'passports.requirements.changed'")
        assert connection.execute(asked).scalar_one() == 1
        values = {"actor": scene.operator, "requirement_id": wanted.id, "now": scene.now}
        service.require_no_more(connection, **values)  # type: ignore[arg-type]
        assert reads.requirements(connection, org_id=org_id) == ()
        with pytest.raises(NoSuchRequirement):
            service.require_no_more(connection, **values)  # type: ignore[arg-type]


# Shipping and receiving.


@pytest.fixture
def accepted(scene: Scene) -> str:
    """An order the supplier has accepted; returns its number."""
    with scene.services.database.transaction() as connection:
        connection.execute(text("UPDATE stock_balance SET on_hand = 0"))
        connection.execute(text("UPDATE stock_summary SET usable = 0, physical = 0"))
        order = new_order(connection, scene)
        replenishment.accept(connection, actor=scene.supplier, number=order, version=None, now=scene.now)
    return order


def new_order(connection: Connection, scene: Scene) -> str:
    (order,) = replenishing.check(
        connection,
        org_id=scene.company.org_id,
        scope=replenishing.EVERYTHING,
        today=scene.now.date(),
        now=scene.now,
    )
    return order.number


def despatch(lot: str = "L9") -> ShipmentDraft:
    return ShipmentDraft(
        number="ASN-9",
        lot_code=lot,
        made_on=date(2026, 11, 1),
        expires_on=date(2027, 11, 1),
        quantity=900,
        due_on=date(2026, 11, 27),
    )


def ship(scene: Scene, number: str, lot: str = "L9") -> object:
    with scene.services.database.transaction() as connection:
        return goods.ship(
            connection,
            actor=scene.supplier,
            number=number,
            version=None,
            draft=despatch(lot),
            now=scene.now,
        )


def test_a_supplier_cannot_ship_a_lot_whose_papers_do_not_hold(scene: Scene, accepted: str) -> None:
    require(scene, licence(scene))
    with pytest.raises(LotWithheld) as refusal:
        ship(scene, accepted)
    assert refusal.value.values["lot"] == "L9"
    assert [one["fault"] for one in refusal.value.values["reasons"]] == ["missing"]
    with scene.services.database.transaction() as connection:
        assert connection.execute(text("SELECT count(*) FROM shipment")).scalar_one() == 0
    scene.hand_in(DocumentKind.CERTIFICATE)
    ship(scene, accepted)


def test_another_suppliers_report_of_a_lot_of_the_same_code_is_not_told(scene: Scene, accepted: str) -> None:
    require(scene, licence(scene, kind=DocumentKind.INSPECTION_REPORT, number_prefix=""))
    with scene.services.database.transaction() as connection:
        other = scene.company.partners["key"]
        connection.execute(text("UPDATE partner SET roles = '{supplier}' WHERE id = :id"), {"id": other})
    scene.hand_in(DocumentKind.INSPECTION_REPORT, partner_id=other, number="SECRET-7", lot_code="L9")
    with pytest.raises(LotWithheld) as refusal:
        ship(scene, accepted)
    assert "SECRET-7" not in str(refusal.value.values)


def test_a_shipment_is_received_only_while_its_papers_hold_unless_nothing_came(
    scene: Scene, accepted: str
) -> None:
    shipment_id = ship(scene, accepted)
    require(scene, licence(scene))

    def receive(quantity: int) -> None:
        with scene.services.database.transaction() as connection:
            goods.receive(
                connection,
                actor=scene.operator,
                shipment_id=shipment_id,  # type: ignore[arg-type]
                count=Count(quantity=quantity, note="lost", version=None),
                now=scene.now,
            )

    with pytest.raises(LotWithheld):
        receive(900)
    with scene.services.database.transaction() as connection:
        assert connection.execute(text("SELECT state FROM shipment")).scalar_one() == "departed"
    receive(0)


def test_goods_without_a_lot_need_no_papers(scene: Scene) -> None:
    require(scene, licence(scene))
    with scene.services.database.transaction() as connection:
        withholding.check_fit(
            connection,
            org_id=scene.company.org_id,
            product_id=scene.product_id,
            lot_code="",
            shipped_by=None,
            now=scene.now,
        )


# Pages.


@pytest.fixture
def page(scene: Scene) -> Callable[..., tuple[int, str]]:
    app = wiring.build_web(scene.services)
    app.testing = True
    windows = {kind: browser(app, scene.company, kind) for kind in ("operator", "supplier", "key")}

    def ask(kind: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        client = windows[kind]
        if form is None:
            answer = client.get(path, headers=ENGLISH)
        else:
            form = {**form, "csrf_token": csrf_token(app, client)}
            answer = client.post(path, data=form, headers=ENGLISH, follow_redirects=True)
        return answer.status_code, " ".join(answer.get_data(as_text=True).split())

    return ask


FORM = {
    "kind": "certificate",
    "name_zh": "食品生产许可证",
    "name_en": "Food production licence",
    "number_prefix": "SC",
}


def test_an_operator_sees_what_a_requirement_would_do_before_it_does_it(
    scene: Scene, page: Callable[..., tuple[int, str]]
) -> None:
    assert "No paper is required yet" in page("operator", "/ops/requirements")[1]
    assert 'value="食品生产许可证"' in page("operator", "/ops/requirements/new?paper=licence")[1]
    form = {**FORM, "id": str(new_id(scene.now)), "product": "TEA-1"}
    asked = page("operator", "/ops/requirements/new", form)[1]
    assert "1 lot in stock does not have it." in asked
    assert lying(scene) == {"available": 480}
    assert 'value="SC"' in page("operator", "/ops/requirements/new", {**form, "step": "change"})[1]
    done = page("operator", "/ops/requirements/new", {**form, "step": "confirm"})[1]
    assert "Required from now on. Lots withheld: 1." in done
    assert "Food production licence is missing" in done
    assert "Longjing tea" in done
    inbox = page("operator", "/ops")[1]
    assert "Food production licence is missing. Hand it in under Certificates." in inbox
    assert "Withheld: its papers do not hold." in page("operator", f"/ops/stock/TEA-1/lot?lot={LOT}")[1]
    with scene.services.database.transaction() as connection:
        (one,) = reads.requirements(connection, org_id=scene.company.org_id)
    ended = page("operator", f"/ops/requirements/{one.id}/end", {})[1]
    assert "No longer required. Lots given back: 1." in ended


def test_a_requirement_of_a_range_and_of_a_supplier_is_shown_as_such(
    scene: Scene, page: Callable[..., tuple[int, str]]
) -> None:
    supplier = scene.company.partners["supplier"]
    form = {**FORM, "id": str(new_id(scene.now)), "category": "Tea", "supplier": str(supplier), "step": "confirm"}
    assert "Tea · Songyue Tea" in page("operator", "/ops/requirements/new", form)[1]
    every = {**FORM, "id": str(new_id(scene.now)), "step": "confirm"}
    assert "Every lot" in page("operator", "/ops/requirements/new", every)[1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "x"}, "Choose one of the list."),
        ({"name_en": ""}, "must have 1 to 80 characters."),
        ({"product": "NONE"}, "NONE"),
    ],
)
def test_a_requirement_that_cannot_be_read_says_what_is_wrong(
    scene: Scene, page: Callable[..., tuple[int, str]], change: dict[str, str], said: str
) -> None:
    status_code, body = page("operator", "/ops/requirements/new", {**FORM, "id": str(new_id(scene.now)), **change})
    assert status_code == 422
    assert said in body


def test_a_supplier_is_told_on_the_form_which_paper_is_missing_and_what_helps(
    scene: Scene, accepted: str, page: Callable[..., tuple[int, str]]
) -> None:
    require(scene, licence(scene))
    form = {
        "number": "ASN-9",
        "lot": "L9",
        "made_on": "2026-11-01",
        "expires_on": "2027-11-01",
        "due_on": "2026-11-27",
        "packs": "900",
        "version": "3",
        "step": "confirm",
    }
    status_code, body = page("supplier", f"/vmi/{accepted}/ship", form)
    assert status_code == 422
    assert "Lot L9 may not move: Food production licence is missing. Hand it in under Certificates." in body


def test_a_customer_sees_less_and_never_why(scene: Scene, page: Callable[..., tuple[int, str]]) -> None:
    scene.hand_in(DocumentKind.CERTIFICATE, number="SC-OLD", valid_until=date(2026, 11, 23))
    scene.hand_in(DocumentKind.INSPECTION_REPORT)
    require(scene, licence(scene))
    review(scene, timedelta(days=1))
    for path in ("/inventory", "/inventory/TEA-1"):
        body = page("key", path)[1]
        assert [word for word in ("SC-OLD", "licence", "withheld", "papers") if word in body] == []


def test_every_way_a_lot_can_be_kept_is_said_in_words(scene: Scene) -> None:
    app = wiring.build_web(scene.services)
    told = {"zh": "许可证", "en": "Licence", "number": "SC-1", "since": "2026-11-22", "why": "Forged"}
    with app.test_request_context("/", headers=ENGLISH):
        assert [paper_words.reason_text({**told, "fault": fault}) for fault in paper_words.FAULTS] == [
            "it was recalled on 22 Nov 2026: Forged",
            "Licence (SC-1) was revoked on 22 Nov 2026: Forged",
            "Licence (SC-1) is suspended since 22 Nov 2026: Forged",
            "Licence (SC-1) ended on 22 Nov 2026",
            "Licence (SC-1) holds only from 22 Nov 2026 on",
            "Licence (SC-1) is missing",
        ]
        assert set(paper_words.HELP) == set(paper_words.FAULTS)
        assert paper_words.reason_text({"fault": "revoked", "why": "Forged"}).startswith("its passport was")


def test_a_lot_that_is_only_announced_is_not_reviewed(scene: Scene, accepted: str) -> None:
    ship(scene, accepted)
    line = StockLine(
        product_id=scene.product_id, location_id=scene.company.nodes["CTU"], quantity=0, lot_code="EMPTY"
    )
    with scene.services.database.transaction() as connection:
        inventory.book_stock(
            connection, actor=scene.operator, lines=[line], document="O", key_prefix="o", now=scene.now
        )
    require(scene, licence(scene))
    assert review(scene) == Changed(withheld=0, freed=0)
