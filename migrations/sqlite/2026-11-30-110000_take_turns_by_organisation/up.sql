-- Organisations take turns: whose work is due is found without a walk through the work of one, and the order is within each.
DROP INDEX blobs_pending;
CREATE INDEX blobs_pending ON blobs (org_id, received_at_ms, sha256) WHERE preview_state = 'pending';

DROP INDEX photo_checks_due;
CREATE INDEX photo_checks_due ON photo_checks (org_id, due_at_ms, visit_id);
