-- When somebody does not work, and what was said of it later; both are only added to.
CREATE TABLE absences (
    org_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL CHECK (length(id) = 36),
    user_id TEXT COLLATE "C" NOT NULL,
    -- From this instant, before that one; for good where there is none.
    from_ms BIGINT NOT NULL,
    until_ms BIGINT,
    reason TEXT COLLATE "C" NOT NULL,
    noted_by TEXT COLLATE "C" NOT NULL,
    noted_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id),
    FOREIGN KEY (org_id, noted_by) REFERENCES users (org_id, id)
);
CREATE INDEX absences_by_user ON absences (org_id, user_id, id);

CREATE TABLE absence_ends (
    org_id TEXT COLLATE "C" NOT NULL,
    absence_id TEXT COLLATE "C" NOT NULL,
    -- Before this instant instead of the one first said.
    until_ms BIGINT NOT NULL,
    ended_by TEXT COLLATE "C" NOT NULL,
    ended_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, absence_id),
    FOREIGN KEY (org_id, absence_id) REFERENCES absences (org_id, id),
    FOREIGN KEY (org_id, ended_by) REFERENCES users (org_id, id)
);
