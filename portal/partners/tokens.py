"""Access tokens for programs: short-lived JWTs signed with Ed25519.

Source: RFC 7519, RFC 8037 (EdDSA), RFC 8725 (best practice: one algorithm, fixed by us and never taken from the
token; issuer, audience and type checked). A token only names the person; firm, agreement and tier are asked again
at every request, the copies in the token are for the reader's convenience.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portal.kernel.errors import Unauthenticated
from portal.kernel.ids import new_id
from portal.partners.model import Viewer

LIFETIME = timedelta(minutes=10)
"""How long a token is good."""

AUDIENCE = "tallystick-api"
KEY_NAME = "access-token.key"
"""Name of the signing key's 32 bytes among the home folder's secrets."""

_ALGORITHM = "EdDSA"
_TYPE = "at+jwt"
_CLAIMS = ["iss", "aud", "sub", "org", "sv", "iat", "exp", "jti"]
_LONGEST = 2048
_MOST_KNOWN = 2000
"""Verified tokens kept, by digest; each is good for ten minutes."""


class BadToken(Unauthenticated):
    """The token is not one of ours, was changed, or is for somebody else's door."""

    code = "bad_token"


class TokenExpired(Unauthenticated):
    """The token's time is over, or every session of its person was ended."""

    code = "token_expired"


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A fresh token.

    Attributes:
        text: What the program sends as ``Authorization: Bearer …``.
        expires_at: First instant at which it is no longer good.
    """

    text: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token proves: a person of a company, the session version of then, and the API key behind it."""

    org_id: UUID
    person_id: UUID
    session_version: int
    key_id: UUID | None = None


class Tokens:
    """Makes and reads the tokens of one installation.

    Args:
        seed: The 32 bytes of the Ed25519 key.
        issuer: Public origin of the portal.
    """

    def __init__(self, seed: bytes, *, issuer: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._issuer = issuer
        self._known: dict[bytes, dict[str, Any]] = {}
        self.key_id = hashlib.sha256(self._key.public_key().public_bytes_raw()).hexdigest()[:16]

    def issue(self, viewer: Viewer, *, now: datetime, key_id: UUID | None = None) -> AccessToken:
        """Return a token for ``viewer``, good for ten minutes from ``now``.

        Args:
            viewer: Whom it speaks for.
            now: Instant of making it.
            key_id: The API key it is made with; the token is good no longer than that.
        """
        expires_at = now + LIFETIME
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": str(viewer.actor.person_id),
            "org": str(viewer.org.id),
            "partner": str(viewer.partner.id) if viewer.partner else None,
            "tier": str(viewer.tier) if viewer.tier else None,
            "scope": " ".join(sorted(viewer.scopes)),
            "key": str(key_id) if key_id else None,
            "sv": viewer.session_version,
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
            "jti": str(new_id(now)),
        }
        text = jwt.encode(claims, self._key, algorithm=_ALGORITHM, headers={"kid": self.key_id, "typ": _TYPE})
        return AccessToken(text=text, expires_at=expires_at)

    def read(self, text: str, *, now: datetime) -> Claims:
        """Return what a token proves at ``now``.

        Raises:
            BadToken: Not ours: form, type, key, algorithm, signature, issuer, audience or claims.
            TokenExpired: Its ten minutes are over, or it lies in the future.
        """
        digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
        claims = self._known.get(digest)
        if claims is None:
            claims = self._verified(text)
            self._remember(digest, claims, now=now)
        if not claims["iat"] <= now.timestamp() < claims["exp"]:
            raise TokenExpired("The token is not good at this time.")
        try:
            key = claims.get("key")
            return Claims(UUID(claims["org"]), UUID(claims["sub"]), int(claims["sv"]), UUID(key) if key else None)
        except (ValueError, TypeError, AttributeError) as error:
            raise BadToken("The token's claims cannot be read.") from error

    def _remember(self, digest: bytes, claims: dict[str, Any], *, now: datetime) -> None:
        """Keep a verified token's claims until it ends: verifying takes longer than reading stock."""
        if len(self._known) >= _MOST_KNOWN:
            kept = list(self._known.items())
            self._known = {key: one for key, one in kept if one["exp"] > now.timestamp()}
            if len(self._known) >= _MOST_KNOWN:
                self._known = {}
        self._known[digest] = claims

    def _verified(self, text: str) -> dict[str, Any]:
        try:
            if len(text) > _LONGEST:
                raise BadToken(f"No token of ours is longer than {_LONGEST} characters.")
            header = jwt.get_unverified_header(text)
            if header.get("kid") != self.key_id or header.get("typ") != _TYPE:
                raise BadToken("The token was not made with a key of ours.")
            return jwt.decode(
                text,
                self._key.public_key(),
                algorithms=[_ALGORITHM],
                audience=AUDIENCE,
                issuer=self._issuer,
                # The time is judged by the portal's own clock, above.
                options={"require": _CLAIMS, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except jwt.PyJWTError as error:
            raise BadToken("The token is not one of ours.") from error
