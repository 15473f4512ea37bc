-- Outages of a whole area.
CREATE TABLE outages (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) = 36),
    title TEXT NOT NULL,
    grid_id TEXT NOT NULL,
    expected_end_ms BIGINT,
    opened_by TEXT NOT NULL,
    opened_at_ms BIGINT NOT NULL,
    ended_by TEXT,
    ended_at_ms BIGINT,
    cause TEXT,
    version BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, grid_id) REFERENCES grids (org_id, id),
    FOREIGN KEY (org_id, opened_by) REFERENCES users (org_id, id),
    FOREIGN KEY (org_id, ended_by) REFERENCES users (org_id, id)
);
CREATE INDEX outages_by_grid ON outages (org_id, grid_id, ended_at_ms);

-- When nobody worked on an order, and why; of the holds of an order at most one has no end.
CREATE TABLE order_holds (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) = 36),
    work_order_id TEXT NOT NULL,
    -- The outage that it is part of.
    outage_id TEXT,
    reason TEXT NOT NULL,
    -- When it will probably go on.
    until_ms BIGINT,
    held_by TEXT NOT NULL,
    held_at_ms BIGINT NOT NULL,
    resumed_by TEXT,
    resumed_at_ms BIGINT,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, work_order_id) REFERENCES work_orders (org_id, id),
    FOREIGN KEY (org_id, outage_id) REFERENCES outages (org_id, id),
    FOREIGN KEY (org_id, held_by) REFERENCES users (org_id, id),
    FOREIGN KEY (org_id, resumed_by) REFERENCES users (org_id, id)
);
CREATE INDEX order_holds_by_order ON order_holds (org_id, work_order_id, resumed_at_ms);
CREATE INDEX order_holds_by_outage ON order_holds (org_id, outage_id, resumed_at_ms);
