-- One-time links to the page on which a customer confirms the time of a visit or asks for another (APT-02).
CREATE TABLE customer_links (
    org_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL CHECK (length(id) = 36),
    visit_id TEXT COLLATE "C" NOT NULL,
    -- Only the hash: who reads the database opens no page.
    token_sha256 TEXT COLLATE "C" NOT NULL,
    -- The time that it asks about; the link ends when the visit has another.
    planned_start_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    revoked_at_ms BIGINT,
    answer TEXT COLLATE "C" CHECK (answer IN ('confirmed', 'proposed')),
    answered_at_ms BIGINT,
    proposed_start_ms BIGINT,
    words TEXT COLLATE "C",
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, token_sha256),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id),
    FOREIGN KEY (org_id, created_by) REFERENCES users (org_id, id)
);
CREATE INDEX customer_links_by_visit ON customer_links (org_id, visit_id, id);
