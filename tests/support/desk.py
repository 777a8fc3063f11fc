"""The portal with stock in it, asked as somebody: pages, forms, programs."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, text
from werkzeug.test import TestResponse

from portal.kernel.disclosure import Tier
from portal.kernel.grain import Grain
from portal.partners.agreements import keep_agreement
from portal.partners.model import Agreement
from portal.platform.clock import HandClock
from support.people import Company, browser, csrf_token


@dataclass
class Desk:
    """The small company's portal, with one browser per kind of person kept open."""

    app: Flask
    company: Company
    connection: Connection
    clock: HandClock

    def __post_init__(self) -> None:
        """Begin without any window."""
        self._windows: dict[str, FlaskClient] = {}

    def window(self, kind: str) -> FlaskClient:
        """Return the open browser of ``kind``."""
        if kind not in self._windows:
            self._windows[kind] = browser(self.app, self.company, kind)
        return self._windows[kind]

    def get(self, kind: str, path: str, status: int = 200) -> str:
        """Return a page's text with single spaces."""
        answer = self.window(kind).get(path)
        assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
        return " ".join(answer.get_data(as_text=True).split())

    def post(self, kind: str, path: str, status: int = 303, **form: Any) -> TestResponse:
        """Send a form."""
        client = self.window(kind)
        answer = client.post(path, data={**form, "csrf_token": csrf_token(self.app, client)})
        assert answer.status_code == status, answer.get_data(as_text=True)[:3000]
        return answer

    def agree(self, kind: str, **changed: Any) -> None:
        """Change the agreement of ``kind`` as the operator would; what is not named is as everybody's."""
        nodes = frozenset({self.company.nodes["NGB"], self.company.nodes["CTU"]})
        tier = changed.get("tier", Tier(kind.removeprefix("other_")))
        values: dict[str, Any] = {
            "number": f"AG-{kind}",
            "tier": tier,
            "purpose": "tests",
            "valid_from": date(2026, 1, 1),
            "valid_until": date(2026, 12, 31),
            "nodes": frozenset() if tier is Tier.ORDINARY else nodes,
            "grain": Grain(),
        }
        keep_agreement(
            self.connection,
            actor=self.company.actor,
            partner_id=self.company.partners[kind],
            draft=Agreement(**{**values, **changed}),
            now=self.clock.now(),
        )

    def entries(self, kind: str = "") -> list[tuple[Any, ...]]:
        """Return kind, what, actor, agreement and details of the log's entries, oldest first."""
        found = self.connection.execute(
            text(
                "SELECT kind, what, actor, agreement, details FROM audit_entry"
                " WHERE :kind = '' OR kind = :kind ORDER BY seq"
            ),
            {"kind": kind},
        )
        return [tuple(row) for row in found]


def main_of(page: str) -> str:
    """Return the main content of a page, without the person's own corner at its end and without form tokens."""
    main = page[page.index('<main class="main"') : page.index('<div class="me">')]
    return re.sub(r'name="csrf_token" value="[^"]*"', 'name="csrf_token"', main)
