"""The auditor's desk: asked for by an operator, judged and signed by the auditors it names alone."""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from portal import wiring
from portal.audits import reads, service
from portal.audits.checklist import checklists
from portal.audits.model import AuditNotFound, IllegalStep, Severity, State, Verdict
from portal.audits.service import AuditRequest, FindingDraft
from portal.flows import auditing, goods, passporting, recalling, replenishing
from portal.inventory import service as inventory
from portal.inventory.model import AllocationLine, StockLine
from portal.kernel.actor import Actor
from portal.kernel.disclosure import Role
from portal.passports.credentials import credential_by_id
from portal.passports.model import DocumentKind
from portal.platform.clock import HandClock
from portal.platform.db import Database
from portal.replenishment import service as replenishment
from portal.replenishment.model import ShipmentDraft
from portal.replenishment.service import Count
from support.passporting import Scene, made_scene
from support.people import browser, csrf_token

ENGLISH = {"Accept-Language": "en"}
NUMBER = "AU-26001"
HERE = f"/audits/{NUMBER}"
HAND = ("transport", "arrival-check", "storage-conditions", "bulk-labels", "hygiene")
"""Items records cannot show."""
LENGTH = "Say it in 1 to 500 characters."
Page = Callable[..., tuple[int, str]]


@pytest.fixture
def scene(database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Scene:
    """900 of lot L9 were received from the supplier today; 30 went to Kestrel, 2 to somebody unnamed."""
    scene = made_scene(
        database, home=tmp_path / "home", clock=clock, now=now.astimezone(ZoneInfo("Asia/Shanghai"))
    )
    with scene.services.database.transaction() as connection:
        connection.execute(text("UPDATE stock_balance SET on_hand = 0"))
        (order,) = replenishing.check(
            connection,
            org_id=scene.company.org_id,
            scope=replenishing.EVERYTHING,
            today=scene.now.date(),
            now=scene.now,
        )
        values = {"actor": scene.supplier, "number": order.number, "version": None, "now": scene.now}
        replenishment.accept(connection, **values)  # type: ignore[arg-type]
        shipped = ShipmentDraft(
            number="ASN-9",
            lot_code="L9",
            made_on=date(2026, 11, 1),
            expires_on=date(2027, 11, 1),
            quantity=order.quantity,
            due_on=scene.now.date(),
        )
        shipment_id = goods.ship(connection, draft=shipped, **values)  # type: ignore[arg-type]
        count = Count(quantity=order.quantity, note="", version=None)
        goods.receive(connection, actor=scene.operator, shipment_id=shipment_id, count=count, now=scene.now)
        sell(scene, connection)
    return scene


def sell(scene: Scene, connection: object) -> None:
    """Book what was received, and let some of it go."""
    place = scene.company.nodes["CTU"]
    line = StockLine(product_id=scene.product_id, location_id=place, lot_code="L9", quantity=900)
    values = {"actor": scene.operator, "now": scene.now}
    inventory.book_stock(connection, lines=[line], document="ASN-9", key_prefix="r", **values)  # type: ignore[arg-type]
    promise = AllocationLine(
        product_id=scene.product_id,
        location_id=place,
        partner_id=scene.company.partners["key"],
        quantity=30,
        needed_on=scene.now.date(),
        document="SO-K",
        source_key="SO-K",
    )
    inventory.allocate(connection, lines=[promise], **values)  # type: ignore[arg-type]
    for document, quantity in (("SO-K", 30), ("CASH", 2)):
        inventory.issue_stock(
            connection,  # type: ignore[arg-type]
            product_id=scene.product_id,
            location_id=place,
            quantity=quantity,
            document=document,
            key=document,
            **values,  # type: ignore[arg-type]
        )


@pytest.fixture
def page(scene: Scene) -> Page:
    app = wiring.build_web(scene.services)
    app.testing = True
    windows = {kind: browser(app, scene.company, kind) for kind in ("operator", "auditor", "supplier")}

    def ask(kind: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        client = windows[kind]
        if form is None:
            answer = client.get(path, headers=ENGLISH)
        else:
            form = {**form, "csrf_token": csrf_token(app, client)}
            answer = client.post(path, data=form, headers=ENGLISH, follow_redirects=True)
        body = answer.get_data()
        return answer.status_code, " ".join(body.decode("utf-8", "replace").split())

    return ask


def auditor(scene: Scene, kind: str = "auditor") -> Actor:
    return Actor(
        org_id=scene.company.org_id,
        label="Chen Wei",
        role=Role.AUDITOR,
        partner_id=scene.company.partners[kind],
    )


def ask_for(scene: Scene, later: timedelta = timedelta()) -> str:
    with scene.services.database.transaction() as connection:
        asked = AuditRequest(
            supplier_id=scene.company.partners["supplier"],
            auditor_id=scene.company.partners["auditor"],
            checklist=checklists()[0],
            starts_on=date(2025, 11, 23),
            ends_on=date(2026, 11, 23),
        )
        return service.request(connection, actor=scene.operator, asked=asked, now=scene.now + later)


def begin(scene: Scene) -> None:
    ask_for(scene)
    with scene.services.database.transaction() as connection:
        service.open_audit(connection, actor=auditor(scene), number=NUMBER, now=scene.now)


def judge(scene: Scene, item: str, verdict: Verdict = Verdict.FULFILLED, note: str = "Seen") -> None:
    with scene.services.database.transaction() as connection:
        service.judge(
            connection,
            actor=auditor(scene),
            number=NUMBER,
            item=item,
            verdict=verdict,
            note=note,
            now=scene.now,
        )


def seen(scene: Scene) -> auditing.AuditView:
    with scene.services.database.transaction() as connection:
        return auditing.view(
            connection, org_id=scene.company.org_id, number=NUMBER, auditor_id=None, now=scene.now
        )


def test_the_portal_fills_the_checklist_from_what_it_holds(scene: Scene) -> None:
    ask_for(scene)
    before = {item: one.verdict.value for item, one in seen(scene).judgements.items()}
    assert {item for item, verdict in before.items() if verdict == "gap"} == {
        "licence",
        "conformity",
        "report-of-lot",
        "sales-record",
        "traceable",
    }
    assert seen(scene).judgements["sales-record"].gaps == ("TEA-1 L9",)
    scene.hand_in(DocumentKind.CERTIFICATE, number="SC-1")
    scene.hand_in(DocumentKind.INSPECTION_REPORT, lot_code="L9")
    after = {item: one.verdict.value for item, one in seen(scene).judgements.items()}
    assert {after[item] for item in ("licence", "conformity", "report-of-lot")} == {"fulfilled"}
    (lot,) = seen(scene).lots
    assert (lot.shipment, lot.usable, lot.sold, lot.sold_unnamed) == ("ASN-9", 868, 32, 2)


def test_a_recall_of_the_suppliers_lot_is_evidence_of_who_was_told(scene: Scene) -> None:
    ask_for(scene)
    with scene.services.database.transaction() as connection:
        recalling.recall(
            connection,
            actor=scene.operator,
            product_id=scene.product_id,
            lot_code="L9",
            reason="Salmonella",
            now=scene.now,
        )
    judgement = seen(scene).judgements["recall-told"]
    assert [one.label for one in judgement.evidence] == ["TEA-1 L9 (1)"]
    assert seen(scene).judgements["kept-apart"].verdict is Verdict.FULFILLED


def test_only_the_firm_it_names_may_touch_an_audit(scene: Scene) -> None:
    ask_for(scene)
    for stranger in (auditor(scene, "supplier"), scene.operator):
        with pytest.raises(AuditNotFound), scene.services.database.transaction() as connection:
            service.open_audit(connection, actor=stranger, number=NUMBER, now=scene.now)
    with scene.services.database.transaction() as connection:
        org_id, other = scene.company.org_id, scene.company.partners["key"]
        with pytest.raises(AuditNotFound):
            auditing.view(connection, org_id=org_id, number=NUMBER, auditor_id=other, now=scene.now)
        assert reads.audits(connection, org_id=org_id, auditor_id=other) == ()
        assert [one.state for one in reads.audits(connection, org_id=org_id)] == [State.REQUESTED]


def test_nothing_is_judged_before_it_is_begun_or_after_it_is_completed(scene: Scene) -> None:
    ask_for(scene)
    with pytest.raises(IllegalStep):
        judge(scene, "licence")
    draft = FindingDraft(item="licence", severity=Severity.MINOR, words="w", due_on=date(2026, 12, 1))
    with pytest.raises(IllegalStep), scene.services.database.transaction() as connection:
        service.find(connection, actor=auditor(scene), number=NUMBER, draft=draft, now=scene.now)


def test_the_newest_word_counts_and_the_earlier_one_is_kept(scene: Scene) -> None:
    begin(scene)
    judge(scene, "transport", Verdict.GAP, "Dirty van")
    judge(scene, "transport", Verdict.FULFILLED, "")
    found = seen(scene).judgements["transport"]
    assert (found.verdict, found.note, found.by) == (Verdict.FULFILLED, "", "Chen Wei")
    with scene.services.database.transaction() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit_judgement")).scalar_one() == 2


def test_an_operator_asks_for_an_audit_and_cannot_begin_it(scene: Scene, page: Page) -> None:
    assert "No audit yet" in page("operator", "/audits")[1]
    assert "Nothing to audit" in page("auditor", "/audits")[1]
    code, refused = page("operator", "/audits/new", {"starts_on": "2026-11-02", "ends_on": "2026-11-01"})
    assert (code, "The period cannot end before it begins." in refused) == (422, True)
    form = {
        "supplier": str(scene.company.partners["supplier"]),
        "auditor": str(scene.company.partners["auditor"]),
        "checklist": "food-gb31621",
        "starts_on": "2025-11-23",
        "ends_on": "2026-11-23",
    }
    assert 'value="2025-11-23"' in page("operator", "/audits/new")[1]
    asked = page("operator", "/audits/new", form)[1]
    assert "Audit AU-26001" in asked
    assert "Without an inspection report of their own:" in asked
    assert "clause 2.1" in asked
    assert "Begin the audit" not in asked


def test_an_audit_from_request_to_the_signed_report(scene: Scene, page: Page, clock: HandClock) -> None:
    ask_for(scene)
    clock.advance(timedelta(minutes=30))
    assert "Complete the audit" in page("auditor", f"{HERE}/open", {})[1]
    code, refused = page("auditor", f"{HERE}/complete", {})
    assert (code, "Still to judge: 5." in refused) == (422, True)
    for item in HAND:
        page("auditor", f"{HERE}/items/{item}", {"verdict": "fulfilled", "note": "Seen"})
    finding = {"words": "Hand in the licence", "severity": "major", "due_on": "2026-12-07"}
    assert "Hand in the licence" in page("auditor", f"{HERE}/items/licence/findings", finding)[1]
    clock.advance(timedelta(minutes=45))
    assert "Not signed yet." in page("auditor", f"{HERE}/complete", {})[1]
    assert "Sign the report" not in page("operator", f"{HERE}/report")[1]
    clock.advance(timedelta(minutes=7))
    signed = page("auditor", f"{HERE}/sign", {})[1]
    assert "Signed off by Name of auditor." in signed
    assert "Its anchor follows." in signed
    assert "1 hour 22 minutes" in signed
    assert "Median of 1 signed audit: 1 hour 22 minutes" in page("operator", "/audits")[1]
    assert page("auditor", f"{HERE}/sign", {})[0] == 409


def test_the_signed_report_is_a_credential_with_every_verdict_and_the_clock(scene: Scene) -> None:
    begin(scene)
    for item in HAND:
        judge(scene, item)
    with scene.services.database.transaction() as connection:
        auditing.complete(connection, actor=auditor(scene), number=NUMBER, now=scene.now)
        credential_id = auditing.sign(
            connection,
            actor=auditor(scene),
            services=scene.services,
            number=NUMBER,
            now=scene.now + timedelta(hours=2),
        )
        credential = credential_by_id(connection, org_id=scene.company.org_id, credential_id=credential_id)
    assert (seen(scene).audit.credential_id, credential.kind) == (credential_id, "audit_report")
    said = json.loads(credential.body)["credentialSubject"]
    assert said["audit"]["elapsedSeconds"] == 7200
    assert [one["verdict"] for one in said["assessment"]][:4] == ["gap", "gap", "fulfilled", "fulfilled"]


def test_a_finding_is_put_right_once_and_by_its_auditor(scene: Scene, page: Page) -> None:
    begin(scene)
    draft = FindingDraft(item="licence", severity=Severity.MINOR, words="Late", due_on=date(2026, 11, 22))
    with scene.services.database.transaction() as connection:
        service.find(connection, actor=auditor(scene), number=NUMBER, draft=draft, now=scene.now)
        (found,) = reads.findings(connection, org_id=scene.company.org_id, audit_id=seen(scene).audit.id)
    assert "Put right" not in page("operator", HERE)[1]
    done = f"{HERE}/findings/{found.id}/settle"
    assert "put right" in page("auditor", done, {})[1]
    assert page("auditor", done, {})[0] == 404


def test_the_report_says_what_stood_when_it_was_completed(scene: Scene) -> None:
    begin(scene)
    for item in HAND:
        judge(scene, item)
    with scene.services.database.transaction() as connection:
        auditing.complete(connection, actor=auditor(scene), number=NUMBER, now=scene.now)
    scene.hand_in(DocumentKind.CERTIFICATE, number="SC-1")
    assert seen(scene).judgements["licence"].verdict is Verdict.GAP


@pytest.mark.parametrize(
    ("path", "form", "said"),
    [
        ("", {"verdict": "x"}, "Choose one of the list."),
        ("", {"verdict": "gap", "note": " "}, LENGTH),
        (
            "/findings",
            {"words": "", "severity": "minor", "due_on": "2026-12-07"},
            LENGTH,
        ),
        ("/findings", {"words": "w", "severity": "x", "due_on": "2026-12-07"}, "Choose one of the list."),
        ("/findings", {"words": "w", "severity": "minor", "due_on": "2026-11-22"}, "The day has passed."),
    ],
)
def test_what_cannot_be_noted_is_said_beside_the_field(
    scene: Scene, page: Page, path: str, form: dict[str, str], said: str
) -> None:
    begin(scene)
    code, body = page("auditor", f"{HERE}/items/licence{path}", form)
    assert (code, said in body) == (422, True)
    assert "The supplier&#39;s licence" in page("auditor", f"{HERE}/items/licence")[1]


def test_the_checklist_is_a_file_and_the_passports_are_a_pack(scene: Scene, page: Page) -> None:
    ask_for(scene)
    lines = page("operator", f"{HERE}/checklist.csv")[1]
    assert "clause 2.1,Procurement,The supplier's licence was checked and is in force,gap,,," in lines
    assert page("operator", f"{HERE}/pack.zip")[0] == 404
    scene.hand_in(DocumentKind.CERTIFICATE, number="SC-1")
    scene.hand_in(DocumentKind.INSPECTION_REPORT, lot_code="L9")
    with scene.services.database.transaction() as connection:
        passporting.issue(
            connection,
            actor=scene.operator,
            services=scene.services,
            product_id=scene.product_id,
            lot_code="L9",
            now=scene.now,
        )
    shown = page("auditor", HERE)[1]
    assert "Passport of TEA-1 L9" in shown
    assert "Audit pack, to check without us" in shown
    code, pack = page("auditor", f"{HERE}/pack.zip")
    assert (code, pack[:2]) == (200, "PK")


def test_an_auditor_without_a_firm_has_no_audits(scene: Scene, page: Page) -> None:
    with scene.services.database.transaction() as connection:
        connection.execute(text("UPDATE person SET partner_id = NULL WHERE role = 'auditor'"))
    assert page("auditor", "/audits")[0] == 403


def test_what_an_auditor_reads_is_in_the_audit_log(scene: Scene, page: Page) -> None:
    ask_for(scene)
    page("auditor", HERE)
    page("operator", HERE)
    with scene.services.database.transaction() as connection:
        rows = connection.execute(
            text("SELECT kind, partner_id FROM audit_entry WHERE what = 'audits.show' ORDER BY seq")
        )
        assert [tuple(row) for row in rows] == [
            ("read", scene.company.partners["auditor"]),
            ("staff_read", scene.company.partners["supplier"]),
        ]
