"""GraphiQL on one's own schema: runs in the strict policy, asks through the portal's door, fits a phone."""

import pytest

from support.running_browser import DESKTOP, PHONE, Visits

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_the_example_runs_and_the_schema_is_there(visits: Visits, width: int) -> None:
    page = visits.signed_in("customer", "strategic", width=width)
    page.goto("/account/api?lang=zh")
    page.get_by_role("link", name="试用接口").click()
    page.locator(".graphiql-execute-button").click()
    page.locator(".result-window", has_text="CK-20").wait_for()
    page.get_by_role("button", name="Show Documentation Explorer").click()
    page.locator(".graphiql-doc-explorer", has_text="Mutation").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    assert page.locator("h1").inner_text() == "试用接口"
