"""The supplier's and the operator's pages of one order, through the HTML door."""
# ruff: noqa: ARG001, PLR0917 - fixtures set the scene

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, text
from werkzeug.test import TestResponse

from portal.inventory import service as inventory
from portal.inventory.model import AllocationLine
from portal.kernel.ids import new_id
from portal.platform.clock import HandClock
from portal.platform.db import Database
from portal.replenishment import reads, service
from portal.replenishment.model import Order, State
from portal.web import ops
from support import replenishing as make
from support.people import Company, browser, csrf_token, found_company, web_app
from support.replenishing import World


@pytest.fixture
def company(conn: Connection, now: datetime) -> Company:
    return found_company(conn, now=now)


@pytest.fixture
def world(conn: Connection, company: Company, now: datetime) -> World:
    built = make.build_world(conn, org_id=company.org_id, now=now)
    return replace(built, supplier_id=company.partners["supplier"])


@pytest.fixture
def app(company: Company, database: Database, tmp_path: Path, clock: HandClock) -> Flask:
    return web_app(database, home=tmp_path, clock=clock)


@pytest.fixture
def supplier(app: Flask, company: Company) -> FlaskClient:
    return browser(app, company, "supplier")


@pytest.fixture
def operator(app: Flask, company: Company) -> FlaskClient:
    return browser(app, company, "operator")


@pytest.fixture
def order(conn: Connection, world: World) -> Order:
    make.short_of_tea(conn, world)
    (order,) = make.check(conn, world)
    return order


