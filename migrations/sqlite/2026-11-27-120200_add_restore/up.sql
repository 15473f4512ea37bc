-- From which data this epoch was restored, and how old they were; empty in the first epoch.
ALTER TABLE store_epoch ADD COLUMN previous_id TEXT;
ALTER TABLE store_epoch ADD COLUMN backup_made_at_ms BIGINT;

-- What a phone spoke of after a restore and the server has not: a visit without plan, a change of another phone, a blob.
CREATE TABLE restore_gaps (
    org_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('visit', 'change', 'blob')),
    visit_id TEXT NOT NULL,
    item TEXT NOT NULL,
    device_id TEXT NOT NULL,
    noted_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, kind, visit_id, item, device_id)
);
