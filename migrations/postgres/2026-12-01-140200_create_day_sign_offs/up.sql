-- The team lead's word that a team's day is over, with what it covered. A later one takes its place, and both stay.
CREATE TABLE day_sign_offs (
    org_id TEXT COLLATE "C" NOT NULL,
    team_id TEXT COLLATE "C" NOT NULL,
    day TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    signed_by TEXT COLLATE "C" NOT NULL,
    signed_at_ms BIGINT NOT NULL,
    -- Plain JSON: each visit with its state and the heads of its document.
    covered TEXT COLLATE "C" NOT NULL,
    covered_sha256 TEXT COLLATE "C" NOT NULL,
    -- JSON: whose day was open, and why.
    open TEXT COLLATE "C" NOT NULL,
    -- Why it was signed nevertheless.
    despite TEXT COLLATE "C",
    PRIMARY KEY (org_id, team_id, day, number),
    FOREIGN KEY (org_id, team_id) REFERENCES teams (org_id, id),
    FOREIGN KEY (org_id, signed_by) REFERENCES users (org_id, id)
);

CREATE TRIGGER day_sign_offs_no_update BEFORE UPDATE ON day_sign_offs FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER day_sign_offs_no_delete BEFORE DELETE ON day_sign_offs FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER day_sign_offs_no_truncate BEFORE TRUNCATE ON day_sign_offs FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
