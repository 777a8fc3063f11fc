"""The history of the issuer's keys: which one signs, rotation, revocation.

A row is written in the transaction that makes it true; the key's file comes first. A crash between the two leaves
a file that no row speaks of: the next rotation takes it. Issuing shares a lock with others who issue and excludes
whoever changes keys, so that nothing is signed with a key in the moment it ends.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, func, select, text, update

from ledger.keys import SigningKey
from ledger.keysafe import KeySafe
from portal.kernel.actor import Actor
from portal.kernel.errors import NotFound, Refused
from portal.kernel.ids import new_id
from portal.passports.issuing import SEAL
from portal.passports.store import issuer_table
from portal.platform import audit
from portal.platform.audit import Fact
from portal.platform.jobs import defer

GRACE = timedelta(days=1)
"""How long what the old key signed may still wait for its anchor."""
_KEYS_LOCK = 0x5E75
_UNANCHORED = """
SELECT count(*) FROM credential c
LEFT JOIN anchor_batch b ON b.org_id = c.org_id AND b.id = c.batch_id
WHERE c.org_id = :org AND b.state IS DISTINCT FROM 'final' AND strpos(c.body, :method) > 0
"""


class KeyUnknown(NotFound):
    """The issuer never had such a key."""

    code = "key_unknown"


class KeyRevokedAlready(Refused):
    """The key is revoked."""

    code = "key_revoked_already"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """Whose keys, where they lie, and who acts on them.

    Attributes:
        did: The issuer.
    """

    actor: Actor
    safe: KeySafe
    did: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLine:
    """One key of the history.

    Attributes:
        multikey: Its public half.
        made_at: Since when it counts.
        expires_at: End planned by a rotation.
        revoked_at: From when on it does not count.
        signs: Whether it is the one that signs now.
    """

    multikey: str
    made_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    signs: bool


def signing_key(connection: Connection, *, org_id: UUID, safe: KeySafe, did: str) -> SigningKey:
    """Return the key that signs now, making the first one; nobody changes keys until the transaction ends.

    Args:
        connection: Any transaction.
        org_id: The host company.
        safe: Where private keys lie.
        did: The issuer.

    Raises:
        ledger.errors.KeyLocked: The safe's secret is another one.
    """
    if _active(connection, org_id, safe, did) is None:
        _hold(connection)  # two who begin at once make one key
    else:
        connection.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": _KEYS_LOCK})
    return safe.take(_active(connection, org_id, safe, did) or _fresh(connection, org_id, safe, did), did=did)


def lines(connection: Connection, *, org_id: UUID, safe: KeySafe, did: str) -> tuple[KeyLine, ...]:
    """Return an issuer's keys, newest first."""
    active = _active(connection, org_id, safe, did)
    table = issuer_table.c
    rows = connection.execute(
        select(issuer_table)
        .where(table.org_id == org_id, table.did == did)
        .order_by(table.made_at.desc(), table.id.desc())
    )
    return tuple(
        KeyLine(
            multikey=row.multikey,
            made_at=row.made_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
            signs=row.multikey == active,
        )
        for row in rows
    )


def rotate(connection: Connection, *, ring: Keyring, now: datetime, grace: timedelta = GRACE) -> str:
    """Let a new key sign from now on; what the old one signed counts as before. Returns the new multikey.

    Args:
        connection: Open transaction.
        ring: Whose keys; the new one's file is put into the safe before its row is written.
        now: Instant of the deed.
        grace: When the old key ends, counted from now: what it signed must be anchored by then.
    """
    _hold(connection)
    table, actor, did = issuer_table.c, ring.actor, ring.did
    new = _fresh(connection, actor.org_id, ring.safe, did)
    connection.execute(
        update(issuer_table)
        .where(
            table.org_id == actor.org_id, table.did == did, table.expires_at.is_(None), table.revoked_at.is_(None)
        )
        .values(expires_at=now + grace)
    )
    _note(connection, actor, did, new, now)
    _tell(connection, actor, "key.rotated", {"key": new}, now)
    return new


def revoke(connection: Connection, *, ring: Keyring, multikey: str, reason: str, now: datetime) -> int:
    """Let a key count no more from now on; where it was the one that signs, a new one takes its place.

    Returns:
        How many credentials it signed that are not final on the chain: those do not verify any more.

    Raises:
        KeyUnknown: The issuer never had it.
        KeyRevokedAlready: It is revoked.
    """
    _hold(connection)
    table, actor, did = issuer_table.c, ring.actor, ring.did
    mine = (table.org_id == actor.org_id, table.did == did, table.multikey == multikey)
    row = connection.execute(select(table.revoked_at).where(*mine)).one_or_none()
    if row is None:
        raise KeyUnknown(f"{did} never had the key {multikey}.", key=multikey)
    if row.revoked_at is not None:
        raise KeyRevokedAlready(f"The key {multikey} is revoked already.", key=multikey)
    signed = _active(connection, actor.org_id, ring.safe, did) == multikey
    connection.execute(update(issuer_table).where(*mine).values(revoked_at=now))
    if signed:
        _note(connection, actor, did, _fresh(connection, actor.org_id, ring.safe, did), now)
    _tell(connection, actor, "key.revoked", {"key": multikey, "reason": reason}, now)
    return unanchored(connection, ring=ring, multikey=multikey)


def unanchored(connection: Connection, *, ring: Keyring, multikey: str) -> int:
    """Return how many credentials a key signed that are not final on the chain."""
    asked = {"org": ring.actor.org_id, "method": f"{ring.did}#{multikey}"}
    found: int = connection.execute(text(_UNANCHORED), asked).scalar_one()
    return found


def _hold(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _KEYS_LOCK})


def _active(connection: Connection, org_id: UUID, safe: KeySafe, did: str) -> str | None:
    """Return the newest key that was not retired and whose file is here; of this DID, else of an earlier one."""
    table = issuer_table.c
    rows = connection.execute(
        select(table.multikey)
        .where(table.org_id == org_id)
        .group_by(table.multikey)
        .having(func.count(table.expires_at) + func.count(table.revoked_at) == 0)
        .order_by(func.bool_or(table.did == did).desc(), func.max(table.made_at).desc(), table.multikey)
    ).scalars()
    known = frozenset(safe.known())
    return next((multikey for multikey in rows if multikey in known), None)


def _fresh(connection: Connection, org_id: UUID, safe: KeySafe, did: str) -> str:
    """Return a key that no row speaks of: one a crash left behind, else a new one; the caller holds the lock."""
    safe.sweep()
    noted = connection.execute(select(issuer_table.c.multikey).where(issuer_table.c.org_id == org_id)).scalars()
    left = set(safe.known()) - set(noted)
    if left:
        return min(left)
    key = SigningKey.generate(did)
    safe.put(key)
    return key.public.multikey


def _note(connection: Connection, actor: Actor, did: str, multikey: str, now: datetime) -> None:
    connection.execute(
        issuer_table.insert().values(org_id=actor.org_id, id=new_id(now), did=did, multikey=multikey, made_at=now)
    )


def _tell(connection: Connection, actor: Actor, what: str, details: dict[str, str], now: datetime) -> None:
    """Write it into the audit log, and have the new DID document sealed."""
    audit.append(connection, actor=actor, fact=Fact(kind="deed", what=what, details=details), now=now)
    defer(connection, SEAL, queueing_lock=SEAL, org_id=str(actor.org_id))
