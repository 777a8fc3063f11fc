"""The buckets an installation sets, and how cost is told."""

import pytest

from portal.api.throttling import BUCKETS, Throttled, to_buckets, to_told
from portal.partners.audience import Audience
from portal.partners.bucket import Balance, Bucket
from portal.platform.config import BadSetting


def test_without_a_setting_the_buckets_are_the_usual_ones() -> None:
    assert to_buckets("") == {
        Audience.ORDINARY: Bucket(20_000, 200),
        Audience.KEY: Bucket(50_000, 500),
        Audience.STRATEGIC: Bucket(100_000, 1_000),
        Audience.SUPPLIER: Bucket(20_000, 200),
    }


def test_a_setting_changes_the_audiences_it_names() -> None:
    assert to_buckets(" key=7/2  supplier=100/1 ") == {
        **BUCKETS,
        Audience.KEY: Bucket(7, 2),
        Audience.SUPPLIER: Bucket(100, 1),
    }


@pytest.mark.parametrize(
    "setting",
    ["key", "key=5", "key=0/1", "key=5/0", "key=-5/1", "gold=5/1", "operator=5/1", "key=5/1,supplier=5/1"],
)
def test_a_setting_that_cannot_be_read_is_refused_by_name(setting: str) -> None:
    with pytest.raises(BadSetting) as refusal:
        to_buckets(setting)
    assert refusal.value.message == f"TALLY_API_BUCKETS: {setting!r} is not like ordinary=20000/200."
    assert refusal.value.values == {"variable": "TALLY_API_BUCKETS"}


def test_who_has_no_bucket_is_told_the_cost_alone() -> None:
    assert to_told(12, None) == {"requestedQueryCost": 12}


def test_a_refusal_tells_what_is_left_and_when_to_come_back() -> None:
    # 95 of 100 are in, 30 are asked for: 25 must drain, 10 a second.
    refusal = Throttled(Balance(Bucket(100, 10), 30, 95_000_000, fits=False))
    assert refusal.values == {"cost": 30, "available": 5, "retry_after_s": 3}
    assert to_told(30, refusal.balance) == {
        "requestedQueryCost": 30,
        "throttleStatus": {"maximumAvailable": 100, "currentlyAvailable": 5, "restoreRate": 10},
    }
