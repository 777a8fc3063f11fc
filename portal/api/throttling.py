"""The bucket of each audience, and how a request's cost and what is left are told.

The words are those of other GraphQL APIs that count cost (Shopify's ``extensions.cost``), so that clients which
know how to wait for one of them know it here.
"""

import re
from collections.abc import Mapping
from typing import Any

from portal.kernel.errors import TooMany
from portal.partners.audience import Audience
from portal.partners.bucket import Balance, Bucket
from portal.partners.viewer import Viewer
from portal.platform.config import BadSetting

BUCKETS: Mapping[Audience, Bucket] = {
    Audience.ORDINARY: Bucket(capacity=20_000, restore_rate=200),
    Audience.KEY: Bucket(capacity=50_000, restore_rate=500),
    Audience.STRATEGIC: Bucket(capacity=100_000, restore_rate=1_000),
    Audience.SUPPLIER: Bucket(capacity=20_000, restore_rate=200),
}
"""A full bucket is empty again after 100 seconds. The host's own staff have none."""

_ENTRY = re.compile(r"([a-z]+)=([1-9][0-9]{0,8})/([1-9][0-9]{0,8})")


class Throttled(TooMany):
    """The firm's programs asked for too much in a short time; nothing was read.

    Args:
        balance: Of the firm's bucket.
    """

    code = "throttled"

    def __init__(self, balance: Balance) -> None:
        super().__init__(
            f"The request costs {balance.cost} and {balance.available} are left.",
            cost=balance.cost,
            available=balance.available,
            retry_after_s=balance.wait_s,
        )
        self.balance = balance


def to_buckets(setting: str) -> Mapping[Audience, Bucket]:
    """Return every audience's bucket, those of ``TALLY_API_BUCKETS`` in the place of the default.

    Raises:
        BadSetting: An entry is not ``<audience>=<capacity>/<points a second>``, or its audience has no bucket.
    """
    buckets = dict(BUCKETS)
    for entry in setting.split():
        found = _ENTRY.fullmatch(entry)
        if found is None or found[1] not in BUCKETS:
            raise BadSetting(
                f"TALLY_API_BUCKETS: {entry!r} is not like ordinary=20000/200.", variable="TALLY_API_BUCKETS"
            )
        buckets[Audience(found[1])] = Bucket(capacity=int(found[2]), restore_rate=int(found[3]))
    return buckets


def has_bucket(viewer: Viewer) -> bool:
    """Tell whether a request draws on a firm's bucket; what the host's staff ask through its eyes does not."""
    return viewer.partner is not None and not viewer.previewing


def to_told(cost: int, balance: Balance | None) -> dict[str, Any]:
    """Return ``extensions.cost``.

    Args:
        cost: Points of the request.
        balance: Of the firm's bucket after it; ``None`` for who has none.
    """
    told: dict[str, Any] = {"requestedQueryCost": cost}
    if balance is not None:
        told["throttleStatus"] = {
            "maximumAvailable": balance.bucket.capacity,
            "currentlyAvailable": balance.available,
            "restoreRate": balance.bucket.restore_rate,
        }
    return told
