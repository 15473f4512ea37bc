-- Photos that had no copies because nothing decoded their format (HEIC) were never looked at: their version is 0. They get
-- their ingest as those with copies and without facts do, when nothing is pending.
DROP INDEX blobs_outdated;
CREATE INDEX blobs_outdated ON blobs (received_at_ms, org_id, sha256)
    WHERE preview_state IN ('ready', 'no_preview') AND ingest_version < 1;
