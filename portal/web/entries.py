"""Reading what people type into a form: each field once, faults by field in the reader's language, input kept."""

from collections.abc import Mapping
from datetime import date

from flask_babel import gettext

from portal.kernel.errors import PortalError
from portal.kernel.quantity import to_quanta
from portal.web.errors import sentence_of

_LONGEST = 200


class Entries:
    """One form as it came in.

    Args:
        values: Texts by field name.

    Attributes:
        errors: Sentence by field name; empty while everything can be read.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = {name: text.strip() for name, text in values.items()}
        self.errors: dict[str, str] = {}

    def text(self, name: str, *, required: bool = True) -> str:
        """Return a short text; a missing or overlong one is a fault."""
        text = self.values.get(name, "")
        if required and not text:
            self.errors[name] = gettext("Fill this in.")
        elif len(text) > _LONGEST:
            self.errors[name] = gettext("At most %(most)s characters.", most=_LONGEST)
        return text

    def day(self, name: str, *, required: bool = True) -> date | None:
        """Return a day written as 2026-11-27; ``None`` when there is none or it cannot be read."""
        text = self.text(name, required=required)
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.errors[name] = gettext("Write the day as 2026-11-27.")
            return None

    def whole(self, name: str, *, least: int = 0, most: int = 2**31) -> int:
        """Return a whole number within limits; ``least`` when it cannot be read, with the fault noted."""
        text = self.text(name)
        if name in self.errors:
            return least
        try:
            number = to_quanta(text, decimals=0)
        except PortalError as refusal:
            self.errors[name] = sentence_of(refusal)
            return least
        if not least <= number <= most:
            self.errors[name] = gettext("Between %(least)s and %(most)s.", least=least, most=most)
            return least
        return number

    def quanta(self, name: str, *, decimals: int) -> int:
        """Return a quantity of 0 or more in quanta; 0 when it cannot be read, with the fault noted."""
        text = self.text(name)
        if name in self.errors:
            return 0
        try:
            number = to_quanta(text, decimals=decimals)
        except PortalError as refusal:
            self.errors[name] = sentence_of(refusal)
            return 0
        if number < 0:
            self.errors[name] = gettext("Not below zero.")
            return 0
        return number
