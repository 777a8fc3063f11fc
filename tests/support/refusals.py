"""How a test says which refusal it expects: the kind itself, its whole sentence, and every value in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ledger.errors import LedgerError


@contextmanager
def refused(kind: type[LedgerError], sentence: str, **values: Any) -> Iterator[None]:
    """Expect exactly this refusal: no kind below it, no other word, and no value more or less.

    ``values`` is what the refusal speaks of, with its ``reason`` where the kind has one.
    """
    with pytest.raises(kind) as caught:
        yield
    told = caught.value
    spoken_of = told.values | ({"reason": told.reason} if hasattr(told, "reason") else {})
    found = (type(told), told.message, spoken_of)
    assert found == (kind, sentence, values), found
