"""A recall revokes, withholds and tells those who had received the goods; nobody else learns of it."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from portal import wiring
from portal.flows import recalling
from portal.inventory import service as inventory
from portal.inventory.model import AllocationLine, ExpectedDraft
from portal.inventory.places import UnknownLot
from portal.passports import status
from portal.passports.fitness import reads, service
from portal.passports.fitness.model import LotRecalled, NotRecallable
from portal.passports.fitness.reads import NotRecalled
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.desk import main_of
from support.passporting import GTIN, LOT, PATH, Scene, made_scene
from support.people import browser, csrf_token

ENGLISH = {"Accept-Language": "en"}
WHY = "Salmonella found in a retained sample"
RECALL = f"/ops/stock/TEA-1/recall?lot={LOT}"
Page = Callable[..., tuple[int, str]]


@pytest.fixture
def scene(database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Scene:
    """480 of the lot: 30 went to Kestrel, 5 to Meridian, 2 to somebody unnamed; 60 more are on their way."""
    scene = made_scene(
        database, home=tmp_path / "home", clock=clock, now=now.astimezone(ZoneInfo("Asia/Shanghai"))
    )
    scene.papers()
    scene.issue()
    with scene.services.database.transaction() as connection:
        lines = [
            promise(scene, "SO-K", "key", 30),
            promise(scene, "SO-M", "strategic", 5),
        ]
        inventory.allocate(connection, actor=scene.operator, lines=lines, now=scene.now)
        for document, quantity in (("SO-K", 30), ("SO-M", 5), ("CASH", 2)):
            inventory.issue_stock(
                connection,
                actor=scene.operator,
                product_id=scene.product_id,
                location_id=scene.company.nodes["NGB"],
                quantity=quantity,
                document=document,
                key=document,
                now=scene.now,
            )
        coming = ExpectedDraft(
            product_id=scene.product_id,
            location_id=scene.company.nodes["NGB"],
            quantity=60,
            due_on=date(2026, 12, 1),
            source_key="R-1",
            state="shipped",
            document="R-1",
            supplier="Songyue Tea",
            lot_code=LOT,
        )
        inventory.expect_receipts(connection, actor=scene.operator, drafts=[coming], now=scene.now)
    return scene


def promise(scene: Scene, number: str, kind: str, quantity: int) -> AllocationLine:
    return AllocationLine(
        product_id=scene.product_id,
        location_id=scene.company.nodes["NGB"],
        partner_id=scene.company.partners[kind],
        quantity=quantity,
        needed_on=date(2026, 11, 23),
        document=number,
        source_key=number,
    )


@pytest.fixture
def page(scene: Scene) -> Page:
    app = wiring.build_web(scene.services)
    app.testing = True
    windows = {kind: browser(app, scene.company, kind) for kind in ("operator", "key", "other_key", "anonymous")}

    def ask(kind: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        client = windows[kind]
        if form is None:
            answer = client.get(path, headers=ENGLISH)
        else:
            form = {**form, "csrf_token": csrf_token(app, client)}
            answer = client.post(path, data=form, headers=ENGLISH, follow_redirects=True)
        return answer.status_code, " ".join(answer.get_data(as_text=True).split())

    return ask


def do_recall(scene: Scene, lot: str = LOT, later: timedelta = timedelta()) -> tuple[reads.LotRecall, bool]:
    with scene.services.database.transaction() as connection:
        return recalling.recall(
            connection,
            actor=scene.operator,
            product_id=scene.product_id,
            lot_code=lot,
            reason=WHY,
            now=scene.now + later,
        )


def notices(scene: Scene, kind: str) -> list[tuple[int, str]]:
    with scene.services.database.transaction() as connection:
        found = reads.notices(connection, org_id=scene.company.org_id, partner_id=scene.company.partners[kind])
    return [(notice.quantity, notice.documents) for notice in found]


def test_a_recall_revokes_withholds_and_tells_each_holder_of_their_own_goods(scene: Scene) -> None:
    recalled, is_new = do_recall(scene)
    assert is_new
    with scene.services.database.transaction() as connection:
        org_id = scene.company.org_id
        standing = status.standing(connection, org_id=org_id, credential_id=scene.passport().id, at=scene.now)
        assert (standing.revoked, standing.reason) == (True, WHY)
        lying = connection.execute(text("SELECT status, on_hand FROM stock_balance WHERE on_hand > 0")).all()
        assert [tuple(row) for row in lying] == [("withheld", 443)]
        _, found = recalling.holders_of(connection, org_id=org_id, recall_id=recalled.id, today=scene.now.date())
    told = [(one.partner and one.partner.name_en, one.quantity, one.documents) for one in found.holders]
    assert told == [("Kestrel", 30, ("SO-K",)), ("Meridian", 5, ("SO-M",)), (None, 2, ("CASH",))]
    assert found.holders[0].contacts == (("Name of key", "key@example.com"),)
    assert [(way.document, way.quantity) for way in found.on_its_way] == [("R-1", 60)]
    assert (notices(scene, "key"), notices(scene, "strategic")) == ([(30, "SO-K")], [(5, "SO-M")])
    assert (notices(scene, "other_key"), notices(scene, "ordinary")) == ([], [])


def test_recalling_again_tells_nobody_twice_and_keeps_the_first_recall(scene: Scene) -> None:
    first, _ = do_recall(scene)
    again, is_new = do_recall(scene, later=timedelta(hours=1))
    assert (again, is_new) == (first, False)
    assert notices(scene, "key") == [(30, "SO-K")]


def test_goods_that_were_taken_back_make_nobody_a_holder(scene: Scene) -> None:
    with scene.services.database.transaction() as connection:
        move_id = connection.execute(text("SELECT id FROM stock_move WHERE document = 'SO-K'")).scalar_one()
        inventory.reverse_move(
            connection, actor=scene.operator, move_id=move_id, reason="Came back", now=scene.now
        )
    do_recall(scene)
    assert notices(scene, "key") == []


def test_what_is_not_kept_by_lot_or_not_there_cannot_be_recalled(scene: Scene) -> None:
    with pytest.raises(UnknownLot):
        do_recall(scene, lot="NONE")
    with scene.services.database.transaction() as connection:
        with pytest.raises(NotRecallable):
            service.recall_lot(
                connection,
                actor=scene.operator,
                product_id=scene.product_id,
                lot_code="",
                reason=WHY,
                now=scene.now,
            )
        with pytest.raises(NotRecalled):
            reads.find_recall(connection, org_id=scene.company.org_id, recall_id=UUID(int=1))


def test_an_operator_sees_everything_a_recall_does_before_it_is_done(scene: Scene, page: Page) -> None:
    assert "Nothing was recalled" in page("operator", "/ops/recalls")[1]
    form = page("operator", RECALL)[1]
    assert "Kestrel" in form
    assert "key@example.com" in form
    code, refused = page("operator", RECALL, {"reason": " "})
    assert (code, "Say why, in at most 500 characters." in refused) == (422, True)
    asked = page("operator", RECALL, {"reason": WHY})[1]
    assert "A recall cannot be taken back." in asked
    assert "Customers who are told</dt><dd><b>2</b>" in asked
    assert WHY in page("operator", RECALL, {"reason": WHY, "step": "change"})[1]
    with scene.services.database.transaction() as connection:
        assert reads.recalls(connection, org_id=scene.company.org_id) == ()
    done = page("operator", RECALL, {"reason": WHY, "step": "confirm"})[1]
    assert f"Lot {LOT} is recalled." in done
    assert "not read yet" in done
    assert "tell them yourself" in done
    assert "It was recalled before." in page("operator", RECALL, {"reason": "x", "step": "confirm"})[1]
    assert WHY in page("operator", "/ops/recalls")[1]


def test_the_holders_are_a_file_to_call_them_by(scene: Scene, page: Page) -> None:
    recalled, _ = do_recall(scene)
    lines = page("operator", f"/ops/recalls/{recalled.id}?format=csv")[1].replace("\ufeff", "")
    assert (
        "Customer,Kestrel,L7,30,pcs,SO-K,2026-11-23,2026-11-23,Name of key <key@example.com>, "
        "Customer,Meridian,L7,5,pcs,SO-M" in lines
    )
    assert "Customer,Buyer not named,L7,2,pcs,CASH" in lines
    assert "In stock,NGB NGB,L7,443,pcs,withheld: papers" in lines
    assert "On its way,Songyue Tea,L7,60,pcs,R-1,2026-12-01" in lines


def test_a_customer_reads_their_own_notice_and_the_operator_sees_that(scene: Scene, page: Page) -> None:
    assert "Nothing you received was recalled" in page("key", "/recalls")[1]
    recalled, _ = do_recall(scene)
    mine = page("key", "/recalls")[1]
    assert WHY in mine
    assert "SO-K" in mine
    assert "SO-M" not in mine
    with scene.services.database.transaction() as connection:
        found = reads.notices(connection, org_id=scene.company.org_id, partner_id=scene.company.partners["key"])
    page("other_key", f"/recalls/{found[0].id}/seen", {})
    assert "not read yet" in page("operator", f"/ops/recalls/{recalled.id}")[1]
    assert "We have read it" not in page("key", f"/recalls/{found[0].id}/seen", {})[1]
    seen = page("operator", f"/ops/recalls/{recalled.id}?format=csv")[1]
    assert "key@example.com>,2026-11-23T10:24+08:00" in seen


def test_a_customer_who_received_none_of_it_sees_the_same_pages_as_before(scene: Scene, page: Page) -> None:
    before = main_of(page("other_key", "/recalls")[1])
    do_recall(scene)
    assert main_of(page("other_key", "/recalls")[1]) == before


def test_the_public_passport_says_that_its_lot_was_recalled_and_why(scene: Scene, page: Page) -> None:
    assert "recalled" not in page("anonymous", PATH)[1]
    do_recall(scene)
    body = page("anonymous", PATH)[1]
    assert "This lot was recalled" in body
    assert WHY in body
    assert GTIN in body


def test_a_recalled_lot_gets_no_new_passport(scene: Scene) -> None:
    revoked = scene.passport()
    do_recall(scene)
    scene.trace("shipping", hours_ago=1, place="宁波仓 / Ningbo")
    with pytest.raises(LotRecalled) as refusal:
        scene.issue(later=timedelta(minutes=5))
    assert refusal.value.values == {"lot": LOT, "reason": WHY}
    assert scene.passport().id == revoked.id