def post(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    return client.post(path, data={"csrf_token": csrf_token(client.application, client), **fields})


def seen(answer: TestResponse) -> str:
    """The words on a page, in one line."""
    page = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", answer.get_data(as_text=True), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def state_of(conn: Connection, world: World, number: str = "R-26001") -> State:
    return reads.order(conn, org_id=world.org_id, number=number).state


def accept(conn: Connection, world: World) -> None:
    service.accept(conn, actor=world.supplier, number="R-26001", version=None, now=world.now)


def ship(conn: Connection, world: World) -> UUID:
    return service.ship(
        conn,
        actor=world.supplier,
        number="R-26001",
        version=None,
        draft=make.despatch(world),
        now=world.now,
    )


DESPATCH = {
    "number": "ASN-77",
    "packs": "8",
    "lot": "L-2611",
    "made_on": "2026-11-20",
    "expires_on": "2027-11-20",
    "due_on": "2026-11-26",
}

# The supplier's list


def test_the_supplier_sees_what_to_answer_with_its_deadline(supplier: FlaskClient, order: Order) -> None:
    words = seen(supplier.get("/vmi"))
    assert "Silver needle tea, tin 50 g" in words
    assert "8 cs (192 pcs) by 27 Nov · Ningbo · R-26001" in words
    assert "2 days left" in words
    assert "To answer 1 Answered 0 Missed 0" in words
    assert words.count("To answer 1") == 3


def test_without_orders_each_tab_says_what_will_stand_there(supplier: FlaskClient, world: World) -> None:
    assert "Nothing to answer" in seen(supplier.get("/vmi"))
    assert "Nothing here yet" in seen(supplier.get("/vmi?tab=answered"))
    assert "Nothing here yet" in seen(supplier.get("/vmi?tab=late"))
    assert "Nothing to answer" in seen(supplier.get("/vmi?tab=nonsense"))


def test_answered_orders_stand_under_their_tab(
    supplier: FlaskClient, conn: Connection, world: World, order: Order
) -> None:
    accept(conn, world)
    assert "To ship" in seen(supplier.get("/vmi?tab=answered"))
    ship(conn, world)
    words = seen(supplier.get("/vmi?tab=answered"))
    assert "On its way" in words
    assert "ASN-1" in words


def test_missed_orders_stand_under_their_tab(
    supplier: FlaskClient, conn: Connection, world: World, order: Order
) -> None:
    service.expire(conn, actor=world.worker, now=order.answer_by)
    assert "No answer in time" in seen(supplier.get("/vmi?tab=late"))
    assert "The time to answer ran out." in seen(supplier.get("/vmi/R-26001"))


def test_the_list_can_be_kept_as_a_file(supplier: FlaskClient, order: Order) -> None:
    answer = supplier.get("/vmi?format=csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="orders-answer.csv"'
    heads, row = answer.get_data(as_text=True).replace("2026-11-25T10:24+08:00", "").splitlines()
    assert heads.split(",") == [
        "\ufeffReplenishment order",
        "Item",
        "Product",
        "Supplier",
        "Place",
        "Quantity",
        "Unit",
        "Needed by",
        "State",
        "Answer by",
        "Shipment",
        "Received",
        "Quantity in packs",
        "Received in packs",
    ]
    assert row == (
        'R-26001,TEA-001,"Silver needle tea, tin 50 g",Songyue Tea,Ningbo,192,pcs,2026-11-27,To answer,,,,8 cs,'
    )


# One order on the phone


def test_one_order_says_what_how_much_by_when_and_why(supplier: FlaskClient, order: Order) -> None:
    words = seen(supplier.get("/vmi/R-26001"))
    for sentence in (
        "Silver needle tea, tin 50 g",
        "8 cs 192 pcs · 24 pcs a case",
        "by 27 Nov · Ningbo",
        "About 16 pcs a day are sold.",
        "On 27 Nov 4 cs (96 pcs) would be left, below the minimum of 4 cs + 4 pcs (100 pcs);",
        "8 cs make it 12 cs (288 pcs), within the maximum of 12 cs + 12 pcs (300 pcs).",
        "Accept all 8 cs",
        "Cannot supply",
        "To answer 1 of 1",
        "the portal · The projection fell below the minimum.",
    ):
        assert sentence in words


def test_a_case_over_the_maximum_is_said(supplier: FlaskClient, conn: Connection, world: World) -> None:
    make.stock(conn, world, 99)
    make.policy(conn, world, max_quanta=110, pack_quanta=1000, lead_time_days=0)
    make.check(conn, world)
    words = seen(supplier.get("/vmi/R-26001"))
    assert "1 cs make it 1 cs + 99 pcs (1,099 pcs), one case more than the maximum of 110 pcs" in words


def test_goods_without_cases_are_shown_in_their_unit(
    supplier: FlaskClient, conn: Connection, world: World
) -> None:
    make.policy(conn, world, pack_quanta=1)
    make.check(conn, world)
    assert "300 pcs Arrives" in seen(supplier.get("/vmi/R-26001"))
    accept(conn, world)
    assert 'value="300"' in supplier.get("/vmi/R-26001/ship").get_data(as_text=True)


def test_chinese_readers_get_cases_and_weekdays_in_chinese(supplier: FlaskClient, order: Order) -> None:
    words = seen(supplier.get("/vmi/R-26001?lang=zh"))
    assert "白毫银针罐装茶 50 克" in words
    assert "8 箱 192 件 · 每箱 24 件" in words
    assert "27 日 周五" in words


def test_another_suppliers_order_does_not_exist(supplier: FlaskClient, conn: Connection, world: World) -> None:
    make.policy(conn, world, supplier_id=world.other_supplier_id)
    make.check(conn, world)
    assert "R-26001" not in seen(supplier.get("/vmi"))
    for path in ("/vmi/R-26001", "/vmi/R-26001/answer?with=accept", "/vmi/R-26001/ship"):
        assert supplier.get(path).status_code == 404
    for path in ("/vmi/R-26001/answer", "/vmi/R-26001/ship"):
        assert post(supplier, path, **{"with": "accept", "version": "2"}).status_code == 404
    assert state_of(conn, world) is State.SENT


def test_a_supplier_without_a_firm_answers_for_nobody(
    supplier: FlaskClient, conn: Connection, company: Company
) -> None:
    conn.execute(text("UPDATE person SET partner_id = NULL WHERE id = :id"), {"id": company.people["supplier"]})
    assert supplier.get("/vmi").status_code == 422


# The answer


def test_accepting_is_checked_first_and_then_receipted(
    supplier: FlaskClient, conn: Connection, world: World, order: Order
) -> None:
    check = supplier.get("/vmi/R-26001/answer?with=accept")
    assert "Nothing is sent yet." in seen(check)
    assert state_of(conn, world) is State.SENT
    answer = post(supplier, "/vmi/R-26001/answer", **{"with": "accept", "version": "2"})
    assert (answer.status_code, answer.location) == (303, "/vmi/R-26001")
    words = seen(supplier.get("/vmi/R-26001"))
    assert "Receipt R-26001-3" in words
    assert "Send despatch advice" in words
    assert state_of(conn, world) is State.ACCEPTED
    assert supplier.get("/vmi/R-26001/answer?with=accept").status_code == 303


def test_rejecting_asks_why_then_checks_then_sends(
    supplier: FlaskClient, conn: Connection, world: World, order: Order
) -> None:
    assert "Why can you not supply it?" in seen(supplier.get("/vmi/R-26001/answer?with=reject"))
    assert supplier.get("/vmi/R-26001/answer?with=reject&note=").status_code == 422
    unsaid = supplier.get("/vmi/R-26001/answer?with=reject&reason=")
    assert (unsaid.status_code, "Choose a reason." in seen(unsaid)) == (422, True)
    other = supplier.get("/vmi/R-26001/answer?with=reject&reason=other")
    assert (other.status_code, "Say why, so that the other side knows." in seen(other)) == (422, True)
    check = seen(supplier.get("/vmi/R-26001/answer?with=reject&reason=sold_out&note=until+May"))
    assert "Sold out until May" in check
    fields = {"with": "reject", "reason": "sold_out", "note": "until May", "version": "2"}
    assert post(supplier, "/vmi/R-26001/answer", **fields).status_code == 303
    words = seen(supplier.get("/vmi/R-26001"))
    assert "You cannot supply this." in words
    assert "Sold out: until May" in words
    assert state_of(conn, world) is State.REJECTED


@pytest.mark.parametrize(
    "fields",
    [
        {"with": "reject", "reason": "because", "version": "2"},
        {"with": "accept"},
        {"with": "accept", "version": "x"},
    ],
)
def test_an_answer_that_was_tampered_with_leads_back_to_the_order(
    supplier: FlaskClient, conn: Connection, world: World, order: Order, fields: dict[str, str]
) -> None:
    answer = post(supplier, "/vmi/R-26001/answer", **fields)
    assert (answer.status_code, answer.location) == (303, "/vmi/R-26001")
    assert state_of(conn, world) is State.SENT


def test_a_second_answer_is_told_who_was_faster(
    supplier: FlaskClient, conn: Connection, world: World, order: Order
) -> None:
    accept(conn, world)
    fields = {"with": "reject", "reason": "price", "version": "2"}
    answer = post(supplier, "/vmi/R-26001/answer", **fields)
    words = seen(answer)
    assert answer.status_code == 409
    assert "Someone changed order R-26001 since you opened it." in words
    assert "Lin Hua" in words
    late = post(supplier, "/vmi/R-26001/answer", **{"with": "accept", "version": "3"})
    assert late.status_code == 409
    assert "Order R-26001 no longer allows this step." in seen(late)


def test_an_answer_without_the_forms_token_is_refused(
    supplier: FlaskClient, conn: Connection, world: World, order: Order
) -> None:
    answer = supplier.post("/vmi/R-26001/answer", data={"with": "accept", "version": "2"})
    assert answer.status_code == 400
    assert state_of(conn, world) is State.SENT


# The despatch advice


def test_a_despatch_advice_is_checked_first_and_then_sent(
    supplier: FlaskClient, conn: Connection, world: World, order: Order
) -> None:
    assert supplier.get("/vmi/R-26001/ship").status_code == 303
    early = post(supplier, "/vmi/R-26001/ship", step="confirm", version="2", **DESPATCH)
    assert early.status_code == 409
    accept(conn, world)
    form = supplier.get("/vmi/R-26001/ship").get_data(as_text=True)
    assert 'name="packs" type="text" value="8"' in form
    assert 'value="2026-11-27"' in form
    check = seen(post(supplier, "/vmi/R-26001/ship", step="check", version="3", **DESPATCH))
    assert "Check the despatch advice" in check
    assert state_of(conn, world) is State.ACCEPTED
    again = post(supplier, "/vmi/R-26001/ship", step="change", version="3", **DESPATCH)
    assert (again.status_code, "ASN-77" in again.get_data(as_text=True)) == (200, True)
    sent = post(supplier, "/vmi/R-26001/ship", step="confirm", version="3", **DESPATCH)
    assert (sent.status_code, sent.location) == (303, "/vmi/R-26001")
    words = seen(supplier.get("/vmi/R-26001"))
    assert "Despatch advice ASN-77 is sent" in words
    assert "L-2611" in words


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("number", "", "Fill this in."),
        ("number", "x" * 201, "At most 200 characters."),
        ("packs", "7", "Ship the whole order: 8 cs."),
        ("packs", "eight", "“eight” is not a number."),
        ("packs", "", "Fill this in."),
        ("packs", "0", "Between 1 and 2147483648."),
        ("lot", " ", "Fill this in."),
        ("made_on", "20.11.2026", "Write the day as 2026-11-27."),
        ("made_on", "2028-01-01", "The lot cannot end before it was made."),
        ("expires_on", "", "Fill this in."),
        ("due_on", "2026-11-22", "The day has passed."),
        ("due_on", "", "Fill this in."),
    ],
)
def test_a_fault_in_the_despatch_advice_is_named_and_the_input_kept(
    supplier: FlaskClient, conn: Connection, world: World, order: Order, field: str, value: str, sentence: str
) -> None:
    accept(conn, world)
    answer = post(supplier, "/vmi/R-26001/ship", step="confirm", version="3", **{**DESPATCH, field: value})
    assert answer.status_code == 422
    assert sentence in seen(answer)
    kept = "lot" if field != "lot" else "number"
    assert f'value="{DESPATCH[kept]}"' in answer.get_data(as_text=True)
    assert state_of(conn, world) is State.ACCEPTED


