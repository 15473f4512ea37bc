-- What people say of findings: rows are added, the newest counts. Each keeps what was found then, so that thresholds can be
-- fitted to what people say whatever is found later.
CREATE TABLE finding_decisions (
    org_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL CHECK (length(id) = 36),
    visit_id TEXT COLLATE "C" NOT NULL,
    photo_id TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    level BIGINT NOT NULL,
    evidence TEXT COLLATE "C" NOT NULL,
    decision TEXT COLLATE "C" NOT NULL CHECK (decision IN ('confirmed', 'dismissed')),
    comment TEXT COLLATE "C",
    decided_by TEXT COLLATE "C" NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX finding_decisions_by_visit ON finding_decisions (org_id, visit_id, photo_id, code);
CREATE TRIGGER finding_decisions_no_update BEFORE UPDATE ON finding_decisions FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER finding_decisions_no_delete BEFORE DELETE ON finding_decisions FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER finding_decisions_no_truncate BEFORE TRUNCATE ON finding_decisions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
