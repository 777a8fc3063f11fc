"""The first release: every table of the portal, and the job queue.

Downgrading below the first release is not offered: it would mean deleting everything.
"""

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables and the job queue's schema."""
    op.execute("SET LOCAL lock_timeout = '300ms'")
    queue = SchemaManager.get_schema().replace("%", "%%")
    op.get_bind().exec_driver_sql(queue)
    op.create_table(
        "anchor_batch",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("placement", postgresql.JSONB(), nullable=True),
        sa.Column("receipt", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint(
            "state IN ('sealed', 'sent', 'mined', 'final')", name=op.f("ck_anchor_batch_state_known")
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_anchor_batch")),
        sa.UniqueConstraint("org_id", "seq", name=op.f("uq_anchor_batch_org_id_seq")),
    )
    op.create_table(
        "chain_pin",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("genesis", sa.Text(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("code_sha256", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("pinned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_chain_pin")),
        sa.UniqueConstraint("org_id", name=op.f("uq_chain_pin_org_id")),
    )
    op.create_table(
        "import_session",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("mapping", postgresql.JSONB(), nullable=False),
        sa.Column("sheet", postgresql.JSONB(), nullable=False),
        sa.Column("result", postgresql.JSONB(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('products', 'partners', 'locations', 'stock', 'orders')",
            name=op.f("ck_import_session_kind_known"),
        ),
        sa.CheckConstraint(
            "state IN ('uploaded', 'checking', 'checked', 'applying', 'applied', 'failed')",
            name=op.f("ck_import_session_state_known"),
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_import_session")),
    )
    op.create_index("ix_import_session_created", "import_session", ["org_id", "created_at"], unique=False)
    op.create_table(
        "issuer_key",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("did", sa.Text(), nullable=False),
        sa.Column("multikey", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_issuer_key")),
        sa.UniqueConstraint("org_id", "did", "multikey", name=op.f("uq_issuer_key_org_id_did_multikey")),
    )
    op.create_table(
        "location",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('own', 'third_party', 'forward', 'shelf', 'in_transit', 'supplier', 'customer', 'scrap', 'adjustment')",
            name=op.f("ck_location_kind_known"),
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_location")),
        sa.UniqueConstraint("org_id", "code", name=op.f("uq_location_org_id_code")),
    )
    op.create_table(
        "message_handled",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("handler", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "message_id", "handler", name=op.f("pk_message_handled")),
    )
    op.create_table(
        "org",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_org")),
    )
    op.create_table(
        "outbox_message",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_outbox_message")),
    )
    op.create_table(
        "partner",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=True),
        sa.Column("gln", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_partner")),
        sa.UniqueConstraint("org_id", "code", name=op.f("uq_partner_org_id_code")),
    )
    op.create_table(
        "product",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("gtin", sa.Text(), nullable=True),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("base_unit", sa.Text(), nullable=False),
        sa.Column("decimals", sa.Integer(), nullable=False),
        sa.Column("pack_quanta", sa.BigInteger(), nullable=False),
        sa.Column("tracking", sa.Text(), nullable=False),
        sa.Column("shelf_life_days", sa.Integer(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("tracking IN ('none', 'lot')", name=op.f("ck_product_tracking_known")),
        sa.CheckConstraint("decimals BETWEEN 0 AND 9", name=op.f("ck_product_decimals_range")),
        sa.CheckConstraint("pack_quanta > 0", name=op.f("ck_product_pack_positive")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_product")),
        sa.UniqueConstraint("org_id", "sku", name=op.f("uq_product_org_id_sku")),
    )
    op.create_index(
        "uq_product_gtin", "product", ["org_id", "gtin"], unique=True, postgresql_where=sa.text("gtin IS NOT NULL")
    )
    op.create_table(
        "replenishment_counter",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "year", name=op.f("pk_replenishment_counter")),
    )
    op.create_table(
        "sign_in_try",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("window_started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.CheckConstraint("tries > 0", name=op.f("ck_sign_in_try_tries_positive")),
        sa.PrimaryKeyConstraint("org_id", "key", name=op.f("pk_sign_in_try")),
    )
    op.create_table(
        "agreement",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("all_products", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("tier IN ('ordinary', 'key', 'strategic')", name=op.f("ck_agreement_tier_known")),
        sa.CheckConstraint("valid_from <= valid_until", name=op.f("ck_agreement_validity")),
        sa.ForeignKeyConstraint(
            ["org_id", "partner_id"], ["partner.org_id", "partner.id"], name=op.f("fk_agreement_org_id_partner_id")
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_agreement")),
        sa.UniqueConstraint("org_id", "number", name=op.f("uq_agreement_org_id_number")),
    )
    op.create_table(
        "allocation",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("needed_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('open', 'shipped', 'released')", name=op.f("ck_allocation_state_known")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_allocation_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["org_id", "location_id"],
            ["location.org_id", "location.id"],
            name=op.f("fk_allocation_org_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "partner_id"],
            ["partner.org_id", "partner.id"],
            name=op.f("fk_allocation_org_id_partner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "product_id"],
            ["product.org_id", "product.id"],
            name=op.f("fk_allocation_org_id_product_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_allocation")),
        sa.UniqueConstraint("org_id", "source_key", name=op.f("uq_allocation_org_id_source_key")),
    )
    op.create_index(
        "ix_allocation_open",
        "allocation",
        ["org_id", "product_id"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "anchor_attempt",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("transaction_hash", sa.Text(), nullable=False),
        sa.Column("max_fee_wei", sa.Text(), nullable=False),
        sa.Column("priority_wei", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "batch_id"],
            ["anchor_batch.org_id", "anchor_batch.id"],
            name=op.f("fk_anchor_attempt_org_id_batch_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_anchor_attempt")),
        sa.UniqueConstraint("org_id", "transaction_hash", name=op.f("uq_anchor_attempt_org_id_transaction_hash")),
    )
    op.create_table(
        "credential",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("gtin", sa.Text(), nullable=False),
        sa.Column("lot_code", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("facts_key", sa.Text(), nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("leaf_index", sa.Integer(), nullable=True),
        sa.Column("path", postgresql.JSONB(), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id", "batch_id"],
            ["anchor_batch.org_id", "anchor_batch.id"],
            name=op.f("fk_credential_org_id_batch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "product_id"],
            ["product.org_id", "product.id"],
            name=op.f("fk_credential_org_id_product_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "replaces_id"],
            ["credential.org_id", "credential.id"],
            name=op.f("fk_credential_org_id_replaces_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_credential")),
        sa.UniqueConstraint("org_id", "digest", name=op.f("uq_credential_org_id_digest")),
        sa.UniqueConstraint("org_id", "facts_key", name=op.f("uq_credential_org_id_facts_key")),
    )
    op.create_index("ix_credential_lot", "credential", ["org_id", "gtin", "lot_code", "issued_at"], unique=False)
    op.create_index(
        "ix_credential_unsealed",
        "credential",
        ["org_id", "issued_at"],
        unique=False,
        postgresql_where=sa.text("batch_id IS NULL"),
    )
    op.create_table(
        "demand_day",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("order_count", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity >= 0 AND order_count >= 0", name=op.f("ck_demand_day_not_negative")),
        sa.ForeignKeyConstraint(
            ["org_id", "product_id"],
            ["product.org_id", "product.id"],
            name=op.f("fk_demand_day_org_id_product_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "product_id", "day", name=op.f("pk_demand_day")),
    )
    op.create_table(
        "document",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("lot_code", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("uploaded_by", sa.Text(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('certificate', 'inspection_report')", name=op.f("ck_document_kind_known")),
        sa.CheckConstraint("octet_length(sha256) = 32", name=op.f("ck_document_sha256_size")),
        sa.ForeignKeyConstraint(
            ["org_id", "partner_id"], ["partner.org_id", "partner.id"], name=op.f("fk_document_org_id_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "product_id"], ["product.org_id", "product.id"], name=op.f("fk_document_org_id_product_id")
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_document")),
        sa.UniqueConstraint(
            "org_id",
            "partner_id",
            "kind",
            "number",
            "sha256",
            name=op.f("uq_document_org_id_partner_id_kind_number_sha256"),
        ),
    )
    op.create_table(
        "expected_receipt",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("lot_code", sa.Text(), nullable=False),
        sa.Column("lot_expires_on", sa.Date(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("written_off", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("supplier", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('confirmed', 'shipped', 'closed')", name=op.f("ck_expected_receipt_state_known")
        ),
        sa.CheckConstraint(
            "quantity > 0 AND received >= 0 AND written_off >= 0",
            name=op.f("ck_expected_receipt_quantities_not_negative"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "location_id"],
            ["location.org_id", "location.id"],
            name=op.f("fk_expected_receipt_org_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "product_id"],
            ["product.org_id", "product.id"],
            name=op.f("fk_expected_receipt_org_id_product_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_expected_receipt")),
        sa.UniqueConstraint("org_id", "source_key", name=op.f("uq_expected_receipt_org_id_source_key")),
    )
    op.create_index(
        "ix_expected_receipt_open",
        "expected_receipt",
        ["org_id", "product_id"],
        unique=False,
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_table(
        "lot",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('available', 'quarantine', 'blocked')", name=op.f("ck_lot_status_known")),
        sa.ForeignKeyConstraint(
            ["org_id", "product_id"], ["product.org_id", "product.id"], name=op.f("fk_lot_org_id_product_id")
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_lot")),
        sa.UniqueConstraint("org_id", "product_id", "code", name=op.f("uq_lot_org_id_product_id_code")),
    )
    op.create_table(
        "person",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("session_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "role IN ('operator', 'customer', 'supplier', 'auditor')", name=op.f("ck_person_role_known")
        ),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_person_email_lower")),
        sa.ForeignKeyConstraint(
            ["org_id", "partner_id"], ["partner.org_id", "partner.id"], name=op.f("fk_person_org_id_partner_id")
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_person")),
        sa.UniqueConstraint("org_id", "email", name=op.f("uq_person_org_id_email")),
    )
    op.create_table(
        "replenishment_policy",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("min_quanta", sa.BigInteger(), nullable=False),
        sa.Column("max_quanta", sa.BigInteger(), nullable=False),
        sa.Column("pack_quanta", sa.BigInteger(), nullable=False),
        sa.Column("lead_time_days", sa.Integer(), nullable=False),
        sa.Column("answer_hours", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("quiet_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "0 <= min_quanta AND min_quanta <= max_quanta", name=op.f("ck_replenishment_policy_min_max")
        ),
        sa.CheckConstraint(
            "pack_quanta > 0 AND lead_time_days >= 0 AND answer_hours > 0",
            name=op.f("ck_replenishment_policy_positive"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "location_id"],
            ["location.org_id", "location.id"],
            name=op.f("fk_replenishment_policy_org_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "product_id"],
            ["product.org_id", "product.id"],
            name=op.f("fk_replenishment_policy_org_id_product_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "supplier_id"],
            ["partner.org_id", "partner.id"],
            name=op.f("fk_replenishment_policy_org_id_supplier_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_replenishment_policy")),
        sa.UniqueConstraint(
            "org_id",
            "product_id",
            "location_id",
            "supplier_id",
            name=op.f("uq_replenishment_policy_org_id_product_id_location_id_supplier_id"),
        ),
    )
    op.create_table(
        "sales_order",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=True),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("needed_on", sa.Date(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'fulfilled', 'cancelled')", name=op.f("ck_sales_order_state_known")),
        sa.ForeignKeyConstraint(
            ["org_id", "partner_id"],
            ["partner.org_id", "partner.id"],
            name=op.f("fk_sales_order_org_id_partner_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_sales_order")),
        sa.UniqueConstraint("org_id", "number", name=op.f("uq_sales_order_org_id_number")),
    )
    op.create_index("ix_sales_order_partner", "sales_order", ["org_id", "partner_id", "ordered_at"], unique=False)
    op.create_table(
        "trace_event",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("lot_code", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "product_id"],
            ["product.org_id", "product.id"],
            name=op.f("fk_trace_event_org_id_product_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_trace_event")),
        sa.UniqueConstraint("org_id", "source_key", name=op.f("uq_trace_event_org_id_source_key")),
    )
    op.create_index("ix_trace_event_lot", "trace_event", ["org_id", "product_id", "lot_code"], unique=False)
    op.create_table(
        "agreement_node",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "agreement_id"],
            ["agreement.org_id", "agreement.id"],
            name=op.f("fk_agreement_node_org_id_agreement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "location_id"],
            ["location.org_id", "location.id"],
            name=op.f("fk_agreement_node_org_id_location_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "agreement_id", "location_id", name=op.f("pk_agreement_node")),
    )
    op.create_table(
        "agreement_product",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "agreement_id"],
            ["agreement.org_id", "agreement.id"],
            name=op.f("fk_agreement_product_org_id_agreement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "product_id"],
            ["product.org_id", "product.id"],
            name=op.f("fk_agreement_product_org_id_product_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "agreement_id", "product_id", name=op.f("pk_agreement_product")),
    )
    op.create_table(
        "replenishment_order",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("pack_quanta", sa.BigInteger(), nullable=False),
        sa.Column("needed_on", sa.Date(), nullable=False),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("in_transit", sa.BigInteger(), nullable=False),
        sa.Column("confirmed", sa.BigInteger(), nullable=False),
        sa.Column("incoming_on", sa.Date(), nullable=True),
        sa.Column("demand_in_lead_time", sa.BigInteger(), nullable=False),
        sa.Column("lead_time_days", sa.Integer(), nullable=False),
        sa.Column("projected", sa.BigInteger(), nullable=False),
        sa.Column("min_quanta", sa.BigInteger(), nullable=False),
        sa.Column("max_quanta", sa.BigInteger(), nullable=False),
        sa.Column("over_max", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('proposed', 'sent', 'accepted', 'rejected', 'expired', 'cancelled', 'shipped', 'received', 'closed')",
            name=op.f("ck_replenishment_order_state_known"),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_replenishment_order_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["org_id", "location_id"],
            ["location.org_id", "location.id"],
            name=op.f("fk_replenishment_order_org_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "policy_id"],
            ["replenishment_policy.org_id", "replenishment_policy.id"],
            name=op.f("fk_replenishment_order_org_id_policy_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "product_id"],
            ["product.org_id", "product.id"],
            name=op.f("fk_replenishment_order_org_id_product_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "supplier_id"],
            ["partner.org_id", "partner.id"],
            name=op.f("fk_replenishment_order_org_id_supplier_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_replenishment_order")),
        sa.UniqueConstraint("org_id", "number", name=op.f("uq_replenishment_order_org_id_number")),
    )
    op.create_index(
        "ix_replenishment_order_supplier", "replenishment_order", ["org_id", "supplier_id", "state"], unique=False
    )
    op.create_index(
        "uq_replenishment_order_open",
        "replenishment_order",
        ["org_id", "product_id", "location_id", "supplier_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('proposed', 'sent')"),
    )
    op.create_table(
        "sales_order_line",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit_price", sa.Numeric(), nullable=True),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_sales_order_line_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["org_id", "location_id"],
            ["location.org_id", "location.id"],
            name=op.f("fk_sales_order_line_org_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "order_id"],
            ["sales_order.org_id", "sales_order.id"],
            name=op.f("fk_sales_order_line_org_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "product_id"],
            ["product.org_id", "product.id"],
            name=op.f("fk_sales_order_line_org_id_product_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "order_id", "line_no", name=op.f("pk_sales_order_line")),
    )
    op.create_index("ix_sales_order_line_product", "sales_order_line", ["org_id", "product_id"], unique=False)
    op.create_table(
        "stock_balance",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("on_hand >= 0", name=op.f("ck_stock_balance_not_negative")),
        sa.ForeignKeyConstraint(
            ["org_id", "location_id"],
            ["location.org_id", "location.id"],
            name=op.f("fk_stock_balance_org_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "lot_id"], ["lot.org_id", "lot.id"], name=op.f("fk_stock_balance_org_id_lot_id")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "product_id"],
            ["product.org_id", "product.id"],
            name=op.f("fk_stock_balance_org_id_product_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "product_id", "location_id", "lot_id", name=op.f("pk_stock_balance")),
    )
    op.create_table(
        "stock_move",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("from_location_id", sa.Uuid(), nullable=False),
        sa.Column("to_location_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.CheckConstraint("from_location_id <> to_location_id", name=op.f("ck_stock_move_places_differ")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_stock_move_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["org_id", "from_location_id"],
            ["location.org_id", "location.id"],
            name=op.f("fk_stock_move_org_id_from_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "lot_id"], ["lot.org_id", "lot.id"], name=op.f("fk_stock_move_org_id_lot_id")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "product_id"],
            ["product.org_id", "product.id"],
            name=op.f("fk_stock_move_org_id_product_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "to_location_id"],
            ["location.org_id", "location.id"],
            name=op.f("fk_stock_move_org_id_to_location_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_stock_move")),
        sa.UniqueConstraint("org_id", "idempotency_key", name=op.f("uq_stock_move_org_id_idempotency_key")),
    )
    op.create_index("ix_stock_move_product_at", "stock_move", ["org_id", "product_id", "at"], unique=False)
    op.create_table(
        "replenishment_step",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "order_id"],
            ["replenishment_order.org_id", "replenishment_order.id"],
            name=op.f("fk_replenishment_step_org_id_order_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "order_id", "version", name=op.f("pk_replenishment_step")),
    )
    op.create_table(
        "shipment",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("lot_code", sa.Text(), nullable=False),
        sa.Column("lot_made_on", sa.Date(), nullable=True),
        sa.Column("lot_expires_on", sa.Date(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("departed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('departed', 'received', 'short', 'over')", name=op.f("ck_shipment_state_known")
        ),
        sa.CheckConstraint("quantity > 0 AND received >= 0", name=op.f("ck_shipment_quantities")),
        sa.ForeignKeyConstraint(
            ["org_id", "location_id"],
            ["location.org_id", "location.id"],
            name=op.f("fk_shipment_org_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "order_id"],
            ["replenishment_order.org_id", "replenishment_order.id"],
            name=op.f("fk_shipment_org_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "product_id"], ["product.org_id", "product.id"], name=op.f("fk_shipment_org_id_product_id")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "supplier_id"],
            ["partner.org_id", "partner.id"],
            name=op.f("fk_shipment_org_id_supplier_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_shipment")),
        sa.UniqueConstraint("org_id", "supplier_id", "number", name=op.f("uq_shipment_org_id_supplier_id_number")),
    )
