"""UUID version 7: RFC 9562 section 5.7."""

import subprocess
import sys
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


def test_many_draws_of_randomness_run_out_and_no_two_are_the_same() -> None:
    moments = [datetime.fromtimestamp(1_645_557_742 + number, UTC) for number in range(2000)]
    assert len({str(new_id(moment))[14:] for moment in moments}) == 2000


_FORKED = """
import os
from datetime import UTC, datetime
from portal.kernel.ids import new_id
moment = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)
new_id(moment)
child = os.fork()
os.write(1, "".join(f"{new_id(moment)} " for _ in range(50)).encode())
if child:
    os.waitpid(child, 0)
"""


def test_a_forked_process_does_not_make_its_parents_identifiers() -> None:
    said = subprocess.run([sys.executable, "-c", _FORKED], check=True, capture_output=True, text=True).stdout
    assert len(set(said.split())) == 100
