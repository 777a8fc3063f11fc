"""Rows of documents, trace events, credentials, batches and anchoring attempts."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
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

document_table = org_table(
    "document",
    # certificate (资质证书) or inspection_report (检验报告).
    Column("kind", Text, nullable=False),
    # Of the file's bytes, which lie in the home folder under this name.
    Column("sha256", LargeBinary, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    identifier("partner_id"),
    # An inspection report belongs to one lot; a certificate may cover every lot of the supplier's product.
    identifier("product_id", nullable=True),
    Column("lot_code", Text),
    Column("number", Text, nullable=False),
    Column("issued_by", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),
    Column("uploaded_by", Text, nullable=False),
    instant("uploaded_at"),
    reference("partner_id", "partner"),
    reference("product_id", "product"),
    UniqueConstraint("org_id", "partner_id", "kind", "number", "sha256"),
    CheckConstraint("kind IN ('certificate', 'inspection_report')", name="kind_known"),
    CheckConstraint("octet_length(sha256) = 32", name="sha256_size"),
)

trace_table = org_table(
    "trace_event",
    # The message that told it, so that a second delivery adds nothing.
    Column("source_key", Text, nullable=False),
    identifier("product_id"),
    Column("lot_code", Text, nullable=False),
    # CBV business step: shipping, receiving, inspecting …
    Column("step", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    instant("at"),
    # Where it happened: at a place of ours, or at a partner's.
    identifier("location_id", nullable=True),
    identifier("partner_id", nullable=True),
    # Of a transformation: GTIN, lot, name, quantity and unit of what went in.
    Column("inputs", JSONB(none_as_null=True)),
    reference("product_id", "product"),
    reference("location_id", "location"),
    reference("partner_id", "partner"),
    UniqueConstraint("org_id", "source_key"),
    Index("ix_trace_event_lot", "org_id", "product_id", "lot_code"),
    # Which lots a lot went into.
    Index(
        "ix_trace_event_inputs",
        "inputs",
        postgresql_using="gin",
        postgresql_ops={"inputs": "jsonb_path_ops"},
        postgresql_where=text("inputs IS NOT NULL"),
    ),
)

batch_table = org_table(
    "anchor_batch",
    # Position in the stream, from 0; sealed batches never change.
    Column("seq", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("state", Text, nullable=False),
    instant("sealed_at"),
    # Where it was last seen on the chain; changes while the chain may still reorganise.
    Column("placement", JSONB),
    # The chain's receipt once final, as the bundle carries it.
    Column("receipt", JSONB),
    UniqueConstraint("org_id", "seq"),
    CheckConstraint("state IN ('sealed', 'sent', 'mined', 'final')", name="state_known"),
)

credential_table = org_table(
    "credential",
    # See ``portal.passports.kinds``.
    Column("kind", Text, nullable=False),
    # What it speaks of (lot/…, document/…, event/…); the newest of a kind about the same thing counts.
    Column("about", Text, nullable=False, server_default=""),
    # Of a passport only: what it is of. A piece's says its lot beside its serial number.
    identifier("product_id", nullable=True),
    Column("gtin", Text),
    Column("lot_code", Text),
    Column("serial", Text),
    # The signed document's exact text; never changed after issuing.
    Column("body", Text, nullable=False),
    # SHA-256 of its canonical bytes: the QR's #h= and the leaf's data.
    Column("digest", LargeBinary, nullable=False),
    # The facts it was made from, hashed, so that a repeated request issues nothing new.
    Column("facts_key", Text, nullable=False),
    Column("issued_by", Text, nullable=False),
    instant("issued_at"),
    instant("valid_until", nullable=True),
    identifier("replaces_id", nullable=True),
    identifier("batch_id", nullable=True),
    Column("leaf_index", Integer),
    # Path of the inclusion proof, hexadecimal, once sealed.
    Column("path", JSONB),
    reference("product_id", "product"),
    reference("batch_id", "anchor_batch"),
    reference("replaces_id", "credential"),
    UniqueConstraint("org_id", "digest"),
    UniqueConstraint("org_id", "facts_key"),
    Index("ix_credential_lot", "org_id", "gtin", "lot_code", "issued_at"),
    CheckConstraint("serial <> ''", name="serial_given"),
    Index("ix_credential_about", "org_id", "about", "issued_at"),
    Index(
        "ix_credential_piece",
        "org_id",
        "product_id",
        "lot_code",
        "serial",
        "issued_at",
        postgresql_where=text("serial IS NOT NULL"),
    ),
    Index("ix_credential_unsealed", "org_id", "issued_at", postgresql_where=text("batch_id IS NULL")),
)

mark_table = org_table(
    "credential_mark",
    identifier("credential_id"),
    # revocation or suspension, as Bitstring Status List names them.
    Column("purpose", Text, nullable=False),
    # True sets it, False takes a suspension back; the newest of a purpose counts.
    Column("mark", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    identifier("superseded_by", nullable=True),
    instant("at"),
    Column("actor", Text, nullable=False),
    reference("credential_id", "credential"),
    reference("superseded_by", "credential"),
    CheckConstraint("purpose IN ('revocation', 'suspension')", name="purpose_known"),
    CheckConstraint("mark OR purpose = 'suspension'", name="revocation_is_final"),
    CheckConstraint("reason <> ''", name="reason_given"),
    CheckConstraint("superseded_by IS DISTINCT FROM credential_id", name="supersedes_another"),
    Index("ix_credential_mark_credential", "org_id", "credential_id", "at"),
)

issuer_table = org_table(
    "issuer_key",
    # The issuer's DID, which carries the portal's address, and the key's public part as a Multikey.
    Column("did", Text, nullable=False),
    Column("multikey", Text, nullable=False),
    instant("made_at"),
    # From this instant on, what the key signs is not ours; empty while it is in use.
    instant("revoked_at", nullable=True),
    # The end a rotation plans: late enough for what it signed to be anchored before.
    instant("expires_at", nullable=True),
    UniqueConstraint("org_id", "did", "multikey"),
)

attempt_table = org_table(
    "anchor_attempt",
    identifier("batch_id"),
    # The chain it was signed for.
    identifier("pin_id"),
    Column("nonce", BigInteger, nullable=False),
    # Stored before it is sent: a crash at any point re-sends the same bytes.
    Column("raw", LargeBinary, nullable=False),
    Column("transaction_hash", Text, nullable=False),
    # Wei as text: beyond what a bigint holds on some chains.
    Column("max_fee_wei", Text, nullable=False),
    Column("priority_wei", Text, nullable=False),
    # Seconds since 1970, as the chain counts.
    Column("signed_at", BigInteger, nullable=False),
    reference("batch_id", "anchor_batch"),
    reference("pin_id", "chain_pin"),
    # A chain begun anew may see the very same transaction once more.
    UniqueConstraint("org_id", "pin_id", "transaction_hash"),
)

chain_table = org_table(
    "chain_pin",
    # What the writer was pinned to at first start; another chain under the same address stops it.
    Column("chain_id", BigInteger, nullable=False),
    Column("genesis", Text, nullable=False),
    Column("contract", Text, nullable=False),
    Column("code_sha256", Text, nullable=False),
    # embedded, consortium or public: what the verify page says the chain can prove.
    Column("kind", Text, nullable=False),
    Column("stream", Text, nullable=False),
    instant("pinned_at"),
    # main, whose receipts bundles carry; or extra, a second witness.
    Column("role", Text, nullable=False, server_default="main"),
    # Left behind for another chain; its receipts are kept.
    instant("retired_at", nullable=True),
    CheckConstraint("role IN ('main', 'extra')", name="role_known"),
    Index("uq_chain_pin_in_use", "org_id", "role", unique=True, postgresql_where=text("retired_at IS NULL")),
)

copy_table = org_table(
    # What a chain beside the main one, or one left behind, says of a batch.
    "anchor_copy",
    identifier("batch_id"),
    identifier("pin_id"),
    Column("state", Text, nullable=False),
    Column("placement", JSONB),
    Column("receipt", JSONB),
    reference("batch_id", "anchor_batch"),
    reference("pin_id", "chain_pin"),
    UniqueConstraint("org_id", "batch_id", "pin_id"),
    CheckConstraint("state IN ('sealed', 'sent', 'mined', 'final')", name="state_known"),
)

standing_table = org_table(
    # How the writer of a chain stands: anchors, waits for the chain, or has stopped until a person looks.
    "chain_standing",
    Column("role", Text, nullable=False),
    Column("state", Text, nullable=False),
    # The refusal's code and its sentence for the operator's shell; empty while all is well.
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    instant("since"),
    UniqueConstraint("org_id", "role"),
    CheckConstraint("state IN ('ok', 'waits', 'stopped')", name="state_known"),
)

seen_table = org_table(
    # The head a partner was shown last: what they see next must begin with it.
    "head_seen",
    identifier("partner_id"),
    Column("batches", BigInteger, nullable=False),
    Column("head", LargeBinary, nullable=False),
    instant("seen_at"),
    # When the list of batches was first found to begin differently.
    instant("broken_at", nullable=True),
    reference("partner_id", "partner"),
    UniqueConstraint("org_id", "partner_id"),
)

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
