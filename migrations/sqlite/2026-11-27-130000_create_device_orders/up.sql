-- Signed orders to phones and what the phones answered (design section 9).
CREATE TABLE device_orders (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) = 36),
    device_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('wipe')),
    wipe_now BOOLEAN NOT NULL,
    jws TEXT NOT NULL,
    ordered_at_ms BIGINT NOT NULL,
    ordered_by TEXT NOT NULL,
    sent_at_ms BIGINT,
    withdrawn_at_ms BIGINT,
    receipt TEXT,
    done_at_ms BIGINT,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, device_id) REFERENCES devices (org_id, id)
);
CREATE INDEX device_orders_by_device ON device_orders (org_id, device_id);

-- The order a phone has not answered yet; read with the device in every sync, so orders cost no query of their own.
ALTER TABLE devices ADD COLUMN order_id TEXT;

-- Visits of which the phone last said that something is unsent: JSON array of ids, absent where it did not say.
ALTER TABLE devices ADD COLUMN unsent_visits TEXT;
CREATE INDEX doc_actors_by_device ON doc_actors (org_id, device_id);

-- What phones brought while they were suspended: accepted, and marked.
CREATE TABLE device_marks (
    org_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('doc', 'intent', 'statement', 'blob')),
    item TEXT NOT NULL,
    code TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, device_id, kind, item),
    FOREIGN KEY (org_id, device_id) REFERENCES devices (org_id, id)
);
