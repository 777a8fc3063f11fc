"""What each tier and suppliers may read, table by table; whoever adds a table decides here, in writing.

``CLOSED`` names every table none of them reads. A test compares both with the database's own catalogue, so a table
or a column that is in neither fails the build. Columns of the lower tiers are open to the higher ones as well.
"""

ORDINARY: dict[str, frozenset[str]] = {
    table: frozenset(columns.split())
    for table, columns in {
        "agreement": "org_id id number partner_id tier valid_from valid_until all_products",
        "agreement_product": "org_id agreement_id product_id",
        "agreement_node": "org_id agreement_id location_id",
        "product": "org_id id sku gtin name_zh name_en category base_unit decimals pack_quanta tracking"
        " shelf_life_days active created_at",
        "product_unit": "org_id id product_id code numerator denominator level valid_from valid_until label_zh"
        " label_en",
        "location": "org_id id kind fed_at level feed_limit_hours stale_policy",
        "lot": "org_id id product_id status expires_on",
        "stock_balance": "org_id product_id location_id node_id lot_id status owner_id on_hand",
        # Never what is committed: the difference would be everybody's orders.
        "stock_summary": "org_id product_id location_id physical usable day good_until",
        "expected_receipt": "org_id product_id location_id quantity received written_off due_on state document",
        "allocation": "org_id product_id location_id partner_id quantity needed_on state document",
        "reservation": "org_id id partner_id document state held_until actor created_at changed_at",
        "reservation_line": "org_id reservation_id product_id location_id pool_id quantity needed_on held_until"
        " state",
        "threshold_question": "org_id agreement day answers",
        "sales_order": "org_id id number partner_id ordered_at needed_on state",
        "sales_order_line": "org_id order_id line_no product_id location_id quantity unit_price",
    }.items()
}
"""Totals only: no name of a node, no code of a lot, no supplier, nobody else's anything."""

KEY: dict[str, frozenset[str]] = {
    **ORDINARY,
    "location": ORDINARY["location"] | {"code", "name_zh", "name_en"},
    "lot": ORDINARY["lot"] | {"code", "made_on"},
    # Passports are public by design; a page links to those of the lots it shows.
    "credential": frozenset(
        {"org_id", "id", "kind", "product_id", "gtin", "lot_code", "body", "digest", "facts_key", "issued_by"}
        | {"issued_at", "valid_until", "replaces_id", "batch_id", "leaf_index", "path", "about", "serial"}
    ),
    "anchor_batch": frozenset(
        {"org_id", "id", "seq", "root", "size", "state", "sealed_at", "placement", "receipt"}
    ),
}

STRATEGIC: dict[str, frozenset[str]] = {
    **KEY,
    "demand_day": frozenset({"org_id", "product_id", "day", "quantity", "order_count"}),
}

SUPPLIER: dict[str, frozenset[str]] = {
    table: frozenset(columns.split())
    for table, columns in {
        "replenishment_order": "org_id id number policy_id product_id location_id supplier_id quantity pack_quanta"
        " needed_on on_hand in_transit confirmed incoming_on demand_in_lead_time lead_time_days projected"
        " min_quanta max_quanta over_max moq_numerator moq_denominator moq_unit moq_quanta state"
        " version answer_by created_at",
        "replenishment_step": "org_id order_id version from_state to_state actor actor_id reason at",
        "shipment": "org_id id number order_id supplier_id product_id location_id lot_code lot_made_on"
        " lot_expires_on quantity received due_on state version departed_at received_at",
        "product": "org_id id sku gtin name_zh name_en base_unit decimals",
        "product_unit": "org_id product_id code numerator denominator level valid_from valid_until label_zh"
        " label_en",
        "location": "org_id id name_zh name_en",
        "partner": "org_id id name_zh name_en",
    }.items()
}
"""The orders that were sent to them, what those name, and no stock but the figures an order gives for itself."""

READABLE = {"ordinary": ORDINARY, "key": KEY, "strategic": STRATEGIC, "supplier": SUPPLIER}

GUARDED = (frozenset(STRATEGIC) - {"anchor_batch"}) | {"pool", "api_bucket"} | frozenset(SUPPLIER)
"""Tables whose rows are guarded by policies; a batch of anchors is nobody's in particular."""

CLOSED = frozenset(
    {
        "org",
        "person",
        "sign_in_try",
        "api_bucket",
        "api_key",
        "stock_move",
        "credential_mark",
        "audit",
        "audit_judgement",
        "audit_finding",
        "paper_requirement",
        "lot_recall",
        "recall_notice",
        "stock_check",
        "serial",
        "pool",
        "audit_entry",
        "document",
        "trace_event",
        "issuer_key",
        "anchor_attempt",
        "chain_pin",
        "anchor_copy",
        "chain_standing",
        "head_seen",
        "anchored_record",
        "status_entry",
        "status_list",
        "replenishment_policy",
        "replenishment_counter",
        "import_session",
        "outbox_message",
        "message_handled",
        "alembic_version",
    }
)
"""Tables only the portal reads."""
