-- What is due when, and whether it was kept (rulebook 22): projected from documents, plan and policy. A row stays as it was
-- judged last.
CREATE TABLE deadlines (
    org_id TEXT NOT NULL,
    -- The order or the visit that it is about.
    subject TEXT NOT NULL CHECK (length(subject) = 36),
    code TEXT NOT NULL,
    item BIGINT NOT NULL,
    visit_id TEXT,
    work_order_id TEXT,
    trigger_ms BIGINT NOT NULL,
    due_ms BIGINT NOT NULL,
    happened_ms BIGINT,
    state TEXT NOT NULL CHECK (state IN ('open', 'met', 'missed', 'undetermined', 'void')),
    -- Under which version of the policy, and when that was judged first.
    policy_version BIGINT NOT NULL,
    judged_ms BIGINT NOT NULL,
    -- When somebody has to be told unless it is kept by then; absent once nobody has to be.
    watch_ms BIGINT,
    -- When somebody was told.
    told_ms BIGINT,
    PRIMARY KEY (org_id, subject, code, item),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id),
    FOREIGN KEY (org_id, work_order_id) REFERENCES work_orders (org_id, id)
);
CREATE INDEX deadlines_by_state ON deadlines (org_id, state, due_ms, subject, code, item);
CREATE INDEX deadlines_watched ON deadlines (org_id, watch_ms);
CREATE INDEX deadlines_by_code ON deadlines (org_id, code, due_ms);

-- How deadlines were judged before, for figures as of an earlier instant; only added to.
CREATE TABLE deadline_history (
    org_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    code TEXT NOT NULL,
    item BIGINT NOT NULL,
    -- From when on it was judged so, and until when.
    judged_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    visit_id TEXT,
    work_order_id TEXT,
    trigger_ms BIGINT NOT NULL,
    due_ms BIGINT NOT NULL,
    happened_ms BIGINT,
    state TEXT NOT NULL,
    policy_version BIGINT NOT NULL,
    PRIMARY KEY (org_id, subject, code, item, judged_ms),
    FOREIGN KEY (org_id, subject, code, item) REFERENCES deadlines (org_id, subject, code, item)
);
CREATE INDEX deadline_history_by_code ON deadline_history (org_id, code, due_ms);

-- What somebody of the office has to see to.
CREATE TABLE tasks (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) = 36),
    kind TEXT NOT NULL,
    -- What it came from, once each.
    source TEXT NOT NULL,
    visit_id TEXT,
    work_order_id TEXT,
    -- Who is asked, and after each escalation who is then.
    role TEXT NOT NULL,
    owner_id TEXT,
    due_ms BIGINT,
    level BIGINT NOT NULL,
    -- When the next one is asked unless it is done by then.
    escalate_ms BIGINT,
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'settled')),
    -- Why it was opened, where a person did.
    reason TEXT,
    note TEXT,
    created_at_ms BIGINT NOT NULL,
    closed_at_ms BIGINT,
    closed_by TEXT,
    version BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id),
    FOREIGN KEY (org_id, work_order_id) REFERENCES work_orders (org_id, id)
);
CREATE UNIQUE INDEX tasks_by_source ON tasks (org_id, source);
CREATE INDEX tasks_by_state ON tasks (org_id, state, id);
CREATE INDEX tasks_escalating ON tasks (org_id, escalate_ms);
