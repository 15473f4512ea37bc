DROP INDEX photo_checks_due;
CREATE INDEX photo_checks_due ON photo_checks (due_at_ms, org_id, visit_id);

DROP INDEX blobs_pending;
CREATE INDEX blobs_pending ON blobs (received_at_ms, org_id, sha256) WHERE preview_state = 'pending';
