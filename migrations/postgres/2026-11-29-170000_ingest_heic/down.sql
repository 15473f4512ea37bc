DROP INDEX blobs_outdated;
CREATE INDEX blobs_outdated ON blobs (received_at_ms, org_id, sha256)
    WHERE preview_state = 'ready' AND ingest_version < 1;
