-- Whether a customer agreed to messages; each change is a row, the newest counts (rulebook 1.2, `consent_sms`).
CREATE TABLE customer_consents (
    org_id TEXT COLLATE "C" NOT NULL,
    customer_id TEXT COLLATE "C" NOT NULL,
    -- 1 for the first.
    seq BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    consent_sms BOOLEAN NOT NULL,
    recorded_by TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, customer_id, seq),
    FOREIGN KEY (org_id, customer_id) REFERENCES customers (org_id, id),
    FOREIGN KEY (org_id, recorded_by) REFERENCES users (org_id, id)
);

CREATE TRIGGER customer_consents_no_update BEFORE UPDATE ON customer_consents FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER customer_consents_no_delete BEFORE DELETE ON customer_consents FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER customer_consents_no_truncate BEFORE TRUNCATE ON customer_consents FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Messages to customers (NOT-05).
CREATE TABLE notices (
    org_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL CHECK (length(id) = 36),
    visit_id TEXT COLLATE "C" NOT NULL,
    customer_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    channel TEXT COLLATE "C" NOT NULL,
    language TEXT COLLATE "C" NOT NULL,
    text_version BIGINT NOT NULL,
    -- Absent where it lacks values.
    text TEXT COLLATE "C",
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('queued', 'sent', 'failed', 'suppressed')),
    -- Why it was suppressed, or failed.
    reason TEXT COLLATE "C",
    -- When it may be sent: not in the quiet hours.
    not_before_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    settled_at_ms BIGINT,
    version BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id),
    FOREIGN KEY (org_id, customer_id) REFERENCES customers (org_id, id)
);
CREATE INDEX notices_by_visit ON notices (org_id, visit_id, state);
CREATE INDEX notices_by_state ON notices (org_id, state, not_before_ms, id);
