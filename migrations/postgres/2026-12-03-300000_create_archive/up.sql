-- Visits of which the archive may lack something (DOC-03).
CREATE TABLE archive_due (
    org_id TEXT COLLATE "C" NOT NULL,
    visit_id TEXT COLLATE "C" NOT NULL,
    noted_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, visit_id),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id)
);
-- What is there already is looked at once.
INSERT INTO archive_due (org_id, visit_id, noted_at_ms) SELECT org_id, id, 0 FROM visits;

-- What is kept of visits, how long, and by which digest it is known; what changes later is another version.
CREATE TABLE archive_items (
    org_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL CHECK (length(id) = 36),
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('visit', 'signed_form', 'recording')),
    subject TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    visit_id TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" CHECK (length(sha256) = 64),
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
    org_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL CHECK (length(id) = 36),
    visit_id TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    placed_by TEXT COLLATE "C" NOT NULL,
    placed_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id),
    FOREIGN KEY (org_id, placed_by) REFERENCES users (org_id, id)
);
CREATE INDEX legal_holds_by_visit ON legal_holds (org_id, visit_id);
CREATE TABLE legal_hold_ends (
    org_id TEXT COLLATE "C" NOT NULL,
    hold_id TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    lifted_by TEXT COLLATE "C" NOT NULL,
    lifted_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, hold_id),
    FOREIGN KEY (org_id, hold_id) REFERENCES legal_holds (org_id, id),
    FOREIGN KEY (org_id, lifted_by) REFERENCES users (org_id, id)
);
CREATE TRIGGER archive_items_no_update BEFORE UPDATE ON archive_items FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER archive_items_no_delete BEFORE DELETE ON archive_items FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER archive_items_no_truncate BEFORE TRUNCATE ON archive_items FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER legal_holds_no_update BEFORE UPDATE ON legal_holds FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER legal_holds_no_delete BEFORE DELETE ON legal_holds FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER legal_holds_no_truncate BEFORE TRUNCATE ON legal_holds FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER legal_hold_ends_no_update BEFORE UPDATE ON legal_hold_ends FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER legal_hold_ends_no_delete BEFORE DELETE ON legal_hold_ends FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER legal_hold_ends_no_truncate BEFORE TRUNCATE ON legal_hold_ends FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
