"""The demand board: open to strategic partners and staff, closed to others with the way to it."""

from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection

from portal.forecasting.service import replace_demand
from portal.inventory import service
from portal.inventory.model import ProductDraft
from portal.orders.model import OrderDraft, OrderLineDraft
from portal.orders.service import save_orders
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support import people
from support.stock import in_days


class Board:
    """The portal with two products that were ordered."""

    def __init__(self, app: Flask, company: people.Company) -> None:
        self.app, self.company = app, company

    def get(self, kind: str, path: str = "/board", status: int = 200) -> str:
        answer = people.browser(self.app, self.company, kind).get(path)
        assert answer.status_code == status
        return " ".join(answer.get_data(as_text=True).split())


@pytest.fixture
def empty(database: Database, conn: Connection, clock: HandClock, now: datetime, tmp_path: Path) -> Board:
    company = people.found_company(conn, now=now)
    return Board(people.web_app(database, home=tmp_path, clock=clock), company)


@pytest.fixture
def board(empty: Board, conn: Connection, now: datetime) -> Board:
    drafts = [
        ProductDraft(sku="TEA", name_zh="白茶", name_en="White tea", pack_quanta=24),
        ProductDraft(sku="CAKE", name_zh="糕", name_en="Cake"),
    ]
    ids = service.save_products(conn, actor=empty.company.actor, drafts=drafts, now=now)
    rows = [(ids["TEA"], in_days(-7 * n), 240, 2) for n in range(1, 26)] + [(ids["CAKE"], in_days(-3), 5, 1)]
    replace_demand(conn, org_id=empty.company.org_id, rows=rows)
    orders = [
        OrderDraft(
            number,
            empty.company.partners[kind],
            now,
            needed,
            "open",
            "t",
            (OrderLineDraft(1, ids["TEA"], None, 48, None),),
        )
        for number, kind, needed in (("SO-S", "strategic", in_days(4)), ("SO-K", "key", None))
    ]
    save_orders(conn, actor=empty.company.actor, orders=orders, now=now)
    return empty


def test_a_strategic_partner_sees_demand_and_their_own_open_orders(board: Board) -> None:
    page = board.get("strategic")
    assert "10 cs (240 pcs) in a usual week" in page
    assert "250 cs (6,000 pcs) over 26 weeks" in page
    assert "SO-S" in page
    assert "SO-K" not in page
    assert page.count('<rect class="g-part"') == 25


def test_staff_see_everybody_s_open_orders(board: Board) -> None:
    page = board.get("operator", "/board?unit=pcs")
    assert "240 pcs in a usual week" in page
    assert "SO-S" in page
    assert "SO-K" in page
    assert "Kestrel" in page


def test_another_product_is_chosen_by_its_number(board: Board) -> None:
    page = board.get("strategic", "/board?sku=CAKE")
    assert "No order of this item is open." in page
    board.get("strategic", "/board?sku=NONE", 404)


@pytest.mark.parametrize("kind", ["ordinary", "key"])
def test_other_tiers_are_told_who_sees_it_and_whom_to_ask(board: Board, kind: str) -> None:
    page = board.get(kind, status=403)
    assert "The demand board is shown to strategic partners." in page
    assert "Host" in page
    assert "in a usual week" not in page


def test_a_board_without_demand_says_so(empty: Board) -> None:
    assert "No demand yet" in empty.get("operator")
