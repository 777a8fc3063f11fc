"""API keys: what a program keeps for long and trades for access tokens.

A key is shown once and kept as a hash. It is 256 random bits, so one round of SHA-256 is enough; slow hashes are
for what people choose. It speaks for the person who made it and may do what they may, cut down to its scopes. A
token made with it stops with it. Every function writes in the caller's transaction and never commits.
"""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import Connection, Row, TextClause, text

from portal.kernel.actor import Actor
from portal.kernel.errors import Malformed, NotFound, Refused, Unauthenticated
from portal.kernel.ids import new_id
from portal.partners.model import Scope

LIFETIMES_DAYS = (30, 90, 365)
"""How long a key may be good, in days."""

USUAL_DAYS = 90
MOST_KEYS = 20
"""Keys of one person that are good at the same time."""

OVERLAP = timedelta(days=1)
"""How long a replaced key stays good, so that no program stands still while it is given the new one."""

SHOWN_AFTER_END = timedelta(days=90)
MAX_LABEL = 60
_TEXT = re.compile(r"tsk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


class LabelUnfit(Malformed):
    """A key has no label, or one that is too long."""

    code = "label_unfit"


class LifetimeUnfit(Malformed):
    """A key is asked for that is good for another time than those offered."""

    code = "lifetime_unfit"


class TooManyKeys(Refused):
    """The person has as many keys as anybody may have."""

    code = "too_many_keys"


class NoSuchKey(NotFound):
    """The person has no key of that id that is still good."""

    code = "no_such_key"


class KeyRefused(Unauthenticated):
    """The key is none of ours, or no longer good; which of them is not said."""

    code = "key_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDraft:
    """A key as it is asked for.

    Attributes:
        label: What the person calls it, 1 to ``MAX_LABEL`` characters.
        acts: Whether it may do deeds; reading is always open to it.
        days: One of ``LIFETIMES_DAYS``.
    """

    label: str
    acts: bool
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as its person sees it afterwards.

    Attributes:
        name: Its open part, 16 characters; stands in the log and in the list.
        scopes: What it may be used for.
        days: How long it was made for.
        expires_at: First instant at which it is no longer good.
        last_used_at: When a token was last made with it.
    """

    id: UUID
    name: str
    label: str
    scopes: frozenset[Scope]
    days: int
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class FreshKey:
    """A key just made; its text is never known again."""

    text: str
    key: ApiKey


@dataclass(frozen=True, slots=True)
class Opened:
    """Whom a key speaks for."""

    key_id: UUID
    person_id: UUID


_ADD = text("""
    INSERT INTO api_key (org_id, id, person_id, name, label, scopes, days, secret_hash, created_at, expires_at)
    VALUES (:org, :id, :person, :name, :label, :scopes, :days, :hash, :now, :expires) RETURNING *
""")
_ALL = text("""
    SELECT * FROM api_key WHERE org_id = :org AND person_id = :person AND expires_at > :since
    ORDER BY created_at DESC, id DESC
""")
_GOOD = text("""
    SELECT * FROM api_key WHERE org_id = :org AND person_id = :person AND id = :id AND expires_at > :now
""")
_GOOD_LOCKED = text(f"{_GOOD.text} FOR UPDATE")
_USE = text("""
    UPDATE api_key SET last_used_at = :now
    WHERE org_id = :org AND name = :name AND secret_hash = :hash AND expires_at > :now RETURNING id, person_id
""")
_END = text("UPDATE api_key SET expires_at = :at WHERE org_id = :org AND id = :id")
_END_ALL = text("""
    UPDATE api_key SET expires_at = :now WHERE org_id = :org AND person_id = :person AND expires_at > :now
""")
_ONE_AFTER_THE_OTHER = text("SELECT 1 FROM person WHERE org_id = :org AND id = :person FOR UPDATE")


def make(connection: Connection, *, actor: Actor, draft: KeyDraft, now: datetime) -> FreshKey:
    """Make a key for the actor.

    Raises:
        LabelUnfit, LifetimeUnfit: The draft.
        TooManyKeys: ``MOST_KEYS`` are good already.
    """
    label = " ".join(draft.label.split())
    if not 1 <= len(label) <= MAX_LABEL or not label.isprintable():
        raise LabelUnfit(f"A key needs a label of at most {MAX_LABEL} characters.", most=MAX_LABEL)
    if draft.days not in LIFETIMES_DAYS:
        raise LifetimeUnfit(f"A key is good for {LIFETIMES_DAYS} days.", days=draft.days)
    scopes = frozenset(Scope) if draft.acts else frozenset({Scope.READ})
    return _keep(connection, actor, label, scopes, draft.days, now)


def replace(connection: Connection, *, actor: Actor, key_id: UUID, now: datetime) -> FreshKey:
    """Make a key of the same label, scopes and lifetime; the old one ends in a day at the latest.

    Raises:
        NoSuchKey: The actor has no such key that is good.
        TooManyKeys: ``MOST_KEYS`` are good already, the old one among them.
    """
    old = _good_key(connection, actor, key_id, now)
    fresh = _keep(connection, actor, old.label, old.scopes, old.days, now)
    _end(connection, actor, old.id, min(old.expires_at, now + OVERLAP))
    return fresh


def end(connection: Connection, *, actor: Actor, key_id: UUID, now: datetime) -> ApiKey:
    """End a key of the actor's now, and with it the tokens made with it; returns it as it was.

    Raises:
        NoSuchKey: The actor has no such key that is good.
    """
    key = _good_key(connection, actor, key_id, now)
    _end(connection, actor, key.id, now)
    return key


def end_all(connection: Connection, *, org_id: UUID, person_id: UUID | None, now: datetime) -> None:
    """End every key of a person now."""
    connection.execute(_END_ALL, {"org": org_id, "person": person_id, "now": now})


def keys_of(connection: Connection, *, actor: Actor, now: datetime) -> tuple[ApiKey, ...]:
    """Return the actor's keys, the newest first; those that ended long ago are left out."""
    found = connection.execute(
        _ALL, {"org": actor.org_id, "person": actor.person_id, "since": now - SHOWN_AFTER_END}
    )
    return tuple(_to_key(row) for row in found)


def key_of(connection: Connection, *, actor: Actor, key_id: UUID, now: datetime) -> ApiKey:
    """Return a key of the actor's that is still good.

    Raises:
        NoSuchKey: There is none of that id.
    """
    return _good_key(connection, actor, key_id, now, query=_GOOD)


def open_key(connection: Connection, *, org_id: UUID, told: str, now: datetime) -> Opened:
    """Return whom a key speaks for, and note that it was used.

    Raises:
        KeyRefused: It is none of ours, or no longer good.
    """
    parts = _TEXT.fullmatch(told.strip())
    if parts is None:
        raise KeyRefused("That is no key of ours.")
    row = connection.execute(_USE, {"org": org_id, "name": parts[1], "hash": _hash(parts[2]), "now": now}).first()
    if row is None:
        raise KeyRefused("The key is none of ours, or no longer good.")
    return Opened(row.id, row.person_id)


def _keep(
    connection: Connection,
    actor: Actor,
    label: str,
    scopes: Iterable[Scope],
    days: int,
    now: datetime,
) -> FreshKey:
    # Two forms sent at once are counted one after the other.
    connection.execute(_ONE_AFTER_THE_OTHER, {"org": actor.org_id, "person": actor.person_id})
    good = sum(key.expires_at > now for key in keys_of(connection, actor=actor, now=now))
    if good >= MOST_KEYS:
        raise TooManyKeys(f"{MOST_KEYS} keys are good already.", most=MOST_KEYS)
    name, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    row = connection.execute(
        _ADD,
        {
            "org": actor.org_id,
            "id": new_id(now),
            "person": actor.person_id,
            "name": name,
            "label": label,
            "scopes": sorted(scopes),
            "hash": _hash(secret),
            "now": now,
            "days": days,
            "expires": now + timedelta(days=days),
        },
    ).one()
    return FreshKey(f"tsk_{name}_{secret}", _to_key(row))


def _good_key(
    connection: Connection, actor: Actor, key_id: UUID, now: datetime, *, query: TextClause = _GOOD_LOCKED
) -> ApiKey:
    row = connection.execute(
        query, {"org": actor.org_id, "person": actor.person_id, "id": key_id, "now": now}
    ).first()
    if row is None:
        raise NoSuchKey("There is no such key, or it has ended.", id=str(key_id))
    return _to_key(row)


def _end(connection: Connection, actor: Actor, key_id: UUID, at: datetime) -> None:
    connection.execute(_END, {"org": actor.org_id, "id": key_id, "at": at})


def _to_key(row: Row[tuple[object, ...]]) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        label=row.label,
        scopes=frozenset(map(Scope, row.scopes)),
        days=row.days,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
    )


def _hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
