-- The end of an absence may be said again; what was said last counts.
CREATE TABLE absence_ends_anew (
    org_id TEXT NOT NULL,
    absence_id TEXT NOT NULL,
    -- The how many-th time, from 1.
    seq BIGINT NOT NULL,
    -- Before this instant instead of the one said before.
    until_ms BIGINT NOT NULL,
    ended_by TEXT NOT NULL,
    ended_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, absence_id, seq),
    FOREIGN KEY (org_id, absence_id) REFERENCES absences (org_id, id),
    FOREIGN KEY (org_id, ended_by) REFERENCES users (org_id, id)
);
INSERT INTO absence_ends_anew SELECT org_id, absence_id, 1, until_ms, ended_by, ended_at_ms FROM absence_ends;
DROP TABLE absence_ends;
ALTER TABLE absence_ends_anew RENAME TO absence_ends;
