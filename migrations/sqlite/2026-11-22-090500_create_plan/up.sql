CREATE TABLE work_orders (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) = 36),
    number TEXT,
    external_ref TEXT,
    number_209 TEXT,
    kind TEXT NOT NULL,
    channel TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    site_id TEXT NOT NULL,
    fields TEXT NOT NULL,
    priority BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, number),
    UNIQUE (org_id, external_ref),
    FOREIGN KEY (org_id, customer_id) REFERENCES customers (org_id, id),
    FOREIGN KEY (org_id, site_id) REFERENCES sites (org_id, id)
);
CREATE INDEX work_orders_by_number_209 ON work_orders (org_id, number_209);
CREATE INDEX work_orders_by_customer ON work_orders (org_id, customer_id);

CREATE TABLE appointments (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) = 36),
    work_order_id TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    start_ms BIGINT NOT NULL,
    end_ms BIGINT,
    proposed_by TEXT NOT NULL,
    state TEXT NOT NULL,
    changes TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, work_order_id) REFERENCES work_orders (org_id, id)
);
CREATE INDEX appointments_by_work_order ON appointments (org_id, work_order_id);

-- The office's side of a visit; `state` and `outcome` are projections of sync_core::visit::state.
CREATE TABLE visits (
    org_id TEXT NOT NULL REFERENCES organisations (id),
    id TEXT NOT NULL CHECK (length(id) = 36),
    number TEXT,
    origin TEXT NOT NULL CHECK (origin IN ('office', 'device')),
    work_order_id TEXT,
    template TEXT NOT NULL,
    template_version BIGINT NOT NULL,
    policy_version BIGINT NOT NULL,
    assignment_epoch BIGINT NOT NULL,
    appointment_id TEXT,
    planned_start_ms BIGINT,
    attempt BIGINT NOT NULL,
    previous_visit_id TEXT,
    priority BIGINT NOT NULL,
    cancelled_at_ms BIGINT,
    cancel_reason TEXT,
    closed_at_ms BIGINT,
    evidence_complete_at_ms BIGINT,
    state TEXT NOT NULL,
    outcome TEXT,
    submitted_at_ms BIGINT,
    missing_blobs BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, number),
    FOREIGN KEY (org_id, work_order_id) REFERENCES work_orders (org_id, id)
);
CREATE INDEX visits_by_day ON visits (org_id, planned_start_ms, id);
CREATE INDEX visits_by_work_order ON visits (org_id, work_order_id);
CREATE INDEX visits_by_state ON visits (org_id, state, submitted_at_ms, id);

CREATE TABLE assignments (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) = 36),
    visit_id TEXT NOT NULL,
    rep_id TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    from_ms BIGINT NOT NULL,
    until_ms BIGINT,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id),
    FOREIGN KEY (org_id, rep_id) REFERENCES users (org_id, id)
);
CREATE INDEX assignments_by_visit ON assignments (org_id, visit_id);
CREATE INDEX assignments_by_rep ON assignments (org_id, rep_id, until_ms);
