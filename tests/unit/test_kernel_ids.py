"""UUID version 7: RFC 9562 section 5.7."""

from datetime import UTC, datetime

from portal.kernel.ids import new_id

# RFC 9562, appendix A.6: 2022-02-22T19:22:22.000Z is 0x017F22E279B0 in milliseconds.
RFC_MOMENT = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)


def test_the_leading_bits_are_the_milliseconds_of_the_standards_example() -> None:
    assert new_id(RFC_MOMENT).hex[:12] == "017f22e279b0"


def test_version_and_variant_are_the_standards() -> None:
    made = new_id(RFC_MOMENT)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")


def test_two_of_the_same_millisecond_differ() -> None:
    assert len({new_id(RFC_MOMENT) for _ in range(1000)}) == 1000


def test_those_of_one_millisecond_stand_in_the_order_they_were_made() -> None:
    made = [new_id(RFC_MOMENT) for _ in range(1000)]
    assert made == sorted(made)
