"""Rows of status lists and of what is anchored beside credentials."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from portal.platform.db import identifier, instant, org_table, reference

list_table = org_table(
    "status_list",
    Column("number", Integer, nullable=False),
    # Scheme and host its address begins with; at another address other lists are begun.
    Column("origin", Text, nullable=False),
    instant("opened_at"),
    UniqueConstraint("org_id", "number"),
)

entry_table = org_table(
    # Its id is the credential's.
    "status_entry",
    Column("list_number", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    ForeignKeyConstraint(["org_id", "list_number"], ["status_list.org_id", "status_list.number"]),
    ForeignKeyConstraint(
        ["org_id", "id"], ["credential.org_id", "credential.id"], deferrable=True, initially="DEFERRED"
    ),
    UniqueConstraint("org_id", "list_number", "position"),
)

record_table = org_table(
    "anchored_record",
    Column("kind", Text, nullable=False),
    # What it is a version of: a list's path, a credential's id, a DID.
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    # Canonical text; never changed.
    Column("body", Text, nullable=False),
    # SHA-256 of it: the leaf's data.
    Column("digest", LargeBinary, nullable=False),
    instant("at"),
    identifier("batch_id", nullable=True),
    Column("leaf_index", Integer),
    Column("path", JSONB),
    reference("batch_id", "anchor_batch"),
    UniqueConstraint("org_id", "kind", "name", "version"),
    CheckConstraint("kind IN ('status_list', 'status_notice', 'did_document', 'audit_head')", name="kind_known"),
    Index("ix_anchored_record_unsealed", "org_id", "at", postgresql_where=text("batch_id IS NULL")),
)
