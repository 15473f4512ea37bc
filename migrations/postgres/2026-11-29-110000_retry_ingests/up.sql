-- A picture that took too long or ended the process is tried again by itself, for a while: when, and how often that was
-- planned. Absent where nothing is planned.
ALTER TABLE blobs ADD COLUMN ingest_due_ms BIGINT;
ALTER TABLE blobs ADD COLUMN ingest_retries BIGINT;

CREATE INDEX blobs_due_again ON blobs (ingest_due_ms, org_id, sha256) WHERE ingest_due_ms IS NOT NULL;

-- Those that were given up before.
UPDATE blobs SET ingest_due_ms = 0, ingest_retries = 1, ingest_attempts = 1
    WHERE preview_reason IN ('too_slow', 'crashed') AND preview_state IN ('ready', 'no_preview');
