CREATE TABLE absence_ends_anew (
    org_id TEXT NOT NULL,
    absence_id TEXT NOT NULL,
    -- Before this instant instead of the one first said.
    until_ms BIGINT NOT NULL,
    ended_by TEXT NOT NULL,
    ended_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, absence_id),
    FOREIGN KEY (org_id, absence_id) REFERENCES absences (org_id, id),
    FOREIGN KEY (org_id, ended_by) REFERENCES users (org_id, id)
);
INSERT INTO absence_ends_anew SELECT org_id, absence_id, until_ms, ended_by, ended_at_ms FROM absence_ends AS said
    WHERE seq = (SELECT MAX(seq) FROM absence_ends
        WHERE org_id = said.org_id AND absence_id = said.absence_id);
DROP TABLE absence_ends;
ALTER TABLE absence_ends_anew RENAME TO absence_ends;
