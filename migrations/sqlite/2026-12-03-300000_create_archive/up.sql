-- Visits of which the archive may lack something (DOC-03).
CREATE TABLE archive_due (
    org_id TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    noted_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, visit_id),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id)
);
-- What is there already is looked at once.
INSERT INTO archive_due (org_id, visit_id, noted_at_ms) SELECT org_id, id, 0 FROM visits;

-- What is kept of visits, how long, and by which digest it is known; what changes later is another version.
CREATE TABLE archive_items (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) = 36),
    kind TEXT NOT NULL CHECK (kind IN ('visit', 'signed_form', 'recording')),
    subject TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    visit_id TEXT NOT NULL,
    sha256 TEXT CHECK (length(sha256) = 64),
    ended_at_ms BIGINT NOT NULL,
    stored_at_ms BIGINT NOT NULL,
    keep_until_ms BIGINT NOT NULL,
    policy_version BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, visit_id, kind, subject, version),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id)
);
CREATE INDEX archive_items_by_visit ON archive_items (org_id, visit_id);
CREATE INDEX archive_items_by_end ON archive_items (org_id, keep_until_ms);

-- What of a visit must be kept however old it is, and why.
CREATE TABLE legal_holds (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) = 36),
    visit_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    placed_by TEXT NOT NULL,
    placed_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id),
    FOREIGN KEY (org_id, placed_by) REFERENCES users (org_id, id)
);
CREATE INDEX legal_holds_by_visit ON legal_holds (org_id, visit_id);
CREATE TABLE legal_hold_ends (
    org_id TEXT NOT NULL,
    hold_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    lifted_by TEXT NOT NULL,
    lifted_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, hold_id),
    FOREIGN KEY (org_id, hold_id) REFERENCES legal_holds (org_id, id),
    FOREIGN KEY (org_id, lifted_by) REFERENCES users (org_id, id)
);
CREATE TRIGGER archive_items_no_update BEFORE UPDATE ON archive_items BEGIN
    SELECT RAISE(ABORT, 'immutable: archive_items');
END;
CREATE TRIGGER archive_items_no_delete BEFORE DELETE ON archive_items BEGIN
    SELECT RAISE(ABORT, 'immutable: archive_items');
END;
CREATE TRIGGER legal_holds_no_update BEFORE UPDATE ON legal_holds BEGIN
    SELECT RAISE(ABORT, 'immutable: legal_holds');
END;
CREATE TRIGGER legal_holds_no_delete BEFORE DELETE ON legal_holds BEGIN
    SELECT RAISE(ABORT, 'immutable: legal_holds');
END;
CREATE TRIGGER legal_hold_ends_no_update BEFORE UPDATE ON legal_hold_ends BEGIN
    SELECT RAISE(ABORT, 'immutable: legal_hold_ends');
END;
CREATE TRIGGER legal_hold_ends_no_delete BEFORE DELETE ON legal_hold_ends BEGIN
    SELECT RAISE(ABORT, 'immutable: legal_hold_ends');
END;