def test_a_despatch_number_used_before_and_a_changed_order_are_conflicts(
    supplier: FlaskClient, conn: Connection, world: World, order: Order
) -> None:
    accept(conn, world)
    stale = post(supplier, "/vmi/R-26001/ship", step="confirm", version="2", **DESPATCH)
    assert stale.status_code == 409
    ship(conn, world)
    make.policy(conn, world, min_quanta=400, max_quanta=600)
    (second,) = make.check(conn, world)
    service.accept(conn, actor=world.supplier, number=second.number, version=None, now=world.now)
    fields = {**DESPATCH, "number": "ASN-1", "packs": str(second.quantity // 24)}
    taken = post(supplier, f"/vmi/{second.number}/ship", step="confirm", version="3", **fields)
    assert taken.status_code == 409
    assert "Despatch advice ASN-1 exists already." in seen(taken)


def test_after_the_count_the_supplier_sees_what_was_counted(
    supplier: FlaskClient, conn: Connection, world: World, order: Order
) -> None:
    accept(conn, world)
    shipment_id = ship(conn, world)
    count = service.Count(quantity=168, note="one case crushed")
    service.receive(conn, actor=world.operator, shipment_id=shipment_id, count=count, now=world.now)
    assert "7 cs (168 pcs) of 8 cs (192 pcs) were counted." in seen(supplier.get("/vmi/R-26001"))
    make.policy(conn, world, min_quanta=500, max_quanta=800)
    (second,) = make.check(conn, world)
    words = seen(supplier.get(f"/vmi/{second.number}"))
    assert "short by 1 cs" in words
    service.cancel(
        conn, actor=world.operator, number=second.number, version=None, reason="range ends", now=world.now
    )
    assert "Withdrawn. The other side needs the goods no more." in seen(supplier.get(f"/vmi/{second.number}"))


# The operator


def test_an_empty_company_is_told_how_to_begin(operator: FlaskClient, company: Company) -> None:
    words = seen(operator.get("/ops"))
    assert "Nothing needs you" in words
    assert "0 products" in words
    assert "Nothing of this kind" in seen(operator.get("/ops?kind=receive"))
    assert "No order here" in seen(operator.get("/ops/replenishment"))
    assert "No policy yet" in seen(operator.get("/ops/policies"))


def test_the_inbox_sorts_what_is_to_do_by_urgency(
    operator: FlaskClient, conn: Connection, world: World, order: Order, clock: HandClock
) -> None:
    accept(conn, world)
    shipment_id = ship(conn, world)
    make.stock(conn, world, 5, lot="L-GONE", expires_on=world.now.date() - timedelta(days=1))
    make.stock(conn, world, 6, lot="L-SOON", expires_on=world.now.date() + timedelta(days=20))
    make.policy(conn, world, min_quanta=700, max_quanta=900)
    make.check(conn, world)
    page = operator.get("/ops")
    words = seen(page)
    at = [
        words.index(sentence)
        for sentence in (
            "Lot has ended",
            "Songyue Tea has not answered R-26002",
            "Songyue Tea has shipped R-26001",
            "Lot ends soon",
        )
    ]
    assert at == sorted(at)
    assert "8 cs 192 pcs, due 26 Nov" in words
    assert "Silver needle tea, tin 50 g, 25 cs (600 pcs) by 27 Nov" in words
    assert f'href="/ops/receive/{shipment_id}"' in page.get_data(as_text=True)
    assert "Lot has ended" not in seen(operator.get("/ops?kind=receive"))
    clock.advance(timedelta(days=2, minutes=1))
    service.expire(conn, actor=world.worker, now=clock.now())
    assert "Songyue Tea let R-26002 run out" in seen(operator.get("/ops"))


def test_a_promise_that_nothing_covers_is_in_the_inbox_with_its_day(
    operator: FlaskClient, conn: Connection, world: World
) -> None:
    make.stock(conn, world, 24)
    promise = AllocationLine(
        product_id=world.product_id,
        location_id=world.location_id,
        quantity=60,
        needed_on=world.now.date() + timedelta(days=3),
        document="SO-7",
        source_key="SO-7",
    )
    inventory.allocate(conn, actor=world.operator, lines=[promise], now=world.now, beyond_stock=True)
    page = operator.get("/ops?kind=stock")
    words = seen(page)
    assert "Silver needle tea, tin 50 g, 26 Nov: 1 cs + 12 pcs short" in words
    assert "Ningbo; 1 order waits for it" in words
    assert "36 pcs, 26 Nov" in words
    assert 'href="/inventory/TEA-001"' in page.get_data(as_text=True)


def test_many_ending_lots_are_one_line_under_later(operator: FlaskClient, conn: Connection, world: World) -> None:
    for day in range(7):
        make.stock(conn, world, 5, lot=f"L-{day}", expires_on=world.now.date() + timedelta(days=10 + day))
    words = seen(operator.get("/ops"))
    assert words.count("Lot ends soon") == 5
    assert "2 more lots end within 30 days" in words
    assert seen(operator.get("/ops?kind=expiry")).count("Lot ends soon") == 7


def test_what_is_left_out_of_other_kinds_is_named_too(app: Flask) -> None:
    item = {"filter": "receive"}
    with app.test_request_context("/ops?lang=en"):
        kept, rest = ops._few([item] * 7)
    assert kept == [item] * 5
    assert rest == [{"text": "2 more of this kind", "href": "/ops?kind=receive"}]


def test_a_refused_policy_falls_short_until_it_is_asked_again(
    operator: FlaskClient, conn: Connection, world: World, order: Order
) -> None:
    service.reject(conn, actor=world.supplier, number="R-26001", version=2, reason="sold_out", now=world.now)
    assert "Silver needle tea, tin 50 g falls below its minimum" in seen(operator.get("/ops"))
    assert "4 cs 96 pcs; minimum 4 cs + 4 pcs (100 pcs)" in seen(operator.get("/ops"))
    page = seen(operator.get(f"/ops/policies/{order.policy_id}"))
    assert "Projected 4 cs (96 pcs) Minimum 4 cs + 4 pcs (100 pcs) Maximum 12 cs + 12 pcs (300 pcs)" in page
    assert "After a refusal the supplier is left alone until" in page
    asked = post(operator, f"/ops/policies/{order.policy_id}/ask")
    assert (asked.status_code, asked.location) == (303, "/ops/replenishment/R-26002")
    again = post(operator, f"/ops/policies/{order.policy_id}/ask")
    assert (again.status_code, again.location) == (303, f"/ops/policies/{order.policy_id}")
    assert "proposal waits R-26002" in seen(operator.get(f"/ops/policies/{order.policy_id}"))


def test_waiting_credentials_and_given_up_jobs_are_shown(
    operator: FlaskClient, conn: Connection, world: World
) -> None:
    conn.execute(
        text(
            "INSERT INTO credential (org_id, id, kind, product_id, gtin, lot_code, body, digest, facts_key,"
            " issued_by, issued_at) VALUES (:org, :id, 'k', :product, '1', 'L', '{}', 'd', 'f', 'x', :at)"
        ),
        {
            "org": world.org_id,
            "id": new_id(world.now),
            "product": world.product_id,
            "at": world.now - timedelta(hours=1),
        },
    )
    conn.execute(
        text("INSERT INTO procrastinate_jobs (queue_name, task_name, status) VALUES ('q', 't', 'failed')")
    )
    words = seen(operator.get("/ops"))
    assert "1 credential in the queue" in words
    assert "1 job was given up" in words


def test_goods_are_counted_checked_and_booked(
    operator: FlaskClient, conn: Connection, world: World, order: Order
) -> None:
    accept(conn, world)
    path = f"/ops/receive/{ship(conn, world)}"
    assert 'value="192"' in operator.get(path).get_data(as_text=True)
    assert "as announced" in seen(post(operator, path, step="check", quantity="192", version="4"))
    assert state_of(conn, world) is State.SHIPPED
    booked = post(operator, path, step="confirm", quantity="192", version="4")
    assert (booked.status_code, booked.location) == (303, "/ops/replenishment/R-26001")
    assert state_of(conn, world) is State.CLOSED
    assert operator.get(path).location == "/ops/replenishment/R-26001"
    assert post(operator, path, step="confirm", quantity="192", version="6").status_code == 409


def test_a_differing_count_needs_words_and_is_settled(
    operator: FlaskClient, conn: Connection, world: World, order: Order
) -> None:
    accept(conn, world)
    path = f"/ops/receive/{ship(conn, world)}"
    silent = post(operator, path, step="check", quantity="168", version="4")
    assert (silent.status_code, "The count differs: say what was found." in seen(silent)) == (422, True)
    for wrong, sentence in (("x", "is not a number"), ("-1", "Not below zero."), ("", "Fill this in.")):
        assert sentence in seen(post(operator, path, step="check", quantity=wrong, note="n", version="4"))
    fields = {"quantity": "168", "note": "one case crushed", "version": "4"}
    assert "−1 cs (−24 pcs)" in seen(post(operator, path, step="check", **fields))
    assert post(operator, path, step="change", **fields).status_code == 200
    assert post(operator, path, step="confirm", **fields).status_code == 303
    assert "R-26001 of Songyue Tea was counted differently" in seen(operator.get("/ops"))
    unsaid = post(operator, "/ops/replenishment/R-26001/settle", version="5", reason="")
    assert unsaid.status_code == 422
    settled = post(operator, "/ops/replenishment/R-26001/settle", version="5", reason="credit note 4711")
    assert settled.status_code == 303
    words = seen(operator.get("/ops/replenishment/R-26001"))
    assert "credit note 4711" in words
    assert "−1 cs (−24 pcs)" in words


def test_more_than_announced_is_shown_with_a_plus(
    operator: FlaskClient, conn: Connection, world: World, order: Order
) -> None:
    accept(conn, world)
    path = f"/ops/receive/{ship(conn, world)}"
    post(operator, path, step="confirm", quantity="216", note="one case more", version="4")
    assert "+1 cs (+24 pcs)" in seen(operator.get("/ops?kind=receive"))


def test_an_order_is_withdrawn_with_a_reason_until_it_is_shipped(
    operator: FlaskClient, conn: Connection, world: World, order: Order
) -> None:
    path = "/ops/replenishment/R-26001"
    assert "Withdraw the order" in seen(operator.get(path))
    assert post(operator, f"{path}/cancel", version="2", reason="").status_code == 422
    stale = post(operator, f"{path}/cancel", version="1", reason="range ends")
    assert (stale.status_code, "Below is what stands now." in seen(stale)) == (409, True)
    assert post(operator, f"{path}/cancel", version="2", reason="range ends").status_code == 303
    assert state_of(conn, world) is State.CANCELLED
    assert "range ends" in seen(operator.get(path))


def test_the_side_list_counts_what_is_under_way(
    operator: FlaskClient, app: Flask, company: Company, order: Order
) -> None:
    assert "Replenishment 1" in seen(operator.get("/ops"))
    assert "Replenishment" not in seen(browser(app, company, "auditor").get("/account"))


def test_the_orders_are_listed_by_tab_paged_and_kept_as_a_file(
    operator: FlaskClient, conn: Connection, world: World, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "R-26001" in seen(operator.get("/ops/replenishment"))
    assert "No order here" in seen(operator.get("/ops/replenishment?tab=over"))
    service.reject(conn, actor=world.supplier, number="R-26001", version=2, reason="price", now=world.now)
    make.check(conn, world, even_quiet=True)
    monkeypatch.setattr("portal.web.ops.PER_PAGE", 1)
    first = operator.get("/ops/replenishment?tab=all")
    assert "page=2" in first.get_data(as_text=True)
    second = operator.get("/ops/replenishment?tab=all&page=2")
    assert "page=1" in second.get_data(as_text=True)
    lines = operator.get("/ops/replenishment?tab=all&format=csv").get_data(as_text=True).splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["R-26001", "R-26002"]


def test_a_shipment_that_does_not_exist_is_not_found(operator: FlaskClient, world: World) -> None:
    assert operator.get(f"/ops/receive/{new_id(world.now)}").status_code == 404
    assert operator.get(f"/ops/policies/{new_id(world.now)}").status_code == 404
    assert operator.get("/ops/replenishment/R-1").status_code == 404


# Policies


def test_a_policy_is_made_changed_and_switched_off(operator: FlaskClient, conn: Connection, world: World) -> None:
    make.stock(conn, world, 500)
    assert "Silver needle tea, tin 50 g" in seen(operator.get("/ops/policies/new"))
    figures = {"min": "100", "max": "300", "pack": "24", "lead_time_days": "4", "answer_hours": "48"}
    subject = {
        "product": str(world.product_id),
        "location": str(world.location_id),
        "supplier": str(world.supplier_id),
    }
    made = post(operator, "/ops/policies/new", active="1", **subject, **figures)
    assert (made.status_code, made.location) == (303, "/ops/policies")
    words = seen(operator.get("/ops/policies"))
    assert "4 cs + 4 pcs – 12 cs + 12 pcs 100 – 300 pcs" in words
    assert "covered" in words
    policy_id = conn.execute(text("SELECT id FROM replenishment_policy")).scalar_one()
    path = f"/ops/policies/{policy_id}"
    assert 'value="300"' in operator.get(path).get_data(as_text=True)
    assert post(operator, path, active="1", **{**figures, "min": "600", "max": "900"}).status_code == 303
    assert "falling short" in seen(operator.get("/ops/policies"))
    assert "To order" in seen(operator.get(path))
    assert post(operator, path, **figures).status_code == 303
    assert "not in force" in seen(operator.get("/ops/policies"))
    assert "Not in force" in seen(operator.get(path))
    lines = operator.get("/ops/policies?format=csv").get_data(as_text=True).splitlines()
    figures = "100,300,24,pcs,4,48,no,4 cs + 4 pcs,12 cs + 12 pcs,,,"
    assert lines[1] == f'TEA-001,"Silver needle tea, tin 50 g",Ningbo,Songyue Tea,{figures}'


def test_a_smallest_order_is_kept_as_it_was_agreed_and_both_sides_read_why(
    operator: FlaskClient, supplier: FlaskClient, conn: Connection, world: World
) -> None:
    make.stock(conn, world, 90)
    policy_id = make.policy(conn, world)
    figures = {
        "min": "100",
        "max": "300",
        "pack": "24",
        "lead_time_days": "0",
        "answer_hours": "48",
        "active": "1",
    }
    path = f"/ops/policies/{policy_id}"
    assert post(operator, path, moq="20.5", moq_unit="dozen", **figures).status_code == 303
    assert "at least 20.5 doz (246 pcs)" in seen(operator.get("/ops/policies"))
    assert 'value="20.5"' in operator.get(path).get_data(as_text=True)
    file = operator.get("/ops/policies?format=csv").get_data(as_text=True).splitlines()
    assert file[1].endswith(",20.5,doz,246")
    make.check(conn, world)
    assert "11 cs make it 14 cs + 18 pcs (354 pcs): the smallest order is 20.5 doz (246 pcs)." in seen(
        supplier.get("/vmi/R-26001")
    )
    assert "Raised to the smallest order 20.5 doz (246 pcs)" in seen(operator.get("/ops/replenishment/R-26001"))
    assert post(operator, path, moq="", moq_unit="", **figures).status_code == 303
    assert "at least" not in seen(operator.get("/ops/policies"))


@pytest.mark.parametrize(
    ("moq", "unit", "sentence"),
    [
        ("1/5", "dozen", "is not exact"),
        ("0", "pcs", "More than zero."),
        ("many", "pcs", "is no ratio"),
        ("5", "litre", "is not counted in"),
        ("5", "", "Fill this in."),
        ("5", "?", "We do not know the unit"),
    ],
)
def test_a_smallest_order_that_cannot_be_is_refused_and_nothing_changes(
    operator: FlaskClient, conn: Connection, world: World, moq: str, unit: str, sentence: str
) -> None:
    policy_id = make.policy(conn, world)
    figures = {"min": "1", "max": "3", "pack": "2", "lead_time_days": "4", "answer_hours": "48", "active": "1"}
    answer = post(operator, f"/ops/policies/{policy_id}", moq=moq, moq_unit=unit, **figures)
    assert answer.status_code == 422
    assert sentence in seen(answer)
    assert conn.execute(text("SELECT min_quanta, moq_unit FROM replenishment_policy")).one() == (100, None)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("product", "", "Choose one of the list."),
        ("min", "1.5", "has more than 0 decimals"),
        ("max", "99", "Not below the minimum."),
        ("max", "many", "is not a number"),
        ("pack", "0", "More than zero."),
        ("pack", "", "Fill this in."),
        ("lead_time_days", "400", "Between 0 and 366."),
        ("answer_hours", "0", "Between 1 and 744."),
    ],
)
def test_a_fault_in_a_policy_is_named(
    operator: FlaskClient, conn: Connection, world: World, field: str, value: str, sentence: str
) -> None:
    fields = {
        "product": str(world.product_id),
        "location": str(world.location_id),
        "supplier": str(world.supplier_id),
        "min": "100",
        "max": "300",
        "pack": "24",
        "lead_time_days": "4",
        "answer_hours": "48",
    }
    answer = post(operator, "/ops/policies/new", **{**fields, field: value})
    assert (answer.status_code, sentence in seen(answer)) == (422, True)
    assert conn.execute(text("SELECT count(*) FROM replenishment_policy")).scalar_one() == 0


def test_a_fault_in_a_changed_policy_leaves_it_as_it_was(
    operator: FlaskClient, conn: Connection, world: World
) -> None:
    policy_id = make.policy(conn, world)
    assert post(operator, f"/ops/policies/{policy_id}", min="x").status_code == 422
    assert reads.policy(conn, org_id=world.org_id, policy_id=policy_id).min_quanta == 100


# Who may


PAGES = {
    "/vmi": {"supplier"},
    "/vmi/R-26001": {"supplier"},
    "/vmi/R-26001/answer?with=accept": {"supplier"},
    "/ops": {"operator"},
    "/ops/replenishment": {"operator"},
    "/ops/replenishment/R-26001": {"operator"},
    "/ops/policies": {"operator"},
    "/ops/policies/new": {"operator"},
}


@pytest.mark.parametrize("kind", ["anonymous", "operator", "supplier", "auditor", "ordinary", "strategic"])
def test_every_page_is_for_its_role_only(app: Flask, company: Company, order: Order, kind: str) -> None:
    client = browser(app, company, kind)
    for path, kinds in PAGES.items():
        answer = client.get(path)
        if kind in kinds:
            assert answer.status_code == 200, path
        else:
            assert answer.status_code == (302 if kind == "anonymous" else 403), path
            assert "Silver needle" not in seen(answer), path


@pytest.mark.parametrize("kind", ["anonymous", "operator", "auditor", "strategic"])
def test_only_the_supplier_answers(
    app: Flask, company: Company, conn: Connection, world: World, order: Order, kind: str
) -> None:
    client = browser(app, company, kind)
    answer = post(client, "/vmi/R-26001/answer", **{"with": "accept", "version": "2"})
    assert answer.status_code in (401, 403)
    assert state_of(conn, world) is State.SENT


@pytest.mark.parametrize("kind", ["anonymous", "supplier", "auditor", "strategic"])
def test_only_the_operator_withdraws_receives_and_sets_policies(
    app: Flask, company: Company, conn: Connection, world: World, order: Order, kind: str
) -> None:
    accept(conn, world)
    shipment_id = ship(conn, world)
    client = browser(app, company, kind)
    for path in (
        "/ops/replenishment/R-26001/cancel",
        "/ops/replenishment/R-26001/settle",
        f"/ops/receive/{shipment_id}",
        "/ops/policies/new",
        f"/ops/policies/{order.policy_id}",
        f"/ops/policies/{order.policy_id}/ask",
    ):
        answer = post(client, path, version="4", reason="x", quantity="192", step="confirm")
        assert answer.status_code in (401, 403), path
    assert state_of(conn, world) is State.SHIPPED
