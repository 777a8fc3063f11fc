"""The auditor's desk: the host asks for an audit on a desktop, the auditor judges and signs it on a phone."""

import pytest
from playwright.sync_api import expect

from support.running_browser import DESKTOP, INSIDE, PHONE, Visits

pytestmark = pytest.mark.timeout(120)


def test_an_audit_is_asked_for_judged_and_signed(visits: Visits) -> None:
    operator = visits.signed_in("operator", language="en", width=DESKTOP)
    operator.goto("/audits/new")
    for field in ("supplier", "auditor"):
        operator.locator(f"#f-{field}").select_option(index=1)
    operator.get_by_role("button", name="Ask for it").click()
    expect(operator.locator("h1")).to_contain_text("Audit AU-")
    expect(operator.get_by_role("button", name="Begin the audit")).to_have_count(0)
    here = operator.url

    auditor = visits.signed_in("auditor", language="zh", width=PHONE)
    auditor.goto(here)
    auditor.get_by_role("button", name="开始审核").click()
    for item in ("transport", "arrival-check", "storage-conditions", "bulk-labels", "hygiene"):
        auditor.goto(f"{here}/items/{item}")
        auditor.get_by_label("符合", exact=True).check()
        auditor.get_by_role("button", name="评定").click()
    assert auditor.evaluate(INSIDE) == 0
    auditor.get_by_role("button", name="完成审核").click()
    expect(auditor.locator("h1")).to_contain_text("审核报告")
    assert auditor.evaluate(INSIDE) == 0
    auditor.get_by_role("button", name="签署报告").click()
    expect(auditor.locator(".tell.good")).to_contain_text("已签署")
    assert auditor.evaluate(INSIDE) == 0

    operator.goto("/audits")
    expect(operator.locator("table.ledger")).to_contain_text("signed off")
