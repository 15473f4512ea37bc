-- From which data this epoch was restored, and how old they were; empty in the first epoch.
ALTER TABLE store_epoch ADD COLUMN previous_id TEXT COLLATE "C";
ALTER TABLE store_epoch ADD COLUMN backup_made_at_ms BIGINT;

-- What a phone spoke of after a restore and the server has not: a visit without plan, a change of another phone, a blob.
CREATE TABLE restore_gaps (
    org_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('visit', 'change', 'blob')),
    visit_id TEXT COLLATE "C" NOT NULL,
    item TEXT COLLATE "C" NOT NULL,
    device_id TEXT COLLATE "C" NOT NULL,
    noted_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, kind, visit_id, item, device_id)
);
