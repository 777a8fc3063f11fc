"""Tiers are nested, and each opens what the agreement's tier says."""

import pytest

from portal.kernel.disclosure import Disclosure, Tier


def test_the_tiers_are_nested() -> None:
    assert [tier.rank for tier in (Tier.ORDINARY, Tier.KEY, Tier.STRATEGIC)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("tier", "everything", "by_node", "board"),
    [
        (None, False, False, False),
        (Tier.ORDINARY, False, False, False),
        (Tier.KEY, False, True, False),
        (Tier.STRATEGIC, False, True, True),
        (None, True, True, True),
    ],
)
def test_each_tier_opens_its_part(tier: Tier | None, everything: bool, by_node: bool, board: bool) -> None:  # noqa: FBT001
    opened = Disclosure(tier=tier, everything=everything)
    assert (opened.by_node, opened.board) == (by_node, board)
