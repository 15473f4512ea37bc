-- Orders that the office does not accept, with what it answers to whoever sent them.
CREATE TABLE order_refusals (
    org_id TEXT NOT NULL,
    work_order_id TEXT NOT NULL,
    reason_code TEXT NOT NULL,
    reason TEXT NOT NULL,
    suggestion TEXT NOT NULL,
    refused_by TEXT NOT NULL,
    refused_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, work_order_id),
    FOREIGN KEY (org_id, work_order_id) REFERENCES work_orders (org_id, id),
    FOREIGN KEY (org_id, refused_by) REFERENCES users (org_id, id)
) WITHOUT ROWID;
