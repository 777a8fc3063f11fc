"""A program that asks the API."""

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from portal.partners.viewer import viewer_of_person
from support.people import Company


def bearer(app: Flask, company: Company, kind: str) -> str:
    """Return an access token of somebody."""
    services = app.extensions["tally"]
    with services.database.reading() as connection:
        viewer = viewer_of_person(
            connection,
            org_id=company.org_id,
            person_id=company.people[kind],
            as_of=services.clock.now(),
        )
    token: str = app.extensions["tally_tokens"].issue(viewer, now=services.clock.now()).text
    return token


def ask(app: Flask, company: Company, kind: str, query: str, **more: Any) -> TestResponse:
    """Send a query as ``kind``, by token; ``more`` are further parameters of the request."""
    headers = {"Accept": "application/graphql-response+json"}
    if kind != "anonymous":
        headers["Authorization"] = f"Bearer {bearer(app, company, kind)}"
    return app.test_client().post("/graphql", json={"query": query, **more}, headers=headers)


def data(answer: TestResponse) -> Any:
    """Return the data of an answer that must be without errors."""
    body = answer.get_json()
    assert "errors" not in body, body
    assert answer.status_code == 200
    return body["data"]


def codes(answer: TestResponse) -> list[str]:
    """Return the codes of an answer's errors."""
    return [error["extensions"]["code"] for error in answer.get_json()["errors"]]
