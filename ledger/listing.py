"""The list of a stream's batches as a file: what a partner keeps to notice, years later, that it was rewritten.

Nothing here asks anybody. The head is folded anew from the batches whenever a file is read, so a file whose head
and batches do not belong together is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from ledger.bundle import hexadecimal, number
from ledger.canonical import parse_json_strict
from ledger.errors import Malformed
from ledger.history import Head, heads

FORMAT: Final = "tallystick-anchors/1"
MAX_BYTES: Final = 64 << 20
_HASH: Final = 32


class BadListing(Malformed):
    """A file is no list of batches, or its head is not that of its batches."""

    code = "bad_listing"


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of batches.

    Attributes:
        batches: Root and number of leaves of each, in order from number 0.
    """

    batches: tuple[tuple[bytes, int], ...]

    @property
    def head(self) -> Head:
        """What stands for the whole list."""
        return Head(len(self.batches), heads(self.batches)[-1])

    def to_value(self, *, chains: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
        """Return the JSON value of the file.

        Args:
            chains: What each chain says of the batches; carried along, not read back.
        """
        return {
            "format": FORMAT,
            "count": self.head.count,
            "head": self.head.value.hex(),
            "batches": [{"root": root.hex(), "size": size} for root, size in self.batches],
            "chains": list(chains),
        }

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read a file.

        Raises:
            BadListing: It is no list, or its count or head is not that of its batches.
        """
        try:
            value = parse_json_strict(data, max_bytes=MAX_BYTES)
            if value["format"] != FORMAT:
                raise BadListing("another format")
            read = tuple((hexadecimal(one["root"], _HASH), number(one["size"])) for one in value["batches"])
            told = Head(number(value["count"]), hexadecimal(value["head"], _HASH))
        except (Malformed, KeyError, TypeError) as error:
            raise BadListing(f"no list of batches: {error}") from error
        listing = cls(read)
        if listing.head != told:
            raise BadListing("its head is not the head of its batches")
        return listing
