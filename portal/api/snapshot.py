"""The reading a request answers from: opened when it is first needed, taken anew after a deed."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Self

from sqlalchemy import Connection

Opening = Callable[[], AbstractContextManager[Connection]]
"""Opens a read-only transaction over one snapshot, as the asker may read."""


class Snapshot:
    """One read-only transaction at a time, closed at the end of the block.

    Args:
        opening: Opens it.
    """

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._open = ExitStack()
        self._connection: Connection | None = None

    @property
    def connection(self) -> Connection:
        """The transaction; everything that is read over it is of one instant."""
        if self._connection is None:
            self._connection = self._open.enter_context(self._opening())
        return self._connection

    def close(self) -> None:
        """End it before something is done: what is asked for next sees what was done."""
        self._connection = None
        self._open.close()

    def __enter__(self) -> Self:
        """Return it, not yet opened."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self._connection = None
        self._open.__exit__(kind, error, trace)
