"""The portal's refusals: one root, eight kinds, a stable code on every class.

A rule that says no raises; it never returns ``False`` or ``None``. A message names the thing and both
values. Doors translate a kind into a status (``portal.web.errors``, ``portal.api.errors``) and a code
into a sentence in the reader's language; the English sentence here is for logs and the command line.
"""

from typing import Any, ClassVar


class PortalError(Exception):
    """Root of everything the portal refuses or cannot do.

    Args:
        message: One English sentence naming the thing and the values.
        values: The same values by name, for translated sentences. JSON types only.
    """

    code: ClassVar[str] = "portal_error"

    def __init__(self, message: str, **values: Any) -> None:
        super().__init__(message)
        self.message = message
        self.values = values


class NotFound(PortalError):  # noqa: N818 - the kinds are named as people say them
    """The thing asked for does not exist, or its existence is not the asker's to know."""

    code = "not_found"


class Refused(PortalError):  # noqa: N818
    """A business rule said no; nothing has changed."""

    code = "refused"


class Forbidden(PortalError):  # noqa: N818
    """The asker's role, tier or ownership does not allow it; nothing has changed."""

    code = "forbidden"


class Conflict(PortalError):  # noqa: N818
    """Someone was faster, or the thing has moved on; nothing has changed."""

    code = "conflict"


class Malformed(PortalError):  # noqa: N818
    """The input cannot be read as what it should be; nothing has changed."""

    code = "malformed"


class Unavailable(PortalError):  # noqa: N818
    """A part we lean on (database, chain, disk) does not answer; it may be tried again."""

    code = "unavailable"


class Unauthenticated(PortalError):  # noqa: N818
    """Nobody is signed in, or what was shown as proof is not good (any more)."""

    code = "unauthenticated"


class TooMany(PortalError):  # noqa: N818
    """Asked too often in a short time; nothing was done, it may be tried again later."""

    code = "too_many"
