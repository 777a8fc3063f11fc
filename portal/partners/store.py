"""Rows of companies, partners, people and agreements."""

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
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY

from portal.platform.db import METADATA, identifier, instant, org_table, reference

company_table = Table(
    "org",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("is_demo", Boolean, nullable=False),
    # Unified Social Credit Code (统一社会信用代码), once somebody gave it.
    Column("uscc", Text),
    instant("created_at"),
)

partner_table = org_table(
    "partner",
    Column("code", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("uscc", Text),
    Column("gln", Text),
    Column("country", Text),
    instant("created_at"),
    UniqueConstraint("org_id", "code"),
)

person_table = org_table(
    "person",
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    identifier("partner_id", nullable=True),
    Column("password_hash", Text, nullable=False),
    Column("language", Text),
    # Packaging level in which the person likes to read quantities; empty for cases.
    Column("read_in", Text),
    Column("active", Boolean, nullable=False),
    # Raised to end every session and token of the person at once.
    Column("session_version", Integer, nullable=False),
    instant("created_at"),
    reference("partner_id", "partner"),
    UniqueConstraint("org_id", "email"),
    CheckConstraint("email = lower(email)", name="email_lower"),
    CheckConstraint("role IN ('operator', 'customer', 'supplier', 'auditor')", name="role_known"),
)

agreement_table = org_table(
    "agreement",
    Column("number", Text, nullable=False),
    identifier("partner_id"),
    Column("tier", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    # Inclusive, by the host's local date.
    Column("valid_until", Date, nullable=False),
    # False: only the products listed in agreement_product.
    Column("all_products", Boolean, nullable=False),
    Column("basis", Text, nullable=False),
    Column("grain", Text, nullable=False),
    # Whole base units: the cap, the rising steps, or the one size of a yes or no.
    Column("steps", ARRAY(BigInteger), nullable=False),
    Column("daily_questions", Integer, nullable=False),
    Column("note", Text, nullable=False),
    instant("ended_at", nullable=True),
    instant("created_at"),
    reference("partner_id", "partner"),
    UniqueConstraint("org_id", "number"),
    CheckConstraint("tier IN ('ordinary', 'key', 'strategic')", name="tier_known"),
    CheckConstraint("valid_from <= valid_until", name="validity"),
    CheckConstraint("basis IN ('unallocated_and_own', 'own_only')", name="basis_known"),
    CheckConstraint("grain IN ('exact', 'cap', 'buckets', 'yes_no')", name="grain_known"),
    CheckConstraint("daily_questions >= 0", name="questions"),
)

agreement_product_table = Table(
    "agreement_product",
    METADATA,
    identifier("org_id"),
    identifier("agreement_id"),
    identifier("product_id"),
    PrimaryKeyConstraint("org_id", "agreement_id", "product_id"),
    reference("agreement_id", "agreement"),
    ForeignKeyConstraint(["org_id", "product_id"], ["product.org_id", "product.id"]),
)

agreement_node_table = Table(
    "agreement_node",
    METADATA,
    identifier("org_id"),
    identifier("agreement_id"),
    identifier("location_id"),
    PrimaryKeyConstraint("org_id", "agreement_id", "location_id"),
    reference("agreement_id", "agreement"),
    ForeignKeyConstraint(["org_id", "location_id"], ["location.org_id", "location.id"]),
)

api_key_table = org_table(
    "api_key",
    identifier("person_id"),
    # The open part of the key's text.
    Column("name", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    # How long it was made for; expires_at may have been moved since.
    Column("days", Integer, nullable=False),
    # SHA-256 of the secret part.
    Column("secret_hash", LargeBinary, nullable=False),
    instant("created_at"),
    # Moved forward when the key is ended or replaced.
    instant("expires_at"),
    instant("last_used_at", nullable=True),
    reference("person_id", "person"),
    UniqueConstraint("org_id", "name"),
    Index("ix_api_key_person", "org_id", "person_id"),
    CheckConstraint("scopes <@ ARRAY['read', 'act'] AND 'read' = ANY (scopes)", name="scopes_known"),
    CheckConstraint("octet_length(secret_hash) = 32", name="hash_length"),
)

# Tries to sign in, counted per e-mail and address, per e-mail, per address; one older than the window is dead.
sign_in_try_table = Table(
    "sign_in_try",
    METADATA,
    identifier("org_id"),
    # SHA-256 of what is counted, so that neither addresses nor mistyped e-mails are kept.
    Column("key", LargeBinary, nullable=False),
    instant("window_started_at"),
    Column("tries", Integer, nullable=False),
    PrimaryKeyConstraint("org_id", "key"),
    CheckConstraint("tries > 0", name="tries_positive"),
)

# What a firm's programs asked for and has not drained yet, in millionths of a point (``portal.partners.bucket``).
api_bucket_table = Table(
    "api_bucket",
    METADATA,
    identifier("org_id"),
    identifier("partner_id"),
    Column("level", BigInteger, nullable=False),
    instant("settled_at"),
    PrimaryKeyConstraint("org_id", "partner_id"),
    reference("partner_id", "partner"),
    CheckConstraint("level >= 0", name="level"),
)
