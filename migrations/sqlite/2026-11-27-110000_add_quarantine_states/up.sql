-- What became of refused bytes; the bytes themselves never change and never leave.
ALTER TABLE quarantine ADD COLUMN state TEXT NOT NULL DEFAULT 'open'
    CHECK (state IN ('open', 'redriven', 'replayed', 'salvaged', 'dismissed'));
ALTER TABLE quarantine ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE quarantine ADD COLUMN settled_at_ms BIGINT;
ALTER TABLE quarantine ADD COLUMN settled_by TEXT;
ALTER TABLE quarantine ADD COLUMN remark TEXT;
CREATE INDEX quarantine_by_time ON quarantine (org_id, received_at_ms, id, device_id);
CREATE INDEX quarantine_by_visit ON quarantine (org_id, visit_id);
